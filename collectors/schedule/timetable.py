"""The times at which sources are due, kept in PostgreSQL: a restart forgets none, and makes up once for what passed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

from aegis.errors import Code
from aegis.queries import queries
from collectors.schedule.rhythm import Due, Ran, next_run

MOST_RUNS = 64
"""Of a source's history that are looked at: enough for every doubling within the limits."""


@dataclass(slots=True)
class Timetable:
    """When each of `kinds` (source → kind) is due. Each call is one or two round trips in a session of its own; raises psycopg's errors."""

    dsn: str
    kinds: Mapping[str, str]
    limits: Mapping[str, int] = field(default_factory=dict)
    """Source → how often it may be asked a day, where somebody said so (`COLLECT_DAILY_LIMITS`)."""

    def dues(self, now: datetime) -> dict[str, Due]:
        """Source → when it is due: as it was decided last, or for a source that was never decided about, by its runs."""
        with psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
            rows = connection.execute(queries("schedules")["known"], {"sources": list(self.kinds)}).fetchall()
            known = {row["source"]: Due(row["next_run_at"], timedelta(seconds=row["interval_seconds"]), row["reason"]) for row in rows}
            missing = [source for source in self.kinds if source not in known]
            return {**known, **self._decided(connection, missing, now)}

    def decide(self, sources: Sequence[str], now: datetime) -> dict[str, Due]:
        """Decide anew when `sources` are due, and keep it: after their runs."""
        with psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
            dues = self._decided(connection, sources, now)
            connection.execute(queries("schedules")["save"], {"batch": orjson.dumps([_row(source, due) for source, due in dues.items()]).decode()})
            return dues

    def _decided(self, connection: psycopg.Connection[dict[str, Any]], sources: Sequence[str], now: datetime) -> dict[str, Due]:
        runs: dict[str, list[Ran]] = {source: [] for source in sources}
        if sources:
            for row in connection.execute(queries("schedules")["history"], {"sources": list(sources), "most": MOST_RUNS}):
                runs[row["source"]].append(_ran(row, self.limits.get(row["source"])))
        return {source: next_run(self.kinds[source], told, now) for source, told in runs.items()}


def _ran(row: Mapping[str, Any], per_day: int | None) -> Ran:
    counts = row["counts"]
    changes = sum(int(counts.get(name, 0)) for name in ("new", "changed", "archived"))
    own_limit = row["error_code"] == Code.RATE_LIMITED and per_day is not None and row["asked"] >= per_day
    return Ran(row["finished_at"], row["status"], changes, int(counts.get("fetched", 0)), row["error_code"], row["is_spent"] or own_limit)


def _row(source: str, due: Due) -> dict[str, Any]:
    return {"source": source, "next_run_at": due.at, "interval_seconds": max(1, round(due.interval.total_seconds())), "reason": due.reason}
