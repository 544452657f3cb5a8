"""PostgreSQL's end of a comparison agrees with `aegis.claim`."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import psycopg
import pytest

from aegis.claim import bucket_of, claim_of
from aegis.queries import queries

pytestmark = pytest.mark.stack


def test_sums_counts_and_lists_agree_with_python(owner_dsn: str) -> None:
    keys = [f"기업마당-{number}-{uuid4().hex}" for number in range(300)]
    blocks = queries("claims")
    with psycopg.connect(owner_dsn) as connection:
        connection.cursor().executemany("INSERT INTO policies (policy_id, title) VALUES (%s, 't')", [(key,) for key in keys])
        connection.cursor().executemany("INSERT INTO users (user_id) VALUES (%s)", [(key,) for key in keys[:50]])
        connection.cursor().executemany("INSERT INTO business_rules (rule_id, name) VALUES (%s, 'r')", [(key,) for key in keys[:50]])
        for table, key_column in (("policies", "policy_id"), ("users", "user_id"), ("business_rules", "rule_id")):
            rows: dict[str, int] = dict(connection.execute(f"SELECT {key_column}, version FROM {table}".encode()).fetchall())
            counts = Counter(bucket_of(key) for key in rows)
            sums: Counter[int] = Counter()
            for key, version in rows.items():
                sums[bucket_of(key)] += claim_of(key, version).claim
            found = connection.execute(blocks[f"{table}_sums"]).fetchall()
            assert found == [(bucket, counts[bucket], sums[bucket]) for bucket in sorted(counts)]
            bucket = bucket_of(keys[0])
            listed = connection.execute(blocks[f"{table}_bucket"], {"bucket": bucket}).fetchall()
            assert listed == sorted(((key, version) for key, version in rows.items() if bucket_of(key) == bucket), key=lambda row: row[0].encode())
