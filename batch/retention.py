"""How long history is kept, and its removal: judgements that newer ones have replaced, answers of language models, dead letters of services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import psycopg

from aegis.queries import queries
from batch.progress import Progress, Silent
from batch.runs import Verdict, enter, open_run

AT_ONCE = 10_000
"""Rows in one transaction."""
LOCK = "retention"


class History(StrEnum):
    """What is kept for so many days."""

    JUDGEMENTS = "judgements"
    """Days since they were made. The newest one of each policy stays."""
    CLEANED_TEXTS = "cleaned_texts"
    """Days since a run last needed the answer."""
    DEAD_DELIVERIES = "dead_deliveries"
    """Days since they were given up."""


@dataclass(slots=True)
class Removal:
    """What became of one kind of history."""

    days: int
    expired: int = 0
    """Rows that may go."""
    purged: int = 0
    """Rows that are gone."""

    def document(self) -> dict[str, int]:
        """As JSON values."""
        return {"older_than_days": self.days, "expired": self.expired, "purged": self.purged}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What came of a run."""

    run_id: str
    removals: Mapping[History, Removal]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"run_id": self.run_id, **_by_name(self.removals)}


@dataclass(slots=True)
class _Work:
    connection: psycopg.Connection[dict[str, Any]]
    now: datetime
    progress: Progress
    dry_run: bool
    removals: dict[History, Removal] = field(default_factory=dict)

    def deal_with(self, history: History, days: int) -> None:
        removal = self.removals[history] = Removal(days)
        before = self.now - timedelta(days=days)
        if self.dry_run:
            row = self.connection.execute(queries("retention")[f"count_{history.value}"], {"before": before}).fetchone()
            removal.expired = row["expired"] if row else 0
            return
        for removed in _judgements(self.connection, before) if history is History.JUDGEMENTS else _rows(self.connection, history, before):
            removal.expired += removed
            removal.purged += removed
            self.progress.step(history.value, removal.purged, removal.purged)


def forget(dsn: str, kept: Mapping[History, int], progress: Progress | None = None, *, dry_run: bool = False, wait_seconds: float = 0.0) -> Forgotten:
    """Remove what is older than `kept` says: kind → days; 0: for ever. Recorded in `ops.runs`. `wait_seconds`: for another such run to end.

    Raises `RunInProgress` and psycopg.Error. What was removed by then is, and a next run goes on.
    """
    told = progress or Silent()
    options = {"kept_days": {history.value: days for history, days in kept.items()}, "dry_run": dry_run}
    with open_run(dsn, "retention", options, lock=LOCK, wait_seconds=wait_seconds) as run:
        work = _Work(run.connection, datetime.now(UTC), told, dry_run)
        try:
            for history, days in kept.items():
                if days:
                    enter(run, told, history.value)
                    work.deal_with(history, days)
            run.verdict = Verdict.CLEAN
        finally:
            run.summary = _by_name(work.removals)
        return Forgotten(run.run_id, work.removals)


def _judgements(connection: psycopg.Connection[dict[str, Any]], before: datetime) -> Iterator[int]:
    """Removes a page each time. Rows removed."""
    after = 0
    while (row := connection.execute(queries("retention")["judgements"], {"before": before, "after": after, "most": AT_ONCE}).fetchone()) is not None:
        after = row["last"]
        yield row["removed"]


def _rows(connection: psycopg.Connection[dict[str, Any]], history: History, before: datetime) -> Iterator[int]:
    """Removes `AT_ONCE` rows each time. Rows removed."""
    removed = AT_ONCE
    while removed == AT_ONCE:
        removed = connection.execute(queries("retention")[history.value], {"before": before, "most": AT_ONCE}).rowcount
        yield removed


def _by_name(removals: Mapping[History, Removal]) -> dict[str, dict[str, int]]:
    return {history.value: removal.document() for history, removal in removals.items()}
