"""A moment on the command line: ISO 8601, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from aegis.korea import KOREA

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(?:\d{1,6}[smhdw])+")
_PART = re.compile(r"(\d+)([smhdw])")


class Moment(click.ParamType):
    """`2026-11-21T06:00:00+09:00`, `2026-11-21` (in Seoul where no zone is given), or `2h`, `1d12h` ago; gives a datetime with zone."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = value.strip()
        if _AGO.fullmatch(text):
            return datetime.now(UTC) - sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is no time: write ISO 8601 (2026-11-21T06:00:00+09:00) or how long ago (30s, 15m, 2h, 1d12h, 1w)", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=KOREA)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "TIME"


MOMENT = Moment()
