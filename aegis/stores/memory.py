"""The reference store: a dict. The contract tests hold the real stores to what this one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock

from aegis.errors import ChangeRejected
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores.protocol import Count


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

    def close(self) -> None:
        """Nothing to give back."""
