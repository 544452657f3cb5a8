"""What one simulated portal has on offer, and how it misbehaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Row = dict[str, Any]


@dataclass(slots=True)
class Fault:
    """What a portal answers instead of data."""

    kind: str
    """A key of `infra.local.portals.faults.FORMS`, or one of `infra.local.portals.twists.TWISTS`."""
    times: int | None = None
    """How many answers; None: until it is taken back."""
    from_page: int = 1
    """Pages before this one are answered as usual."""


@dataclass(slots=True)
class Limits:
    """What a portal allows."""

    per_day: int | None = None
    per_second: int | None = None
    largest_page: int = 1000
    latency_seconds: float = 0.0


@dataclass(slots=True)
class Shelf:
    """One portal's records, in the portal's order. An identifier may stand in several rows, as recorded ones do."""

    source: str
    id_field: str
    views_field: str
    api_key: str
    rows: list[Row]
    limits: Limits = field(default_factory=Limits)
    days: Callable[[date], list[Row]] | None = None
    """The rows as they were at the end of a day; None for generated records."""
    make: Callable[[int], Row] | None = None
    """The n-th generated record; None for recorded ones."""
    made: int = 0
    """How many records were generated so far: a removed one's identifier is not given again."""
    fault: Fault | None = None
    requests: int = 0
    """Answered with data or an error, since the start."""
    _moments: list[float] = field(default_factory=list)

    def turn_to(self, day: date) -> int:
        """Show the rows of `day`; returns how many. Raises ValueError where the records are not recorded by day."""
        if self.days is None:
            raise ValueError(f"{self.source} serves generated records, which have no days: start the simulator with --data")
        self.rows = self.days(day)
        return len(self.rows)

    def add(self, row: Row | None = None) -> str:
        """Put a row at the front, as portals do with new ones; a generated one where none is given. Returns its identifier."""
        if row is None:
            if self.make is None:
                raise ValueError(f"{self.source} serves recorded records: give the record to add")
            self.made += 1
            row = self.make(self.made)
        self.rows.insert(0, row)
        return str(row.get(self.id_field, ""))

    def change(self, source_id: str | None, fields: Row) -> str:
        """Set fields of a record (the first one where no identifier is given). Raises KeyError where there is none. Returns its identifier."""
        row = self._find(source_id)
        row.update(fields)
        return str(row[self.id_field])

    def remove(self, source_id: str | None) -> str:
        """Take a record away (the first one where no identifier is given). Raises KeyError where there is none. Returns its identifier."""
        row = self._find(source_id)
        self.rows = [each for each in self.rows if each is not row]
        return str(row[self.id_field])

    def view(self, rows: Iterable[Row]) -> list[Row]:
        """Rows as served: whoever reads them is counted as a viewer."""
        served = list(rows)
        for row in served:
            if isinstance(row.get(self.views_field), int):
                row[self.views_field] += 1
        return served

    def exceeded(self) -> str | None:
        """Count one request; the kind of fault where it breaks a limit."""
        self.requests += 1
        now = time.monotonic()
        self._moments = [moment for moment in self._moments if now - moment < 1.0] + [now]
        if self.limits.per_day is not None and self.requests > self.limits.per_day:
            return "quota"
        return "rate" if self.limits.per_second is not None and len(self._moments) > self.limits.per_second else None

    def due_fault(self, page: int) -> str | None:
        """The kind of fault that this answer is to be, counted down."""
        fault = self.fault
        if fault is None or page < fault.from_page:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.fault = None
        return fault.kind

    def _find(self, source_id: str | None) -> Row:
        found = next((row for row in self.rows if source_id is None or str(row.get(self.id_field)) == source_id), None)
        if found is None:
            raise KeyError(f"{self.source} has no record {source_id!r}")
        return found
