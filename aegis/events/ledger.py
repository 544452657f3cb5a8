"""Which events a subscriber has handled, kept with what handling them did: in one transaction of the subscriber's own SQLite database.

So an event has its effect once, whatever dies when: the effect and the mark are there together or not at all. Another database does the same with two tables.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from aegis.events.event import Event

TABLES = (
    "CREATE TABLE IF NOT EXISTS aegis_events_handled (id TEXT PRIMARY KEY, happened_at TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS aegis_events_position (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL)",
)


class Ledger:
    """Two tables beside the subscriber's own. Used from the thread of `connection`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        with connection:
            for statement in TABLES:
                connection.execute(statement)

    def positions(self) -> dict[int, int]:
        """Partition → offset of the next event to handle: where `subscribe` goes on (`start=ledger.positions`)."""
        return dict(self._connection.execute("SELECT partition, next_offset FROM aegis_events_position"))

    def take(self, event: Event) -> bool:
        """Mark `event` as handled, within the caller's transaction. False where it was before: then do nothing, and commit all the same."""
        added = self._connection.execute(
            "INSERT INTO aegis_events_handled (id, happened_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (event.id, event.time.isoformat())
        ).rowcount
        self._connection.execute(
            "INSERT INTO aegis_events_position (partition, next_offset) VALUES (?, ?) "
            "ON CONFLICT (partition) DO UPDATE SET next_offset = max(next_offset, excluded.next_offset)",
            (event.partition, event.offset + 1),
        )
        return added == 1

    def forget(self, before: datetime) -> int:
        """Forget the identities of events that happened before `before`: far longer ago than the log keeps (7 days). Returns how many."""
        with self._connection:
            return self._connection.execute("DELETE FROM aegis_events_handled WHERE happened_at < ?", (before.isoformat(),)).rowcount
