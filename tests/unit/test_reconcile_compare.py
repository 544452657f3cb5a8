"""Which keys are looked at again, and that everything has its turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.claim import bucket_of, claim_of
from aegis.inspection import BUCKETS, Listed, Sum, Sums, differing
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from batch.compare import Pair, Slice, Suspects, Sweep, agrees, disagreeing
from batch.truth import Truth
from tests.unit.test_reconcile_confirm import HERE, record

PAIR = Pair("redis", "policies")


class Rows:
    """PostgreSQL's end: key → version; all are to be shown."""

    def __init__(self, versions: dict[str, int]) -> None:
        self.current = versions

    def sums(self, table: str) -> Sums:
        found: dict[int, Sum] = {}
        for key, version in self.current.items():
            bucket, claim = claim_of(key, version)
            before = found.get(bucket, Sum(0, 0, 0))
            found[bucket] = Sum(before.records + 1, before.claims + claim, before.visible + 1)
        return Sums(found)

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[tuple[str, int, bool]]:
        return iter([(key, version, True) for key, version in self.current.items() if bucket_of(key) in buckets])


def suspects(rows: dict[str, int], stored: dict[str, int], deleted: dict[str, int] | None = None) -> set[str]:
    from aegis.record import Record

    store = MemoryStore(frozenset({"policies"}), name="redis")
    store.apply([record(key, version) for key, version in stored.items()])
    store.apply([Record("policies", key, Stamp(version, Rank.DELETE), None, HERE) for key, version in (deleted or {}).items()])
    truth = cast("Truth", Rows(rows))
    sweep = Sweep(truth, {"redis": store})
    sweep.sums([PAIR])
    found: list[Suspects] = list(sweep.listings())
    assert sweep.looked[PAIR].suspects == sum(len(one.keys) for one in found)
    return {key for one in found for key in one.keys}


def test_equal_ends_have_no_suspects_and_no_bucket_is_listed() -> None:
    assert suspects({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"c": 3}) == set()


def test_lost_old_and_surplus_records_are_suspects_and_their_neighbours_are_not() -> None:
    rows = {f"k{number}": number for number in range(1, 400)}
    stored = {**rows, "k7": 6, "surplus": 9}
    del stored["k5"]
    assert suspects(rows, stored) == {"k5", "k7", "surplus"}


def test_a_row_of_which_a_store_has_the_tombstone_of_a_delete_is_a_suspect() -> None:
    assert suspects({"a": 1, "b": 2, "d": 4}, {"a": 1}, {"b": 2, "c": 3}) == {"b", "d"}


keys = st.dictionaries(st.sampled_from([f"k{number}" for number in range(12)]), st.integers(1, 5))


@given(keys, keys)
def test_every_difference_is_a_suspect(rows: dict[str, int], stored: dict[str, int]) -> None:
    different = {key for key in rows.keys() | stored.keys() if rows.get(key) != stored.get(key)}
    assert suspects(rows, stored) == different


@pytest.mark.parametrize(
    ("row", "listed", "agreed"),
    [
        ((5, True), Listed("k", Stamp(5, Rank.UPSERT).packed, visible=True), True),
        ((5, True), Listed("k", Stamp(5, Rank.REPAIR).packed, visible=True), True),
        ((5, False), Listed("k", Stamp(5, Rank.UPSERT).packed, visible=False), True),
        ((5, True), Listed("k", Stamp(5, Rank.UPSERT).packed, visible=False), False),
        ((5, True), Listed("k", Stamp(5, Rank.UPSERT).packed, visible=True, copies=2), False),
        ((5, True), Listed("k", Stamp(5, Rank.DELETE).packed, visible=True), False),
        ((5, True), Listed("k", Stamp(4, Rank.UPSERT).packed, visible=True), False),
        ((5, True), Listed("k", 0, visible=True), False),
        (None, Listed("k", Stamp(5, Rank.DELETE).packed, visible=False), True),
        (None, Listed("k", Stamp(5, Rank.DELETE).packed, visible=True), False),
        (None, Listed("k", 0, visible=False), False),
    ],
)
def test_what_is_listed_is_held_against_the_row(row: tuple[int, bool] | None, listed: Listed, agreed: bool) -> None:
    assert agrees(row, listed) is agreed


def test_all_slices_together_cover_everything_once() -> None:
    slices = [Slice.of_night(night, 7, floor=0, vectors=1).covers(10**6) for night in range(3, 10)]
    assert sorted(bucket for part in slices for bucket in part) == list(range(BUCKETS))


def test_a_small_table_is_compared_whole_every_night() -> None:
    part = Slice.of_night(0, 7, floor=1_000, vectors=1)
    assert len(part.covers(1_000)) == BUCKETS
    assert len(part.covers(1_001)) < BUCKETS


def test_buckets_differ_by_count_claims_or_visibility() -> None:
    truth = Sums({1: Sum(1, 5, 1), 2: Sum(1, 5, 1), 3: Sum(1, 5, 1), 4: Sum(1, 5, 1)})
    stored = Sums({1: Sum(1, 5, 1), 2: Sum(1, 6, 1), 3: Sum(1, 5, 0), 9: Sum(1, 1, 1)})
    assert differing(truth, stored) == [2, 3, 4, 9]


def test_two_faults_that_cancel_in_the_sums_are_found_where_contents_are_compared() -> None:
    from dataclasses import replace

    store = MemoryStore(frozenset({"policies"}), name="redis")
    store.apply([record("lost", 5)])
    [stored] = store.fetch("policies", ["lost"]).values()
    store.forget("policies", {"lost": stored.stamp.packed})
    store.restore("policies", {"orphan": replace(stored, key="orphan")})  # with the bucket and the claim of the one that is lost
    truth = cast("Truth", Rows({"lost": 5}))
    sweep = Sweep(truth, {"redis": store})
    sweep.sums([PAIR])
    assert list(sweep.listings()) == []
    assert disagreeing(*sweep._both(PAIR, [bucket_of("lost")], sweep._listing(PAIR))) == {"lost", "orphan"}
