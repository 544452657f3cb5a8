from __future__ import annotations

from collections.abc import Sequence

import pytest

from aegis.cli.dead_letters.arrival import Arrival, arrival, await_arrivals
from aegis.cli.dead_letters.dealing import Touched
from aegis.derivations import STORES, shapes
from aegis.errors import Code, StoreUnavailable
from aegis.position import SourcePosition
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore


def packed(version: int, rank: Rank = Rank.UPSERT) -> int:
    return Stamp(version, rank).packed


@pytest.mark.parametrize(
    ("stamps", "rejected", "became"),
    [
        ([packed(7), packed(7)], False, Arrival.ARRIVED),
        ([packed(7), None], False, Arrival.WAITING),
        ([packed(7), packed(6, Rank.DELETE)], False, Arrival.WAITING),
        ([packed(7), packed(8)], False, Arrival.ARRIVED),
        ([packed(7, Rank.DELETE), packed(7, Rank.REPAIR)], False, Arrival.ARRIVED),
        ([packed(7), packed(7)], True, Arrival.REJECTED),
        ([packed(7, Rank.COMPENSATION), packed(7)], False, Arrival.REJECTED),
        ([packed(7, Rank.COMPENSATION), None], False, Arrival.REJECTED),
        ([packed(6, Rank.COMPENSATION), packed(6)], False, Arrival.WAITING),
        ([packed(8, Rank.COMPENSATION), packed(7)], False, Arrival.ARRIVED),
    ],
)
def test_a_touched_row_has_arrived_waits_or_was_rejected_again(stamps: list[int | None], rejected: bool, became: Arrival):
    assert arrival(7, stamps, rejected) is became


class Slow(MemoryStore):
    """Does not answer at first."""

    silent = True

    def inspect(self, table: str, keys: Sequence[str]):
        if self.silent:
            self.silent = False
            raise StoreUnavailable(Code.REDIS_SYNC_FAILED, "starting")
        return super().inspect(table, keys)


@pytest.fixture
def stores() -> dict[str, MemoryStore]:
    return {name: Slow(frozenset(shapes(name)), name=name) for name in STORES}


def write(stores: dict[str, MemoryStore], key: str, stamp: Stamp) -> None:
    for store in stores.values():
        if "users" in store.tables:
            store.apply([Record("users", key, stamp, {}, SourcePosition("t", 0, 0))])


def test_rows_are_waited_for_in_the_stores_of_their_table_until_each_is_settled(stores: dict[str, MemoryStore]):
    write(stores, "a", Stamp(7, Rank.UPSERT))
    write(stores, "b", Stamp(8, Rank.COMPENSATION))
    rows = [Touched("users", "a", 7), Touched("users", "b", 8), Touched("users", "c", 9), Touched("users", "gone", None)]
    found = await_arrivals(rows, stores, lambda _: {("users", "c"): "redis"}, 30)
    assert (found.arrived, found.rejected, found.waiting) == (1, {("users", "b"): "", ("users", "c"): "redis"}, [])


def test_what_has_not_arrived_in_time_is_told(stores: dict[str, MemoryStore]):
    rows = [Touched("users", "a", 7)]
    assert await_arrivals(rows, stores, lambda _: {}, 0).waiting == rows
