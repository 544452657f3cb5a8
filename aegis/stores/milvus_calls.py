"""Calls of Milvus: one connection, opened at the first call, a timeout on each, and reads that are exact on either server."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from pymilvus import MilvusClient

from aegis.inspection import BUCKETS
from aegis.stores.milvus_errors import translated

ROWS_PER_READ = 16_384
"""Most rows that Milvus gives in one answer."""
ALL_BUCKETS = range(BUCKETS)
GRPC = {"grpc.keepalive_time_ms": 310_000}
"""pymilvus pings every 10 s while it waits; gRPC's servers in Python take more than one in 5 minutes for an attack, and cut the connection."""


def one_of(field: str, keys: Sequence[str]) -> str:
    """The filter that names `keys`, which have no control characters. milvus-lite answers this form without a scan."""
    return f"{field} in [{','.join(json.dumps(key, ensure_ascii=False) for key in keys)}]"


def _in(buckets: Sequence[int]) -> str:
    """The filter of ascending `buckets`."""
    first, last = buckets[0], buckets[-1]
    return f"bucket >= {first} and bucket <= {last}" if last - first == len(buckets) - 1 else f"bucket in {list(buckets)}"


class MilvusCalls:
    """What the store asks of Milvus. Every method raises `StoreUnavailable` when the server cannot answer in time; other errors of pymilvus pass."""

    def __init__(self, uri: str, timeout: float) -> None:
        """`timeout`: seconds for connecting and for each call."""
        self.timeout = timeout
        self._uri = uri
        self._lock = Lock()
        self._client: MilvusClient | None = None

    @property
    def client(self) -> MilvusClient:
        """The connected client. Use it inside `translated`."""
        with self._lock:
            if self._client is None:
                # It logs a traceback for every failed call, which is raised as well.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                self._client = MilvusClient(self._uri, timeout=self.timeout, dedicated=True, grpc_options=GRPC)
            return self._client

    def upsert(self, collection: str, rows: list[dict[str, Any]]) -> None:
        """Write whole rows, each key once. Their counts are not looked at: the servers count differently."""
        with translated():
            self.client.upsert(collection, rows, timeout=self.timeout)

    def delete(self, collection: str, key_field: str, keys: Sequence[str]) -> None:
        """Delete `keys` where they are there."""
        with translated():
            self.client.delete(collection, filter=one_of(key_field, keys), timeout=self.timeout)

    def rows(self, collection: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Key → `fields` of the rows of `keys` as of now (strong consistency)."""
        found = self.matching(collection, one_of(key_field, keys), fields) if keys else []
        return {row[key_field]: row for row in found}

    def matching(self, collection: str, condition: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Rows that match, at most `ROWS_PER_READ`: an answer of that size may be cut anywhere."""
        with translated():
            return list(
                self.client.query(
                    collection, filter=condition, output_fields=list(fields), limit=ROWS_PER_READ, consistency_level="Strong", timeout=self.timeout
                )
            )

    def every(self, collection: str, condition: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """All rows that match, however many. A filter of buckets is cheaper where there is one."""
        rows = self.matching(collection, condition, fields)
        if len(rows) < ROWS_PER_READ:
            return rows
        with translated():
            pages = self.client.query_iterator(
                collection, batch_size=ROWS_PER_READ // 4, filter=condition, output_fields=list(fields), consistency_level="Strong", timeout=self.timeout
            )
            rows = []
            while page := pages.next():
                rows.extend(page)
            pages.close()
        return rows

    def by_bucket(
        self, collections: Sequence[str], fields: Sequence[Sequence[str]], buckets: Sequence[int] = ALL_BUCKETS
    ) -> Iterator[list[list[dict[str, Any]]]]:
        """All rows of `collections` in `buckets`, ascending, with `fields` of each; rows of one bucket are given together.

        Paging by key loses rows on milvus-lite, and counts are not exact. Rows whose bucket is none, which only somebody's hand wrote, are not found so.
        """
        with translated():
            rows = max(int(self.client.get_collection_stats(name, timeout=self.timeout)["row_count"]) for name in collections)
        step = BUCKETS
        while rows * step > ROWS_PER_READ // 2 * BUCKETS and step > 1:
            step //= 2
        for start in range(0, len(buckets), step):
            yield from self._in_buckets(collections, fields, buckets[start : start + step])

    def _in_buckets(self, collections: Sequence[str], fields: Sequence[Sequence[str]], buckets: Sequence[int]) -> Iterator[list[list[dict[str, Any]]]]:
        found = [self.matching(collection, _in(buckets), wanted) for collection, wanted in zip(collections, fields, strict=True)]
        if all(len(rows) < ROWS_PER_READ for rows in found):
            yield found
        elif len(buckets) == 1:
            # Somebody's mistake, or time to raise BUCKET_BITS in aegis/claim.py.
            yield [self.every(collection, _in(buckets), wanted) for collection, wanted in zip(collections, fields, strict=True)]
        else:
            middle = len(buckets) // 2
            yield from self._in_buckets(collections, fields, buckets[:middle])
            yield from self._in_buckets(collections, fields, buckets[middle:])

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
