"""The replication slot against the stored offset: whether the log between them is still there.

Connect stores an offset only when everything before it is acknowledged by Kafka, and Debezium confirms a position to the slot only after that. So the slot is
never ahead of the stored offset, unless it was dropped and made anew, or PostgreSQL or Connect's offsets were restored from a backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from aegis.position import lsn_text

_SLOT: LiteralString = """
SELECT slot_name, active, wal_status, confirmed_flush_lsn - '0/0'::pg_lsn, pg_current_wal_lsn() - '0/0'::pg_lsn
FROM pg_replication_slots WHERE slot_name = %s AND database = current_database()
"""


class PossibleLoss(Exception):
    """Changes may be missing between the stored offset and what the slot still has. Nothing was started."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A logical replication slot. Positions are LSNs as integers."""

    name: str
    active: bool
    wal_status: str | None
    confirmed: int
    written: int
    """Where PostgreSQL writes now."""

    @property
    def behind_bytes(self) -> int:
        """WAL that the slot keeps for the connector."""
        return max(0, self.written - self.confirmed)


def observe_slot(dsn: str, name: str) -> Slot | None:
    """The slot `name` in the database of `dsn`; None where it does not exist. Raises psycopg.Error."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(_SLOT, (name,)).fetchone()
    return None if row is None else Slot(row[0], row[1], row[2], int(row[3] or 0), int(row[4]))


def stored_lsn(offsets: Iterable[Mapping[str, Any]]) -> int | None:
    """The LSN of Debezium's stored source offset; None where nothing is stored."""
    found = [int(entry["offset"]["lsn"]) for entry in offsets if entry.get("offset") and entry["offset"].get("lsn") is not None]
    return max(found, default=None)


def possible_loss(connector: str, slot_name: str, stored: int | None, slot: Slot | None) -> str | None:
    """Why starting `connector` could lose changes, and what to do; None where it cannot."""
    remedy = (
        f"Run `aegis connect apply --snapshot-again`: it forgets the stored offset of {connector} and reads every row anew. Rows deleted in the gap "
        "stay in the derived stores until the comparison finds them as orphans: run it afterwards."
    )
    if stored is None:
        return None
    if slot is None:
        return f"offset {lsn_text(stored)} is stored, but the slot {slot_name} is missing: changes since then may be lost. {remedy}"
    if slot.wal_status == "lost":
        drop = f"SELECT pg_drop_replication_slot('{slot_name}')"
        return f"the slot {slot_name} is lost: PostgreSQL removed WAL that it needed (max_slot_wal_keep_size). Drop it: {drop}. {remedy}"
    if slot.confirmed > stored:
        return f"the slot {slot_name} is at {lsn_text(slot.confirmed)}, ahead of the stored offset {lsn_text(stored)}: changes between may be lost. {remedy}"
    return None
