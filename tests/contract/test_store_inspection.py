"""What a comparison reads from every store: sums, listings and single keys, as they really are stored."""

from __future__ import annotations

from collections import Counter

import pytest

from aegis.claim import bucket_of, claim_of
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum, differing
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from tests.contract.mixed import of_every_kind, recomputed, said
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

EVERYWHERE = (ASTRAY, *range(BUCKETS))


def listed(record: Record) -> Listed:
    """What a store shall say of a record that it holds."""
    return Listed(record.key, record.stamp.packed, record.content is not None)


def test_of_nothing_stored_there_is_nothing_to_tell(opened: Opened) -> None:
    sums = opened.store.sums("policies")
    assert (said(sums), sums.highest, sums.records) == ({}, NO_STAMP, 0)
    assert list(opened.store.listing("policies", EVERYWHERE)) == []
    assert dict(opened.store.inspect("policies", ["absent"])) == {}
    assert dict(opened.store.inspect("policies", [])) == {}


def test_sums_are_those_of_everything_that_is_stored(opened: Opened) -> None:
    made = of_every_kind(opened, 120)
    truth, sums = recomputed(opened.store), opened.store.sums("policies")
    assert said(sums) == said(truth)
    assert sums.highest == truth.highest == max(record.stamp.packed for record in made)
    assert sums.records == 100
    assert differing(truth, sums) == []


def test_sums_follow_every_change(opened: Opened) -> None:
    opened.store.apply([upsert(opened, "K-1", 7), upsert(opened, "K-2", 8)])
    before = opened.store.sums("policies")
    opened.store.apply([upsert(opened, "K-1", 9)])
    after = opened.store.sums("policies")
    assert differing(before, after) == [bucket_of("K-1")]
    assert after.buckets[bucket_of("K-1")] == Sum(1, claim_of("K-1", 9).claim, 1)


def test_tombstones_of_deletes_are_not_summed_and_withdrawn_records_are(opened: Opened) -> None:
    opened.store.apply([upsert(opened, "gone", 7), upsert(opened, "withdrawn", 8), tombstone("never-here", 9)])
    opened.store.apply([tombstone("gone", 7), tombstone("withdrawn", 8, rank=Rank.REPAIR)])
    sums = opened.store.sums("policies")
    assert said(sums) == {bucket_of("withdrawn"): Sum(1, claim_of("withdrawn", 8).claim, 0)}
    assert sums.highest == Stamp(9, Rank.DELETE).packed


def test_each_table_is_summed_and_listed_by_itself(opened: Opened) -> None:
    tables = sorted(opened.store.tables)
    for n, table in enumerate(tables):
        opened.store.apply([upsert(opened, "same-key", 10 + n, table=table)])
    for n, table in enumerate(tables):
        assert said(opened.store.sums(table)) == {bucket_of("same-key"): Sum(1, claim_of("same-key", 10 + n).claim, 1)}
        assert opened.store.sums(table).highest == Stamp(10 + n, Rank.UPSERT).packed
        assert list(opened.store.listing(table, [bucket_of("same-key")])) == [Listed("same-key", Stamp(10 + n, Rank.UPSERT).packed, True)]


def test_stamps_keep_every_digit(opened: Opened) -> None:
    records = [upsert(opened, "P-1", 2**60 + 1), upsert(opened, "P-2", 2**60), tombstone("P-3", 2**61 - 2)]
    opened.store.apply(records)
    assert opened.store.sums("policies").highest == Stamp(2**61 - 2, Rank.DELETE).packed
    assert opened.store.inspect("policies", ["P-1", "P-2", "P-3"]) == {record.key: listed(record) for record in records}
    live = {found.key: found for found in opened.store.listing("policies", EVERYWHERE) if not found.is_deleted}
    assert live == {record.key: listed(record) for record in records[:2]}


@pytest.mark.parametrize("without_keys", [False, True], ids=["few-buckets", "nearly-all-buckets"])
def test_a_listing_names_every_key_of_its_buckets_once_and_no_other(opened: Opened, without_keys: bool) -> None:
    made = of_every_kind(opened, 120)
    some = {bucket_of(record.key) for record in made[::2]}
    if without_keys:
        some |= set(range(BUCKETS)) - {bucket_of(record.key) for record in made}
    found = [one for one in opened.store.listing("policies", some) if not one.is_deleted]
    expected = [listed(record) for record in made if bucket_of(record.key) in some]
    assert sorted(found, key=lambda one: one.key) == sorted((one for one in expected if not one.is_deleted), key=lambda one: one.key)
    assert [one for one in opened.store.listing("policies", [ASTRAY]) if not one.is_deleted] == []
    assert list(opened.store.listing("policies", [])) == []


def test_sums_listing_and_inspection_tell_the_same_of_many_keys(opened: Opened) -> None:
    made = of_every_kind(opened, 1_200)
    sums, everything = opened.store.sums("policies"), list(opened.store.listing("policies", EVERYWHERE))
    alive = [one for one in everything if not one.is_deleted]
    assert len({one.key for one in everything}) == len(everything)
    if sums.kept is not None:
        assert sorted(sums.kept.listing(EVERYWHERE)) == sorted(everything)
    assert Counter(bucket_of(one.key) for one in alive) == {bucket: one.records for bucket, one in said(sums).items()}
    assert sum(one.visible for one in alive) == sum(one.visible for one in sums.buckets.values())
    assert said(sums) == said(recomputed(opened.store))
    found = opened.store.inspect("policies", [record.key for record in made])
    assert found == {record.key: listed(record) for record in made}
    assert {one.key: one for one in alive} == {key: one for key, one in found.items() if not one.is_deleted}


def test_keys_of_every_kind_are_listed_and_inspected_as_they_are(opened: Opened) -> None:
    records = [upsert(opened, key, 5 + n) for n, key in enumerate(["키 '한글'/🙂:*?[a]{b}", 'a"b\\c', "a:b", "대문자 A", "대문자 a"])]
    opened.store.apply(records)
    expected = {record.key: listed(record) for record in records}
    assert opened.store.inspect("policies", list(expected)) == expected
    assert {one.key: one for one in opened.store.listing("policies", EVERYWHERE)} == expected
    assert said(opened.store.sums("policies")) == said(recomputed(opened.store))


def test_what_was_applied_is_inspected_at_once(opened: Opened) -> None:
    for version in range(1, 6):
        opened.store.apply([upsert(opened, "P-1", version)])
        assert opened.store.inspect("policies", ["P-1"])["P-1"].stamp == Stamp(version, Rank.UPSERT).packed
    opened.store.apply([tombstone("P-1", 5)])
    assert opened.store.inspect("policies", ["P-1"])["P-1"].is_deleted
