"""A live writer: so many changes a second of all captured tables, whatever else goes on."""

from __future__ import annotations

from random import Random
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.proof.rows import KEYS, TABLES

UPSERT = {
    "policies": (
        "INSERT INTO policies (policy_id, source, source_id, title, target_regions, tags, status) "
        "VALUES (%(key)s, 'load', %(key)s, %(title)s, %(regions)s, %(tags)s, %(status)s) "
        "ON CONFLICT (policy_id) DO UPDATE SET target_regions = excluded.target_regions, tags = excluded.tags, status = excluded.status"
    ),
    "users": (
        "INSERT INTO users (user_id, region_code, business_type) VALUES (%(key)s, %(region)s, %(tag)s) "
        "ON CONFLICT (user_id) DO UPDATE SET region_code = excluded.region_code, business_type = excluded.business_type"
    ),
    "business_rules": (
        "INSERT INTO business_rules (rule_id, name, policy_ids) VALUES (%(key)s, %(tag)s, ARRAY[%(other)s]) "
        "ON CONFLICT (rule_id) DO UPDATE SET name = excluded.name, policy_ids = excluded.policy_ids"
    ),
}
DELETES = 0.12
"""Share of deletes: rows come back, at a higher version."""


class LiveWriter:
    """Inserts, updates and deletes rows under `{prefix}load-`, one commit each, from `with` to its end. A change that is late is made up for."""

    def __init__(self, dsn: str, prefix: str, *, per_second: float = 60.0, keys: int = 60) -> None:
        self._dsn, self._prefix, self._per_second, self._keys = dsn, f"{prefix}load-", per_second, keys
        self._random = Random(prefix)
        self._ended = Event()
        self._thread = Thread(target=self._write, name="live writer", daemon=True)
        self._failure: psycopg.Error | None = None
        self._began = self._finished = monotonic()
        self.changes = 0

    @property
    def rate(self) -> float:
        """Changes a second, from the beginning to the end."""
        return self.changes / (self._finished - self._began)

    def _write(self) -> None:
        self._began = monotonic()
        try:
            with psycopg.connect(self._dsn, autocommit=True) as connection:
                while not self._ended.wait(max(0.0, self._began + self.changes / self._per_second - monotonic())):
                    self.changes += self._one(connection)
        except psycopg.Error as error:  # raised again in the test's thread
            self._failure = error
        self._finished = monotonic()

    def _one(self, connection: psycopg.Connection[Any]) -> int:
        """One statement; the rows that it changed, 1 or 0."""
        table, number = self._random.choice(TABLES), self._random.randrange(self._keys)
        key = f"{self._prefix}{number:03d}"
        if self._random.random() < DELETES:
            return connection.execute(f"DELETE FROM {table} WHERE {KEYS[table]} = %s", (key,)).rowcount
        region = self._random.choice(("11", "26", "41"))
        status = "rejected" if self._random.random() < DELETES else "active"
        values = {"key": key, "title": f"공고 {number}", "regions": [region], "region": region, "tags": [str(self.changes)], "tag": str(self.changes)}
        return connection.execute(UPSERT[table], values | {"status": status, "other": f"{self._prefix}{number // 2:03d}"}).rowcount

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(30)
        if self._failure is not None and error is None:
            raise self._failure
