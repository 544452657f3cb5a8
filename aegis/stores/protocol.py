"""What Aegis asks of a derived store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aegis.inspection import Listed, Sums
from aegis.record import Content, Outcome, Record, StoredRecord

Image = Any
"""Everything that a store has under one key, strays, vectors and edges included, as a JSON value that only this store understands."""


@dataclass(frozen=True, slots=True)
class Count:
    """Records of one table in one store."""

    visible: int
    tombstones: int


class Store(Protocol):
    """A derived store: a last-writer-wins register per (table, key). Calls block; stream apps run them outside the event loop.

    Guarantees are at-least-once and per key only. Every method raises `StoreUnavailable` when the store cannot answer in time; after that, anything from none
    to all of a batch may have been written, and repeating the batch is safe.
    """

    @property
    def name(self) -> str:
        """The store's name in derivations, metrics and error codes, e.g. `elasticsearch`."""

    @property
    def tables(self) -> frozenset[str]:
        """The captured tables that have a projection into this store."""

    def prepare(self) -> None:
        """Create what is missing (index, constraint, collection). Idempotent, and safe while others do the same."""

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Write each record whose stamp >= the stored stamp, and answer for each, in order.

        `records` has at most one record per (table, key). One record's rejection does not keep its neighbours from being written.
        When this returns, what was applied is durable in the store's own sense and readable by key.
        """

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """The records of `keys`, tombstones included, as the store really holds them; absent keys, and those without readable bookkeeping, are left out."""

    def stored_form(self, table: str, content: Content) -> Content:
        """`content` as `fetch` gives it back: what this store keeps of it (a long text cut, an embedded text as its hash). Pure."""

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """Every record of `table`, tombstones included, in no order, in bounded memory."""

    def count(self, table: str) -> Count:
        """How many records of `table` there are."""

    def sums(self, table: str) -> Sums:
        """Sums of what is really stored, by the engine where it can. What has no readable bookkeeping is counted under `ASTRAY` (visible or not, claims 0):
        records without a stamp or bucket, copies beside a record, placeholders that nothing refers to. Where Python has to read every record, what a listing
        would read again is `kept`: whoever asked closes it.
        """

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """What is stored in `buckets` (`ASTRAY` among them: what is astray), each key once, in no order; tombstones of deletes may be left out.

        By the bucket that is stored, not by that of the key. A snapshot is not needed: what is in doubt is looked at again by `inspect`.
        """

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """What is stored under `keys` as of now (as strong as `fetch`), tombstones of deletes included; keys of which there is nothing are left out."""

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        """Take away for good what is stored under each key, record or tombstone, if its packed stamp is exactly the expected one.

        `NO_STAMP` takes away what has no readable bookkeeping: strays, copies beside a record, a placeholder that nothing refers to; a sound record stays.
        Afterwards a write at any stamp succeeds at once. Returns of how many keys something went.
        """

    def images(self, table: str, keys: Sequence[str]) -> Mapping[str, Image]:
        """Everything that is stored under `keys`, to be put back by `restore`; keys of which there is nothing are left out."""

    def restore(self, table: str, images: Mapping[str, Image]) -> int:
        """Put images back, as they were, of those keys of which nothing is stored; the others are left alone. Returns how many were put back."""

    def close(self) -> None:
        """Give connections back. The store is not used afterwards."""
