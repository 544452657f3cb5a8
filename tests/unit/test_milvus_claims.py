"""What rows of two collections say together."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from aegis.claim import bucket_of, claim_of
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum, Sums
from aegis.stores import milvus_claims
from aegis.stores.milvus_claims import Pair


def row(stamp: int = 28, *, key: str = "P-1", **columns: Any) -> dict[str, Any]:
    """A sound row."""
    return {"key": key, "stamp": stamp, "bucket": bucket_of(key), "claim": claim_of(key, stamp // 4).claim, **columns}


VISIBLE, DELETED, WITHDRAWN, BY_HAND = row(28), row(31), row(30), row(-1)
BUCKET, CLAIM = bucket_of("P-1"), claim_of("P-1", 7).claim


@pytest.mark.parametrize(
    ("pair", "listed", "sums"),
    [
        ((VISIBLE, None), Listed("P-1", 28, True), {BUCKET: Sum(1, CLAIM, 1)}),
        ((None, DELETED), Listed("P-1", 31, False), {}),
        ((None, WITHDRAWN), Listed("P-1", 30, False), {BUCKET: Sum(1, CLAIM, 0)}),
        ((VISIBLE, DELETED), Listed("P-1", 31, True), {BUCKET: Sum(1, CLAIM, 1)}),
        ((VISIBLE, row(4)), Listed("P-1", 28, True), {BUCKET: Sum(1, CLAIM, 1)}),
        ((BY_HAND, None), Listed("P-1", NO_STAMP, True), {ASTRAY: Sum(1, 0, 1)}),
        ((None, BY_HAND), Listed("P-1", NO_STAMP, False), {ASTRAY: Sum(1, 0, 0)}),
        ((BY_HAND, DELETED), Listed("P-1", 31, True, 2), {ASTRAY: Sum(1, 0, 1)}),
        ((VISIBLE, BY_HAND), Listed("P-1", 28, True, 2), {ASTRAY: Sum(1, 0, 0), BUCKET: Sum(1, CLAIM, 1)}),
        ((BY_HAND, BY_HAND), Listed("P-1", NO_STAMP, True, 2), {ASTRAY: Sum(2, 0, 1)}),
    ],
)
def test_rows_of_one_key_are_listed_and_summed_as_one_record_and_its_strays(pair: Pair, listed: Listed, sums: dict[int, Sum]) -> None:
    assert milvus_claims.listed("P-1", pair) == listed
    summing = milvus_claims.Summing()
    summing.add(pair)
    assert summing.sums() == Sums(sums, listed.stamp)


def test_records_of_a_bucket_are_added_up_and_the_highest_stamp_is_that_of_all() -> None:
    summing = milvus_claims.Summing()
    for pair in ((VISIBLE, None), (None, DELETED), (row(8), None), (None, WITHDRAWN), (BY_HAND, BY_HAND)):
        summing.add(pair)
    claims = 2 * CLAIM + claim_of("P-1", 2).claim
    assert summing.sums() == Sums({BUCKET: Sum(3, claims, 2), ASTRAY: Sum(2, 0, 1)}, 31)


@pytest.mark.parametrize("columns", [{"stamp": 3}, {"stamp": -8}, {"bucket": -1}, {"bucket": BUCKETS}, {"claim": -1}, {"claim": 2**32}])
def test_what_no_row_can_have_is_astray_wherever_it_stands(columns: dict[str, int]) -> None:
    tampered = {**VISIBLE, **columns}
    assert milvus_claims.buckets((tampered, None)) == {ASTRAY}
    assert not milvus_claims.at_home("P-1", (tampered, None))


def test_a_row_with_another_keys_bucket_is_not_at_home() -> None:
    moved = {**VISIBLE, "bucket": (BUCKET + 1) % BUCKETS}
    assert not milvus_claims.at_home("P-1", (moved, None))
    assert milvus_claims.at_home("P-1", (moved, DELETED))
    assert milvus_claims.buckets((moved, DELETED)) == {BUCKET, (BUCKET + 1) % BUCKETS}


def test_rows_are_paired_by_key() -> None:
    pairs = milvus_claims.pairs("key", [row(key="a"), row(key="b")], [row(31, key="b"), row(31, key="c")])
    assert {key: tuple(one is not None for one in pair) for key, pair in pairs.items()} == {"a": (True, False), "b": (True, True), "c": (False, True)}


def test_vectors_survive_an_image_bit_by_bit() -> None:
    vector = np.asarray([0.1, -0.0, 1e-45, 3.4028235e38, math.nan, -math.inf], dtype=np.float32)
    pair = ({**VISIBLE, "embedding": [float(number) for number in vector], "regions": ["11"]}, None)
    image = json.loads(json.dumps(milvus_claims.image(pair), allow_nan=False))
    back, tombstone = milvus_claims.rows_of(image)
    assert tombstone is None
    assert back is not None
    assert back["embedding"].tobytes() == vector.tobytes()
    assert {name: value for name, value in back.items() if name != "embedding"} == {**VISIBLE, "regions": ["11"]}
