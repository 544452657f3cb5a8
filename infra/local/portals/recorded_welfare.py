"""Recorded programmes of 복지로, as its lists would show them.

The folder is laid out as `bokjiro/rebuilt_<day>T<time>.jsonl.gz`, snapshots of both lists; what was merged there is told apart again.
"""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

from infra.local.portals.shelf import Row

_MERGED = "_tags(lifeArray+trgterIndvdlArray merged)"
_LOCAL = "wlfareInfoReldBztpCd=02"


class RecordedWelfare:
    """What the folder holds; nothing where it is not there."""

    def __init__(self, folder: Path) -> None:
        self._snapshots = sorted((folder / "bokjiro").glob("rebuilt_*.jsonl.gz"))

    @property
    def first_day(self) -> date | None:
        """The first recorded day."""
        return _day(self._snapshots[0]) if self._snapshots else None

    def central(self, day: date) -> list[Row]:
        """The ministries' programmes as in the last snapshot of `day`, or before."""
        return [_central(row) for row in self._rows(day) if _LOCAL not in row["servDtlLink"]]

    def local(self, day: date) -> list[Row]:
        """Those of the local governments."""
        return [_local(row) for row in self._rows(day) if _LOCAL in row["servDtlLink"]]

    def _rows(self, day: date) -> list[dict[str, Any]]:
        path = next((path for path in reversed(self._snapshots) if _day(path) <= day), None)
        if path is None:
            raise ValueError(f"bokjiro is recorded from {self.first_day} on")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def _central(row: dict[str, Any]) -> Row:
    return {**_plain(row), "lifeArray": row[_MERGED]}


def _local(row: dict[str, Any]) -> Row:
    province, _, municipality = row["_region"].partition(" ")
    return {**_plain(row), "lifeNmArray": row[_MERGED], "ctpvNm": province, "sggNm": municipality}


def _plain(row: dict[str, Any]) -> Row:
    """What a list's row can hold: texts, with the ampersand of the link escaped once too often."""
    kept = {name: value for name, value in row.items() if not name.startswith("_") and not isinstance(value, list)}
    return {**kept, "servDtlLink": row["servDtlLink"].replace("&", "&amp;")}


def _day(path: Path) -> date:
    return date.fromisoformat(path.name.removeprefix("rebuilt_")[:10])
