"""Bucket and claim: the same numbers as PostgreSQL's md5 gives."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.claim import BUCKET_BITS, CLAIM_BITS, Claim, bucket_of, claim_of

# Key, version and what PostgreSQL 15 answers to
#   SELECT ('x' || substr(md5(key), 1, 3))::bit(12)::int, ('x' || substr(md5(key || ':' || version), 1, 8))::bit(32)::bigint
EXAMPLES = [
    ("P-1", 1, 1433, 519246999),
    ("P-1", 2, 1433, 4094714821),
    ("bizinfo:PBLN_000000000118027", 41, 1181, 2495994276),
    ("gov24:378000000182", 9007199254740993, 2544, 4173209562),
    ("키 '한글'/🙂", 7, 970, 615344769),
    ("", 2305843009213693951, 3393, 877060969),
]


@pytest.mark.parametrize(("key", "version", "bucket", "claim"), EXAMPLES)
def test_bucket_and_claim_are_those_of_postgresql(key: str, version: int, bucket: int, claim: int) -> None:
    assert claim_of(key, version) == Claim(bucket, claim)


@given(st.text(), st.integers(1, 2**61 - 1))
def test_bucket_and_claim_stay_within_their_bits_and_the_bucket_depends_on_the_key_alone(key: str, version: int) -> None:
    made = claim_of(key, version)
    assert 0 <= made.bucket < 2**BUCKET_BITS
    assert 0 <= made.claim < 2**CLAIM_BITS
    assert made.bucket == bucket_of(key) == claim_of(key, version + 1).bucket


def test_another_version_makes_another_claim() -> None:
    claims = Counter(claim_of("P-1", version).claim for version in range(1, 2_001))
    assert max(claims.values()) == 1


def test_keys_spread_over_all_buckets() -> None:
    buckets = Counter(bucket_of(f"bizinfo:PBLN_{number:015d}") for number in range(40_960))
    assert len(buckets) == 2**BUCKET_BITS
    assert max(buckets.values()) < 40
