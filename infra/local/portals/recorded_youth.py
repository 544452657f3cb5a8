"""Recorded policies of 온통청년: a true answer of the list, `raw_samples/youthcenter_getPlcy_*.json`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from infra.local.portals.shelf import Row


class RecordedYouth:
    """What the folder holds; nothing where it is not there."""

    def __init__(self, folder: Path) -> None:
        self._answers = sorted((folder / "raw_samples").glob("youthcenter_getPlcy_*.json"))

    @property
    def first_day(self) -> date | None:
        """The day of the newest policy."""
        return max((date.fromisoformat(row["frstRegDt"][:10]) for row in self._rows()), default=None)

    def rows(self, _day: date) -> list[Row]:
        """The same on every day."""
        return self._rows()

    def _rows(self) -> list[Row]:
        return [row for path in self._answers for row in json.loads(path.read_bytes())["result"]["youthPolicyList"]]
