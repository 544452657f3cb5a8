"""Findings of a run, kept in PostgreSQL: memory stays bounded however many there are, and they outlive the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from aegis.queries import queries
from batch.compare import Pair
from batch.finding import DriftClass, Finding

ROWS_PER_CALL = 500

Counts = Counter[tuple[Pair, DriftClass]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finding as it was recorded."""

    number: int
    key: str
    drift: DriftClass
    row_version: int | None
    stored_stamp: int | None
    detail: str


class Findings:
    """Those of one run, by round."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]], run_id: str) -> None:
        self._connection = connection
        self._run_id = run_id

    def record(self, number: int, findings: Iterable[Finding]) -> None:
        """Record findings of round `number`; a key is recorded once a round, whichever look found it."""
        rows: list[dict[str, Any]] = []
        for one in findings:
            rows.append(self._row(number, one))
            if len(rows) == ROWS_PER_CALL:
                self._write(rows)
                rows = []
        self._write(rows)

    def pages(self, number: int, pair: Pair) -> Iterator[list[Recorded]]:
        """Findings of one round and pair, in the order in which they were recorded."""
        after = 0
        while True:
            values = {"run_id": self._run_id, "round": number, "store": pair.store, "table": pair.table, "after": after, "limit": ROWS_PER_CALL}
            rows = self._connection.execute(queries("reconcile")["findings"], values).fetchall()
            if not rows:
                return
            yield [Recorded(row["finding_id"], row["key"], DriftClass(row["class"]), row["row_version"], row["stored_stamp"], row["detail"]) for row in rows]
            after = rows[-1]["finding_id"]

    def published(self, numbers: list[int]) -> None:
        """The repairs of these findings are durable in the log."""
        self._connection.execute(queries("reconcile")["published"], {"run_id": self._run_id, "ids": numbers})

    def counts(self, number: int) -> Counts:
        """How many of which class were found in round `number`."""
        rows = self._connection.execute(queries("reconcile")["counts"], {"run_id": self._run_id, "round": number})
        return Counter({(Pair(row["store"], row["table_name"]), DriftClass(row["class"])): row["found"] for row in rows})

    def first(self, number: int, limit: int) -> list[dict[str, Any]]:
        """The first `limit` findings of round `number`, drift before the rest, as values for a report."""
        values = {"run_id": self._run_id, "round": number, "limit": limit}
        return self._connection.execute(queries("reconcile")["first_findings"], values).fetchall()

    def _row(self, number: int, one: Finding) -> dict[str, Any]:
        judgement = one.judgement
        return {
            "run_id": self._run_id,
            "round": number,
            "store": one.store,
            "table": one.table,
            "key": one.key,
            "class": judgement.drift.value,
            "row_version": one.row_version,
            "stored_stamp": one.stored_stamp,
            "detail": judgement.detail,
            "repair": None if judgement.repair is None else judgement.repair.value,
        }

    def _write(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.executemany(queries("reconcile")["record_finding"], rows)
