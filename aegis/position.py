"""Where a change came from: its place in PostgreSQL's WAL and in Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """Place of one change. WAL coordinates are None for incremental-snapshot events and for corrections, which have none."""

    topic: str
    partition: int
    offset: int
    lsn: int | None = None
    """Log sequence number, as a plain integer (not PostgreSQL's `X/Y` form)."""
    transaction_id: int | None = None
    committed_at: datetime | None = None
    """When PostgreSQL committed, with zone; for snapshot events, when the row was read."""

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"
