"""The reference store: a dict. The contract tests hold the real stores to what this one does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock

from aegis.errors import ChangeRejected
from aegis.inspection import Listed, Sum, Sums
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores.protocol import Count, Image


class MemoryStore:
    """Every (table, key) in one dict. `rejects` scripts permanent rejections: it returns the reason, or None to accept."""

    def __init__(self, tables: frozenset[str], *, name: str = "memory", rejects: Callable[[Record], ChangeRejected | None] = lambda _: None) -> None:
        self.name = name
        self.tables = tables
        self._rejects = rejects
        self._lock = Lock()
        self._records: dict[tuple[str, str], StoredRecord] = {}

    def prepare(self) -> None:
        """Nothing is missing from a dict."""

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """As the protocol says; one lock makes read, compare and write one step."""
        with self._lock:
            return [self._apply(record) for record in records]

    def _apply(self, record: Record) -> Outcome:
        stored = self._records.get((record.table, record.key))
        if stored is not None and record.stamp < stored.stamp:
            return STALE
        if (reason := self._rejects(record)) is not None:
            return rejected(reason)
        self._records[record.table, record.key] = StoredRecord(
            record.table, record.key, record.stamp, record.content, record.position, datetime.now(UTC), record.claim
        )
        return APPLIED

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """As the protocol says."""
        return {key: self._records[table, key] for key in keys if (table, key) in self._records}

    def stored_form(self, table: str, content: Content) -> Content:
        """A dict keeps everything."""
        return content

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says, over the records of this moment."""
        return iter([record for (of, _), record in self._records.items() if of == table])

    def count(self, table: str) -> Count:
        """As the protocol says."""
        tombstones = [record.content is None for record in self.scan(table)]
        return Count(visible=tombstones.count(False), tombstones=tombstones.count(True))

    def sums(self, table: str) -> Sums:
        """As the protocol says."""
        records, claims, visible = Counter[int](), Counter[int](), Counter[int]()
        highest = 0
        for record in self.scan(table):
            highest = max(highest, record.stamp.packed)
            if not _listed(record).is_deleted:
                bucket = record.claim.bucket
                records[bucket] += 1
                claims[bucket] += record.claim.claim
                visible[bucket] += record.content is not None
        return Sums({bucket: Sum(records[bucket], claims[bucket], visible[bucket]) for bucket in records}, highest)

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says; nothing is ever astray in a dict."""
        return (_listed(record) for record in self.scan(table) if record.claim.bucket in buckets)

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        return {key: _listed(record) for key, record in self.fetch(table, keys).items()}

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        """As the protocol says."""
        with self._lock:
            gone = [key for key, record in self.fetch(table, list(expected)).items() if record.stamp.packed == expected[key]]
            for key in gone:
                del self._records[table, key]
            return len(gone)

    def images(self, table: str, keys: Sequence[str]) -> Mapping[str, Image]:
        """As the protocol says. The record itself, which is no JSON: this store is never asked across a process."""
        return self.fetch(table, keys)

    def restore(self, table: str, images: Mapping[str, Image]) -> int:
        """As the protocol says."""
        with self._lock:
            lacking = {key: image for key, image in images.items() if (table, key) not in self._records}
            self._records |= {(table, key): image for key, image in lacking.items()}
            return len(lacking)

    def close(self) -> None:
        """Nothing to give back."""


def _listed(record: StoredRecord) -> Listed:
    return Listed(record.key, record.stamp.packed, record.content is not None)
