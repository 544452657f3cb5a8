"""PostgreSQL's end of a comparison."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row, tuple_row

from aegis.change import Image
from aegis.derivations import CAPTURED
from aegis.inspection import Sum, Sums
from aegis.queries import queries
from aegis.row_image import row_image

CONNECT_TIMEOUT_SECONDS = 10
ROWS_PER_FETCH = 10_000
SUMMING: LiteralString = "SET LOCAL jit = off; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL enable_sort = off"
"""For the one statement that reads a whole table: the planner takes the 4,096 buckets for far more groups, compiles what runs in a second, and sorts."""

LISTING: LiteralString = "SET LOCAL jit = off; SET LOCAL cursor_tuple_fraction = 1"
"""All rows are fetched: where most buckets are asked for, reading the whole table is quicker than its index, which gives the first rows sooner."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the log would carry it."""

    version: int
    image: Image


class Truth:
    """Reads as the operator, each statement for itself: no transaction stays open over a wait, and none holds up vacuum."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self.connection = connection

    def sums(self, table: str) -> Sums:
        """Sums of all rows of `table`; `visible` counts those that derived stores shall show."""
        with self.connection.transaction():
            self.connection.execute(SUMMING)
            rows = self.connection.execute(_claims(f"{table}_sums")).fetchall()
        return Sums({row["bucket"]: Sum(row["records"], row["claims"], row["visible"]) for row in rows})

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[tuple[str, int, bool]]:
        """Key, version, and whether derived stores shall show it, of the rows in `buckets`; in no order, in bounded memory."""
        with self.connection.transaction(), self.connection.cursor(name="aegis_listing", row_factory=tuple_row) as cursor:
            self.connection.execute(LISTING)
            cursor.itersize = ROWS_PER_FETCH
            cursor.execute(_claims(f"{table}_listing"), {"buckets": list(buckets)})
            yield from cursor

    def versions(self, table: str, keys: Sequence[str]) -> dict[str, int]:
        """Key → version of the rows that there are."""
        return {row["key"]: row["version"] for row in self.connection.execute(_claims(f"{table}_versions"), {"keys": list(keys)})}

    def rows(self, table: str, keys: Sequence[str]) -> dict[str, Row]:
        """Key → row of those that there are. `keys` bounds the memory."""
        key = CAPTURED[table].key
        found = self.connection.execute(queries("rows")[f"{table}_rows"], {"keys": list(keys)})
        return {row[key]: Row(row["version"], row_image(table, row)) for row in found}

    def rejected(self, table: str, keys: Sequence[str]) -> set[tuple[str, int]]:
        """(key, version) of those that some store rejected and nobody has retried."""
        found = self.connection.execute(_reconcile("rejected"), {"table": table, "keys": list(keys)})
        return {(row["key"], row["version"]) for row in found}

    def wal_position(self) -> int:
        """An LSN that everything committed so far lies before."""
        return int(self._one("wal_position")["written"])

    def drawn(self) -> int:
        """The last version that the sequence gave."""
        return int(self._one("drawn")["drawn"])

    def _one(self, name: str) -> Mapping[str, Any]:
        row = self.connection.execute(_reconcile(name)).fetchone()
        assert row is not None
        return row


@contextmanager
def open_truth(dsn: str) -> Iterator[Truth]:
    """A session of its own. Raises psycopg.Error."""
    with psycopg.connect(
        dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS, row_factory=dict_row, application_name="aegis comparison"
    ) as connection:
        yield Truth(connection)


def _claims(name: str) -> LiteralString:
    return queries("claims")[name]


def _reconcile(name: str) -> LiteralString:
    return queries("reconcile")[name]
