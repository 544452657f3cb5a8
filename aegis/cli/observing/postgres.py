"""What PostgreSQL knows of the pipeline: rows, dead letters, held keys, and how far capture is behind the WAL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from aegis.derivations import CAPTURED
from aegis.queries import queries

PATIENCE_SECONDS = 4

Reader = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """What waits for an operator."""

    open: int
    held: int
    """Keys at the version that a store rejected: all stores show them compensated."""
    quarantined: int
    """Records that collectors did not let in."""


@dataclass(frozen=True, slots=True)
class Capture:
    """How far Debezium is behind PostgreSQL. Positions are LSNs as integers; `confirmed` is None without a slot."""

    written: int
    slot_exists: bool
    active: bool
    wal_status: str | None
    confirmed: int | None
    heartbeat_age_seconds: float

    @property
    def behind_bytes(self) -> int | None:
        """WAL that the slot keeps for the connector; None without a slot."""
        return None if self.confirmed is None else max(0, self.written - self.confirmed)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a captured table, and how many of them derived stores shall show."""

    rows: int
    shown: int


def block(name: str) -> LiteralString:
    """A named query of `sql/queries/observe.sql`."""
    return queries("observe")[name]


@contextmanager
def reading(dsn: str, seconds: int = PATIENCE_SECONDS) -> Iterator[Reader]:
    """A read-only session that gives up after `PATIENCE_SECONDS`, and on a statement after `seconds`. Raises psycopg.Error."""
    options = f"-c statement_timeout={seconds * 1000} -c default_transaction_read_only=on"
    with psycopg.connect(dsn, connect_timeout=PATIENCE_SECONDS, autocommit=True, row_factory=dict_row, options=options) as connection:
        yield connection


def one(reader: Reader, name: str, **parameters: Any) -> dict[str, Any] | None:
    """The first row of the named query."""
    return reader.execute(block(name), parameters).fetchone()


def observe_dead_letters(reader: Reader) -> DeadLetters:
    """Counts of what waits for an operator."""
    row = one(reader, "dead_letters")
    assert row is not None
    return DeadLetters(**row)


def observe_capture(reader: Reader) -> Capture | None:
    """Where capture stands; None where the heartbeat row is missing (the schema is not there)."""
    row = one(reader, "capture")
    if row is None:
        return None
    confirmed = row["confirmed"]
    return Capture(
        written=int(row["written"]),
        slot_exists=row["slot_exists"],
        active=bool(row["active"]),
        wal_status=row["wal_status"],
        confirmed=None if confirmed is None else int(confirmed),
        heartbeat_age_seconds=row["heartbeat_age_seconds"],
    )


def observe_rows(reader: Reader) -> dict[str, Rows]:
    """Captured table → its rows."""
    found = {table: one(reader, f"{table}_rows") for table in CAPTURED}
    return {table: Rows(**row) for table, row in found.items() if row is not None}
