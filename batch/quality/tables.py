"""What quality reads from PostgreSQL, and what it keeps there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
import psycopg
from psycopg.rows import TupleRow, dict_row

from aegis.queries import queries
from aegis.rows.policy import Policy
from batch.quality.findings import History
from batch.quality.metric import Metric
from batch.quality.trend import MOST_DAYS, Point
from batch.readable import all_readable

CHUNK = 2_000
Connection = psycopg.Connection[TupleRow]


class QualityTables:
    """Policies and measurements, of one source or of all."""

    def __init__(self, connection: Connection, source: str | None = None) -> None:
        self._connection = connection
        self._asked = {"source": source}
        self._sql = queries("quality")

    def policies(self) -> Iterator[list[Policy]]:
        """The policies that are not archived, some at a time, as of one moment. Call within a transaction."""
        with self._connection.cursor("quality_policies", row_factory=dict_row) as cursor:
            cursor.execute(self._sql["policies"], self._asked)
            while rows := cursor.fetchmany(CHUNK):
                yield all_readable(rows)

    def histories(self, on: date) -> dict[str, History]:
        """Source → what is known of it from the days before `on`."""
        asked = {**self._asked, "day": on, "since": on - timedelta(days=MOST_DAYS)}
        series: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
        for source, metric, day, value in self._connection.execute(self._sql["series"], asked):
            series[source][metric].append((day, value))
        details: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for source, _, detail in self._connection.execute(self._sql["profiles"], asked):
            details[source].append(detail)
        return {source: History(series[source], details[source]) for source in series}

    def quarantined(self) -> list[tuple[str, str, int]]:
        """Source, code and number of records in quarantine."""
        return [(source, code, number) for source, code, number in self._connection.execute(self._sql["quarantined"], self._asked)]

    def fixed(self) -> list[tuple[str, str, int, int]]:
        """Source, kind, fixes made and fixes undone."""
        rows = self._connection.execute(queries("fixes")["counts"], self._asked)
        return [(source, kind, made, undone) for source, kind, made, undone in rows]

    def keep(self, on: date, measured: Sequence[Metric]) -> int:
        """Keep a day's measurements in place of earlier ones of that day; returns how many differed."""
        batch = [{"metric": m.metric, "scope": m.scope, "value": m.value, "sample_size": m.sample_size, "detail": m.detail} for m in measured]
        return self._connection.execute(self._sql["keep"], {"day": on, "batch": orjson.dumps(batch).decode()}).rowcount

    def record(self, counts: dict[str, int], seconds: float) -> None:
        """Add one run to the history."""
        self._connection.execute(self._sql["record"], {"counts": orjson.dumps(counts).decode(), "seconds": seconds})
