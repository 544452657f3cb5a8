"""What the cold path last did: when all stores were last found equal, what runs now, and which apps it has paused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aegis.cli.observing.postgres import Reader, block, one

LATE = timedelta(hours=26)
"""A nightly run and two hours: it should have come to an end by then."""
MISSING = timedelta(hours=50)
"""Two nights without a clean end: a reconciler that silently stopped must be visible."""


class Freshness(StrEnum):
    """How sure one can be that all stores are equal."""

    FRESH = "fresh"
    LATE = "late"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Ended:
    """A comparison that has ended."""

    run_id: str
    state: str
    verdict: str | None
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A run in progress. `alive` False: its process died, and the next run will mark it abandoned."""

    run_id: str
    kind: str
    phase: str
    actor: str
    started_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class Paused:
    """A stream app that shall stay out of its consumer group until its lease ends."""

    app: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ColdPath:
    """The cold path as PostgreSQL's `ops` tables have it; all times are PostgreSQL's."""

    now: datetime
    clean_at: datetime | None
    """When the last complete run ended clean, after repairs or without; None: never."""
    first_data_at: datetime | None
    """Where there never was one: when the first row was stored; None: there is none."""
    last: Ended | None = None
    running: tuple[UnderWay, ...] = ()
    paused: tuple[Paused, ...] = ()

    @property
    def unproven_for(self) -> timedelta | None:
        """Since the last clean complete run, or since the first data where there never was one; None: there is nothing to compare."""
        since = self.clean_at or self.first_data_at
        return None if since is None else self.now - since

    @property
    def freshness(self) -> Freshness:
        """What the age means."""
        age = self.unproven_for
        if age is None or age <= LATE:
            return Freshness.FRESH
        return Freshness.LATE if age <= MISSING else Freshness.MISSING

    @property
    def said(self) -> str:
        """The age in words."""
        age = self.unproven_for
        if age is None:
            return "nothing to compare yet"
        hours = age / timedelta(hours=1)
        return f"all stores were last found equal {hours:.1f} h ago" if self.clean_at else f"never compared clean; the first row came {hours:.1f} h ago"


def observe_cold_path(reader: Reader) -> ColdPath:
    """The last run, the runs in progress and the pauses."""
    found, last = one(reader, "cold_path"), one(reader, "last_comparison")
    assert found is not None
    return ColdPath(
        **found,
        last=None if last is None else Ended(**last),
        running=tuple(UnderWay(**row) for row in reader.execute(block("runs_under_way"))),
        paused=observe_paused(reader),
    )


def observe_paused(reader: Reader) -> tuple[Paused, ...]:
    """The leases that have not ended."""
    return tuple(Paused(**row) for row in reader.execute(block("paused_apps")))
