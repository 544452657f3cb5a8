"""Calls of Milvus: one connection, opened at the first call, a timeout on each, and reads that are exact on either server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar

from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException

from aegis.inspection import BUCKETS
from aegis.stores.milvus_errors import is_unloaded, translated

ROWS_PER_READ = 16_384
"""Most rows that Milvus gives in one answer."""
ROWS_OF_LITE = 65_536
FILLED = 0.85
"""Part of an answer that is expected to be filled: buckets are not quite equally full."""
GRPC = {"grpc.keepalive_time_ms": 310_000}
"""pymilvus pings every 10 s while it waits; gRPC's servers in Python take more than one in 5 minutes for an attack, and cut the connection."""

T = TypeVar("T")


def one_of(field: str, keys: Sequence[str]) -> str:
    """The filter that names `keys`, which have no control characters. milvus-lite answers this form without a scan."""
    return f"{field} in [{','.join(json.dumps(key, ensure_ascii=False) for key in keys)}]"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Buckets to read, ascending, and how many rows one answer may have."""

    buckets: Sequence[int] = range(BUCKETS)
    below: bool = False
    """Together with the first: what has a lower bucket, which only somebody's hand wrote."""
    above: bool = False
    """Together with the last: what has a higher one."""
    window: int = 0
    """0: `ROWS_PER_READ`."""

    @property
    def condition(self) -> str:
        """The filter."""
        first, last = self.buckets[0], self.buckets[-1]
        if last - first != len(self.buckets) - 1:
            return f"bucket in {list(self.buckets)}"
        match self.below, self.above:
            case True, True:
                return "bucket >= 0 or bucket < 0"
            case True, False:
                return f"bucket <= {last}"
            case False, True:
                return f"bucket >= {first}"
            case _:
                return f"bucket >= {first} and bucket <= {last}"


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
        self._loaded(collection, lambda: self.client.upsert(collection, rows, timeout=self.timeout))

    def delete(self, collection: str, key_field: str, keys: Sequence[str]) -> None:
        """Delete `keys` where they are there."""
        self._loaded(collection, lambda: self.client.delete(collection, filter=one_of(key_field, keys), timeout=self.timeout))

    def rows(self, collection: str, key_field: str, keys: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Key → `fields` of the rows of `keys` as of now (strong consistency)."""
        found = self.matching(collection, one_of(key_field, keys), fields) if keys else []
        return {row[key_field]: row for row in found}

    def matching(self, collection: str, condition: str, fields: Sequence[str], limit: int | None = None) -> list[dict[str, Any]]:
        """Rows that match, at most `limit` (`ROWS_PER_READ`): an answer of that size may be cut anywhere."""
        most = limit or ROWS_PER_READ
        wanted = {"filter": condition, "output_fields": list(fields), "limit": most, "consistency_level": "Strong", "timeout": self.timeout}
        return list(self._loaded(collection, lambda: self.client.query(collection, **wanted)))

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

    def window(self) -> int:
        """Most rows of few fields to ask for at once. milvus-lite has no bound of its own, and looks at every row for each answer."""
        with translated():
            is_lite = str(self.client.get_server_version(timeout=self.timeout)).startswith("milvus_lite")
        return ROWS_OF_LITE if is_lite else ROWS_PER_READ

    def by_bucket(self, collections: Sequence[str], fields: Sequence[Sequence[str]], wanted: Wanted | None = None) -> Iterator[list[list[dict[str, Any]]]]:
        """Rows of `collections` in the buckets that are wanted (all), with `fields` of each; rows of one bucket are given together.

        Paging by key loses rows on milvus-lite, and counts are not exact.
        """
        of = wanted or Wanted()
        window = of.window or ROWS_PER_READ
        with translated():
            rows = max(int(self.client.get_collection_stats(name, timeout=self.timeout)["row_count"]) for name in collections)
        step = max(1, int(FILLED * window * BUCKETS) // max(1, rows))
        last = len(of.buckets) - 1
        for start in range(0, len(of.buckets), step):
            part = replace(of, buckets=of.buckets[start : start + step], window=window, below=of.below and start == 0, above=of.above and start + step > last)
            yield from self._in_buckets(collections, fields, part)

    def _in_buckets(self, collections: Sequence[str], fields: Sequence[Sequence[str]], of: Wanted) -> Iterator[list[list[dict[str, Any]]]]:
        found = [self.matching(collection, of.condition, wanted, of.window) for collection, wanted in zip(collections, fields, strict=True)]
        if all(len(rows) < of.window for rows in found):
            yield found
        elif len(of.buckets) == 1:
            # Somebody's mistake, or time to raise BUCKET_BITS in aegis/claim.py.
            yield [self.every(collection, of.condition, wanted) for collection, wanted in zip(collections, fields, strict=True)]
        else:
            middle = len(of.buckets) // 2
            yield from self._in_buckets(collections, fields, replace(of, buckets=of.buckets[:middle], above=False))
            yield from self._in_buckets(collections, fields, replace(of, buckets=of.buckets[middle:], below=False))

    def _loaded(self, collection: str, ask: Callable[[], T]) -> T:
        """What `ask` answers, after loading the collection where a restarted server has not: milvus-lite forgets what was loaded."""
        with translated():
            try:
                return ask()
            except MilvusException as error:
                if not is_unloaded(error):
                    raise
                self.client.load_collection(collection, timeout=self.timeout)
                return ask()

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
