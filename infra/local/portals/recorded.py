"""Recorded records of the portals.

The folder is laid out as `bizinfo/<time>.json.gz` (snapshots), `gov24/<date>.jsonl.gz` (full lists) and `gov24/changes_until_<date>.jsonl.gz`.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from infra.local.portals.gov24 import GOV24_ID
from infra.local.portals.recorded_welfare import RecordedWelfare
from infra.local.portals.recorded_youth import RecordedYouth
from infra.local.portals.shelf import Row

__all__ = ["GOV24_ID", "RecordedDays", "Recordings", "recorded_days"]


@dataclass(frozen=True, slots=True)
class RecordedDays:
    """One portal's records by day."""

    first: date
    rows: Callable[[date], list[Row]]


def recorded_days(folder: Path) -> dict[str, RecordedDays]:
    """Source → its recorded days, for those that the folder has. Raises FileNotFoundError where 기업마당 or 보조금24 is missing."""
    known, welfare, youth = Recordings(folder), RecordedWelfare(folder), RecordedYouth(folder)
    found = {source: RecordedDays(day, getattr(known, source)) for source, day in known.first_days.items()}
    if welfare.first_day:
        found |= {"bokjiro_central": RecordedDays(welfare.first_day, welfare.central), "bokjiro_local": RecordedDays(welfare.first_day, welfare.local)}
    return found | ({"youthcenter": RecordedDays(youth.first_day, youth.rows)} if youth.first_day else {})


class Recordings:
    """What the folder holds. Raises FileNotFoundError naming what is missing."""

    def __init__(self, folder: Path) -> None:
        self._snapshots = sorted(_some(folder / "bizinfo", "*.json.gz"))
        weekly = sorted(path for path in _some(folder / "gov24", "*.jsonl.gz") if path.name[:1].isdigit())
        changes = sorted(_some(folder / "gov24", "changes_until_*.jsonl.gz"))
        self._first_day = date.fromisoformat(weekly[0].name[:10])
        self._first_list: list[Row] = _lines(weekly[0])
        self._changes: list[dict[str, Any]] = _lines(changes[-1])

    @property
    def first_days(self) -> dict[str, date]:
        """The first recorded day of each portal."""
        return {"gov24": self._first_day, "bizinfo": _day(self._snapshots[0])}

    def gov24(self, day: date) -> list[Row]:
        """보조금24 as it was at the end of `day`: the first full list and every change until then."""
        if day < self._first_day:
            raise ValueError(f"gov24 is recorded from {self._first_day} on")
        rows = copy.deepcopy(self._first_list)
        for change in self._changes:
            if self._first_day < date.fromisoformat(change["date"]) <= day:
                rows = _changed(rows, change)
        return rows

    def bizinfo(self, day: date) -> list[Row]:
        """기업마당 as in the last snapshot until the end of `day`."""
        path = next((path for path in reversed(self._snapshots) if _day(path) <= day), None)
        if path is None:
            raise ValueError(f"bizinfo is recorded from {_day(self._snapshots[0])} on")
        rows: list[Row] = json.loads(gzip.decompress(path.read_bytes()))["jsonArray"]
        return rows


def _changed(rows: list[Row], change: dict[str, Any]) -> list[Row]:
    if change["op"] == "delete":
        return [row for row in rows if row[GOV24_ID] != change["id"]]
    new = copy.deepcopy(change["row"])
    if change["op"] == "insert":
        return [*rows, new]
    return [new if row[GOV24_ID] == change["id"] else row for row in rows]


def _some(folder: Path, pattern: str) -> list[Path]:
    found = list(folder.glob(pattern))
    if not found:
        raise FileNotFoundError(f"no {pattern} in {folder}: give --data the folder of recorded records, or leave it out for generated ones")
    return found


def _lines(path: Path) -> list[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _day(path: Path) -> date:
    return date.fromisoformat(path.name[:10])
