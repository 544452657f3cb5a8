"""The notices of a site that PostgreSQL has, as they were received last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from aegis.queries import queries


class StoredNotices:
    """Calling it with identifiers gives their records, in one round trip. Blocks; psycopg's errors pass through."""

    def __init__(self, connection: psycopg.Connection[TupleRow], source: str) -> None:
        self._connection = connection
        self._source = source

    def __call__(self, source_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """source_id → record, without those that are not known."""
        if not source_ids:
            return {}
        found = self._connection.execute(queries("notices")["latest"], {"source": self._source, "source_ids": list(source_ids)})
        return {source_id: record for source_id, body in found if isinstance(record := json.loads(body), dict)}
