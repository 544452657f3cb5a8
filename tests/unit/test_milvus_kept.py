"""What is kept of a reading of everything tells what a listing would have told, of every odd row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, count, product
from typing import Any, cast

import pytest

from aegis.claim import bucket_of
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Kept, Listed
from aegis.stores import milvus_kept
from aegis.stores.milvus_calls import MilvusCalls, Wanted
from aegis.stores.milvus_claims import UNSOUND
from aegis.stores.milvus_collections import Collections
from aegis.stores.milvus_inspection import MilvusInspection
from aegis.stores.milvus_kept import KeptRows
from aegis.stores.milvus_row import sound
from tests.contract.open_milvus import vector_shapes

OF = Collections(vector_shapes()["policies"], "visible", "tombstones")
KEY = "정책-1"
HOME = bucket_of(KEY)
NEIGHBOUR = next(key for key in map(str, count()) if bucket_of(key) == HOME)
Row = dict[str, Any]


@dataclass
class Calls:
    """Two collections in memory: rows by key. `apart`: every bucket is an answer of its own."""

    rows_of: dict[str, dict[str, Row]] = field(default_factory=lambda: {"visible": {}, "tombstones": {}})
    apart: bool = False
    asked: int = 0

    def put(self, collection: str, key: str, stamp: int = 28, bucket: int | None = None, claim: int = 1) -> None:
        row = {OF.key: key, "stamp": stamp, "bucket": bucket_of(key) if bucket is None else bucket, "claim": claim}
        self.rows_of[collection][key] = row

    def window(self) -> int:
        return 0

    def by_bucket(self, collections: Sequence[str], fields: object, wanted: Wanted) -> Iterator[list[list[Row]]]:
        self.asked += 1
        carried = {row["bucket"] for rows in self.rows_of.values() for row in rows.values()}
        within = sorted(carried if wanted.above else carried & set(wanted.buckets))
        for buckets in [[one] for one in within] if self.apart and wanted.above else [within]:
            yield [[row for row in self.rows_of[name].values() if row["bucket"] in buckets] for name in collections]

    def every(self, collection: str, condition: str, fields: object) -> list[Row]:
        assert condition == UNSOUND
        self.asked += 1
        return [row for row in self.rows_of[collection].values() if not sound(row)]

    def rows(self, collection: str, key_field: str, keys: Sequence[str], fields: object) -> dict[str, Row]:
        self.asked += 1
        return {key: self.rows_of[collection][key] for key in keys if key in self.rows_of[collection]}


def both(calls: Calls, buckets: Collection[int]) -> tuple[list[Listed], list[Listed]]:
    """What a listing tells, and what was kept of the sums."""
    inspection = MilvusInspection(cast("MilvusCalls", calls), OF)
    kept = kept_of(calls)
    try:
        return sorted(inspection.listing(buckets)), sorted(kept.listing(buckets))
    finally:
        kept.close()


def kept_of(calls: Calls) -> Kept:
    kept = MilvusInspection(cast("MilvusCalls", calls), OF).sums().kept
    assert kept is not None
    return kept


AWAY = (HOME + 1) % BUCKETS
ONE_ROW: list[dict[str, int] | None] = [
    None,
    {},
    {"stamp": 31},
    {"bucket": AWAY},
    {"stamp": -1, "bucket": -1, "claim": -1},
    {"stamp": 3},
    {"claim": -1, "bucket": AWAY},
    {"bucket": BUCKETS},
]
"""What a row may have instead of stamp 28 and its key's bucket; None: there is no row."""
ASKED = [set(some) for number in range(4) for some in combinations([ASTRAY, HOME, AWAY], number)]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("visible", ONE_ROW)
def test_whatever_is_in_either_collection_and_however_the_reading_was_divided_it_is_told_as_a_listing_tells_it(
    visible: dict[str, int] | None, apart: bool
) -> None:
    for tombstone, buckets in product(ONE_ROW, ASKED):
        calls = Calls(apart=apart)
        calls.put("visible", NEIGHBOUR)
        for collection, columns in (("visible", visible), ("tombstones", tombstone)):
            if columns is not None:
                calls.put(collection, KEY, **columns)
        listed, kept = both(calls, buckets)
        assert kept == listed, (visible, tombstone, buckets)


def test_of_a_key_with_a_row_at_home_and_one_elsewhere_is_told_what_is_in_the_buckets_that_are_asked_for() -> None:
    calls = Calls()
    calls.put("visible", KEY)
    calls.put("tombstones", KEY, 31, AWAY)
    assert both(calls, [HOME]) == ([Listed(KEY, 28, True)],) * 2
    assert both(calls, [AWAY]) == both(calls, [HOME, AWAY]) == ([Listed(KEY, 31, True)],) * 2


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_many_rows_are_told_once_each_as_often_as_is_asked_and_the_servers_are_left_alone(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(milvus_kept, "ITEMS_AT_ONCE", at_once)
    calls = Calls(apart=True)
    for number in range(2_000):
        calls.put("visible" if number % 3 else "tombstones", f"k{number}", 4 * number + 4)
    calls.put("visible", "by hand", -1, -1, -1)
    kept = kept_of(calls)
    asked = calls.asked
    some = {bucket_of(f"k{number}") for number in range(500)}
    expected = [Listed(f"k{number}", 4 * number + 4, number % 3 != 0) for number in range(2_000)]
    for _ in range(2):
        assert sorted(kept.listing([ASTRAY, *range(BUCKETS)])) == sorted([*expected, Listed("by hand", NO_STAMP, True)])
        assert sorted(kept.listing(some)) == sorted(one for one in expected if bucket_of(one.key) in some)
    assert list(kept.listing([])) == []
    assert calls.asked == asked
    kept.close()
    kept.close()


def test_the_files_are_closed_when_nobody_has_what_was_kept_any_more() -> None:
    calls = Calls()
    calls.put("visible", KEY)
    kept = kept_of(calls)
    assert isinstance(kept, KeptRows)
    reading, file = kept.listing([HOME]), kept._spill._file
    assert next(reading) == Listed(KEY, 28, True)
    del kept
    assert not file.closed
    del reading
    assert file.closed
