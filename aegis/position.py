"""Where a change came from: its place in PostgreSQL's WAL and in Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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

    @classmethod
    def of(cls, fields: Mapping[str, Any], prefix: str = "") -> SourcePosition:
        """The position in the fields of a stored record, each named as here after `prefix`; the time in ISO 8601. Fields that may be None may be missing."""
        committed_at = fields.get(f"{prefix}committed_at")
        return cls(
            topic=fields[f"{prefix}topic"],
            partition=fields[f"{prefix}partition"],
            offset=fields[f"{prefix}offset"],
            lsn=fields.get(f"{prefix}lsn"),
            transaction_id=fields.get(f"{prefix}transaction_id"),
            committed_at=None if committed_at is None else datetime.fromisoformat(committed_at),
        )

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


def lsn_text(lsn: int | None) -> str:
    """An LSN in PostgreSQL's own form, X/Y in hexadecimal; empty where there is none."""
    return "" if lsn is None else f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
