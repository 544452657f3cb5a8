"""Application periods as the portals write them. Pure.

Only what is a period and nothing else becomes dates; prose ("예산 소진시까지", "접수기관 별 상이") stays prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_DATE = r"(\d{4})(?:\s*[.\-/년]\s*(\d{1,2})\s*[.\-/월]\s*(\d{1,2})\s*[.일]?|(\d{2})(\d{2}))"
_PERIOD = re.compile(rf"\s*(?:{_DATE})?\s*[~∼～〜]\s*(?:{_DATE})?\s*")


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, both inclusive; None where it is open or not stated as a date."""

    start: date | None = None
    end: date | None = None


class ImpossibleDate(ValueError):
    """A period with a day that the calendar does not have."""


def parse(text: str | None) -> Period:
    """The period that `text` states: `2026-01-02 ~ 2026-03-04` and the same with dots, slashes, 년월일 or no separators, open at one end too.

    Raises `ImpossibleDate` where the form is a period's and the day does not exist; prose gives an empty period.
    """
    match = _PERIOD.fullmatch(" ".join((text or "").split()))  # a field filled up with spaces would take a minute
    if match is None:
        return Period()
    groups = match.groups()
    return Period(_day(groups[:5]), _day(groups[5:]))


def _day(groups: tuple[str | None, ...]) -> date | None:
    year, month, day, compact_month, compact_day = groups
    if year is None:
        return None
    try:
        return date(int(year), int(month or compact_month or 0), int(day or compact_day or 0))
    except ValueError as error:
        raise ImpossibleDate(f"{year}-{month or compact_month}-{day or compact_day} is no day of the calendar") from error
