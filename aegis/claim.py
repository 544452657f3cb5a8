"""Bucket and claim: what a derived record says that it holds, small enough to be summed by every engine.

Both are cut from MD5, which PostgreSQL computes too (`sql/queries/claims.sql`), so that the two ends of a comparison need no common code.
"""

from __future__ import annotations

from hashlib import md5
from typing import NamedTuple

BUCKET_BITS = 12
CLAIM_BITS = 32


class Claim(NamedTuple):
    """`bucket` (12 bits, of the key) groups records; `claim` (32 bits, of key and version) is summed within a bucket."""

    bucket: int
    claim: int


def bucket_of(key: str) -> int:
    """The bucket of `key`, 0..4095. In SQL: `('x' || substr(md5(key), 1, 3))::bit(12)::int`."""
    return int(md5(key.encode(), usedforsecurity=False).hexdigest()[:3], 16)


def claim_of(key: str, version: int) -> Claim:
    """Bucket and claim of `key` at `version`. The claim in SQL: `('x' || substr(md5(key || ':' || version), 1, 8))::bit(32)::bigint`."""
    of_key = md5(key.encode(), usedforsecurity=False)
    bucket = int(of_key.hexdigest()[:3], 16)
    of_key.update(b":%d" % version)
    return Claim(bucket, int(of_key.hexdigest()[:8], 16))
