"""What Aegis asks of a derived store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aegis.record import Content, Outcome, Record, StoredRecord


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
        """The records of `keys`, tombstones included, as the store really holds them; absent keys are left out."""

    def stored_form(self, table: str, content: Content) -> Content:
        """`content` as `fetch` gives it back: what this store keeps of it (a long text cut, an embedded text as its hash). Pure."""

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """Every record of `table`, tombstones included, in no order, in bounded memory."""

    def count(self, table: str) -> Count:
        """How many records of `table` there are."""

    def close(self) -> None:
        """Give connections back. The store is not used afterwards."""
