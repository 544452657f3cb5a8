"""What a comparison sees of collections that somebody tampered with, and what only vectors can show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from pymilvus import MilvusClient

from aegis.claim import bucket_of, claim_of
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum
from aegis.record import APPLIED
from aegis.settings import settings
from aegis.stamp import Rank, Stamp
from aegis.stores import milvus_calls, milvus_inspection
from aegis.stores.milvus import MilvusStore
from aegis.stores.milvus_row import VECTOR
from aegis.stores.protocol import Count
from tests.contract.open_milvus import HashEmbedder, open_milvus, row_by_hand, vector_shapes
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack
SHAPE = vector_shapes()["policies"]


@dataclass(frozen=True)
class Shelf:
    """A prepared store, and its collections as somebody with a client of his own sees them."""

    opened: Opened
    store: MilvusStore
    client: MilvusClient
    visible: str

    def tampered(self, key: str, columns: Mapping[str, Any]) -> None:
        """Change a visible row in place."""
        row = self.client.get(self.visible, [key], output_fields=["*"], consistency_level="Strong")[0]
        self.client.upsert(self.visible, [{**row, **columns}])

    def listed(self, *buckets: int) -> list[Listed]:
        """What is in `buckets`, by key: told alike by a listing and by what the sums keep."""
        listed, kept = sorted(self.store.listing("policies", buckets)), self.store.sums("policies").kept
        assert kept is not None
        with closing(kept):
            assert sorted(kept.listing(buckets)) == listed
        return listed


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    unique = f"t{uuid4().hex[:12]}"
    client = MilvusClient(settings().milvus_uri, timeout=60, dedicated=True)
    with open_milvus(unique) as opened:
        assert isinstance(opened.store, MilvusStore)
        yield Shelf(opened, opened.store, client, f"{unique}_{SHAPE.name}")
    client.close()


def test_unreadable_bookkeeping_is_astray_and_nobodys_record(shelf: Shelf) -> None:
    tampered: dict[str, dict[str, int]] = {"a": {"stamp": 3}, "b": {"stamp": -(2**63)}, "c": {"bucket": -1}, "d": {"bucket": BUCKETS}, "e": {"claim": -5}}
    shelf.store.apply([upsert(shelf.opened, key, 7) for key in [*tampered, "sound", "late"]])
    for key, columns in tampered.items():
        shelf.tampered(key, columns)
    shelf.tampered("late", {"applied_at": 2**62})
    keys = [*tampered, "sound", "late"]
    assert set(shelf.store.fetch("policies", keys)) == {held.key for held in shelf.store.scan("policies")} == {"sound"}
    assert shelf.store.count("policies") == Count(visible=2, tombstones=0)
    sums = shelf.store.sums("policies")
    assert {bucket: one.records for bucket, one in sums.buckets.items()} == {ASTRAY: 5, bucket_of("sound"): 1, bucket_of("late"): 1}
    assert (sums.buckets[ASTRAY], sums.highest) == (Sum(5, 0, 5), 28)
    assert shelf.listed(ASTRAY) == [Listed(key, NO_STAMP, visible=True) for key in tampered]
    assert shelf.store.forget("policies", dict.fromkeys(keys, NO_STAMP)) == 5
    assert set(shelf.store.inspect("policies", keys)) == {"late", "sound"}
    assert set(shelf.store.apply([upsert(shelf.opened, key, 1) for key in tampered])) == {APPLIED}


def test_a_row_by_hand_beside_a_tombstone_is_a_copy_and_goes_alone(shelf: Shelf) -> None:
    shelf.store.apply([tombstone("P-1", 7)])
    shelf.client.upsert(shelf.visible, [row_by_hand(SHAPE, "P-1")])
    seen = Listed("P-1", 31, visible=True, copies=2)
    assert shelf.store.inspect("policies", ["P-1"]) == {"P-1": seen}
    assert shelf.listed(ASTRAY) == shelf.listed(*range(-1, BUCKETS)) == [seen]
    assert shelf.store.sums("policies").buckets == {ASTRAY: Sum(1, 0, 1)}
    assert shelf.store.fetch("policies", ["P-1"])["P-1"].content is None
    assert shelf.store.forget("policies", {"P-1": NO_STAMP}) == 1
    assert shelf.store.inspect("policies", ["P-1"]) == {"P-1": Listed("P-1", 31, visible=False)}


def test_a_key_in_both_collections_is_one_record_with_the_higher_stamp(shelf: Shelf) -> None:
    shelf.store.apply([upsert(shelf.opened, "P-1", 7)])
    row = shelf.client.get(shelf.visible, ["P-1"], output_fields=["*"], consistency_level="Strong")[0]
    left = {name: value for name, value in row.items() if name in {"stamp", "bucket", "claim", "topic", "partition_", "offset_", "lsn", "tx_id"}}
    times = {"committed_at": row["committed_at"], "applied_at": row["applied_at"]}
    shelf.client.upsert(f"{shelf.visible}_tombstones", [{**left, **times, "policy_id": "P-1", "stamp": 31, VECTOR: [1.0, 0.0]}])
    seen = Listed("P-1", Stamp(7, Rank.DELETE).packed, visible=True)
    assert shelf.store.inspect("policies", ["P-1"]) == {"P-1": seen}
    assert shelf.listed(ASTRAY, bucket_of("P-1")) == [seen]
    assert shelf.store.sums("policies").buckets == {bucket_of("P-1"): Sum(1, claim_of("P-1", 7).claim, 1)}
    assert shelf.store.forget("policies", {"P-1": 28}) == 0
    images = json.loads(json.dumps(dict(shelf.store.images("policies", ["P-1"]))))
    assert shelf.store.forget("policies", {"P-1": 31}) == 1
    assert shelf.store.inspect("policies", ["P-1"]) == {}
    assert shelf.store.restore("policies", images) == 1
    assert shelf.store.inspect("policies", ["P-1"]) == {"P-1": seen}


def test_a_record_with_another_keys_bucket_is_summed_and_listed_there_and_named_once(shelf: Shelf) -> None:
    there = (bucket_of("P-1") + 1) % BUCKETS
    shelf.store.apply([upsert(shelf.opened, "P-1", 7)])
    shelf.tampered("P-1", {"bucket": there})
    assert set(shelf.store.sums("policies").buckets) == {there}
    assert shelf.listed(bucket_of("P-1")) == []
    assert shelf.listed(there) == shelf.listed(*range(BUCKETS)) == [Listed("P-1", 28, visible=True)]


def test_what_the_sums_keep_tells_odd_rows_as_a_listing_does_whatever_is_asked_for(shelf: Shelf) -> None:
    keys = [f"P-{n}" for n in range(12)]
    shelf.store.apply([tombstone(key, n + 1) if n % 2 else upsert(shelf.opened, key, n + 1) for n, key in enumerate(keys)])
    homes = [bucket_of(key) for key in keys]
    columns = [{"bucket": homes[1]}, {"bucket": BUCKETS}, {"stamp": 3}, {"claim": -5}, {"bucket": -7, "stamp": 3}]
    for key, tampered in zip(keys[::2], columns, strict=False):
        shelf.tampered(key, tampered)
    beside = [{"stamp": 4, "bucket": homes[3], "claim": 1}, {"stamp": 9, "bucket": homes[0], "claim": 1}, {"stamp": 99, "bucket": homes[5]}, {}]
    shelf.client.upsert(shelf.visible, [row_by_hand(SHAPE, key, **tampered) for key, tampered in zip(keys[1::2], beside, strict=False)])
    everywhere = shelf.listed(ASTRAY, *range(BUCKETS))
    assert [one.key for one in everywhere] == sorted(keys)
    assert {one.copies for one in everywhere} == {1, 2}
    within = [{one.key for one in shelf.listed(bucket)} for bucket in (ASTRAY, *homes)]
    assert set().union(*within) == set(keys)
    assert shelf.listed(*homes[::3]) != shelf.listed(ASTRAY, *homes[::3]) != everywhere
    assert shelf.listed() == []


def test_listings_and_sums_of_more_rows_than_an_answer_holds_are_whole(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.store.apply([tombstone(f"P-{n}", n + 1) if n % 4 == 0 else upsert(shelf.opened, f"P-{n}", n + 1) for n in range(40)])
    shelf.client.upsert(shelf.visible, [row_by_hand(SHAPE, f"S-{n}") for n in range(20)])
    shelf.client.upsert(shelf.visible, [{**row_by_hand(SHAPE, f"T-{n}"), "stamp": 4, "bucket": 7, "claim": 1} for n in range(20)])
    whole, everything = shelf.store.sums("policies"), shelf.listed(ASTRAY, *range(BUCKETS))
    assert (whole.buckets[ASTRAY].records, whole.buckets[7].records >= 20, len(everything)) == (20, True, 80)
    for bound in ("ROWS_PER_READ", "ROWS_OF_LITE"):
        monkeypatch.setattr(milvus_calls, bound, 8)
    monkeypatch.setattr(milvus_inspection, "KEYS_PER_CALL", 7)
    assert shelf.store.sums("policies") == whole
    assert shelf.listed(ASTRAY, *range(BUCKETS)) == everything
    assert shelf.store.inspect("policies", [one.key for one in everything]) == {one.key: one for one in everything}


def test_a_repair_is_embedded_anew_and_heals_a_wrong_vector(shelf: Shelf) -> None:
    record = upsert(shelf.opened, "P-1", 7)
    shelf.store.apply([record])
    assert record.content is not None
    right = HashEmbedder().embed([record.content["text"]])
    assert np.array_equal(shelf.store.embedded([record.content["text"]]), right)
    shelf.tampered("P-1", {VECTOR: HashEmbedder().embed(["another text"])[0]})
    assert not np.allclose(shelf.store.vectors_of("policies", ["P-1"])["P-1"], right[0], atol=1e-3)
    shelf.store.apply([upsert(shelf.opened, "P-1", 7, rank=Rank.REPAIR)])
    assert shelf.store.vectors_of("policies", ["P-1", "absent"])["P-1"] == pytest.approx(right[0], abs=1e-6)


def test_a_stored_vector_that_is_unusable_rejects_no_change_of_other_columns(shelf: Shelf) -> None:
    shelf.store.apply([upsert(shelf.opened, "P-1", 7)])
    shelf.tampered("P-1", {VECTOR: [5.0] * 384})
    record = upsert(shelf.opened, "P-1", 8, category="바뀐 분야")
    assert shelf.store.apply([record]) == [APPLIED]
    assert record.content is not None
    assert shelf.store.vectors_of("policies", ["P-1"])["P-1"] == pytest.approx(HashEmbedder().embed([record.content["text"]])[0], abs=1e-6)


def test_vectors_come_back_bit_by_bit(shelf: Shelf) -> None:
    shelf.store.apply([upsert(shelf.opened, f"P-{n}", 7, title=f"제목 {n}") for n in range(3)])
    keys = ["P-0", "P-1", "P-2"]
    before = shelf.store.vectors_of("policies", keys)
    images = json.loads(json.dumps(dict(shelf.store.images("policies", keys))))
    shelf.store.forget("policies", dict.fromkeys(keys, 28))
    assert shelf.store.restore("policies", images) == 3
    after = shelf.store.vectors_of("policies", keys)
    assert {key: vector.tobytes() for key, vector in after.items()} == {key: vector.tobytes() for key, vector in before.items()}
