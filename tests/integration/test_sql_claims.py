"""PostgreSQL's end of a comparison agrees with `aegis.claim`."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import psycopg
import pytest

from aegis.claim import bucket_of, claim_of
from aegis.derivations import CAPTURED
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
            assert sorted(found) == [(bucket, counts[bucket], sums[bucket], counts[bucket]) for bucket in sorted(counts)]
            bucket = bucket_of(keys[0])
            listed = connection.execute(blocks[f"{table}_listing"], {"buckets": [bucket]}).fetchall()
            assert {found[0]: found[1] for found in listed} == {key: version for key, version in rows.items() if bucket_of(key) == bucket}
            assert dict(connection.execute(blocks[f"{table}_versions"], {"keys": [*keys[:3], "nobody"]}).fetchall()) == {key: rows[key] for key in keys[:3]}


def test_the_rows_that_derived_stores_shall_show_are_counted_as_the_projection_has_it(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        for status in ("pending_validation", "active", "rejected", "archived"):
            connection.execute("INSERT INTO policies (policy_id, title, status) VALUES (%s, 't', %s)", (f"k-{status}", status))
        found = connection.execute(queries("claims")["policies_sums"]).fetchall()
        bucket = bucket_of("k-rejected")
        assert sum(row[1] for row in found) - sum(row[3] for row in found) >= 2
        assert any(row[0] == bucket and row[3] < row[1] for row in found)


@pytest.mark.parametrize("table", CAPTURED)
def test_the_rows_of_a_few_buckets_are_found_by_an_index(owner_dsn: str, table: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")  # of a few rows the planner would read all
        plan = connection.execute(b"EXPLAIN " + queries("claims")[f"{table}_listing"].encode(), {"buckets": [1, 2]}).fetchall()
    assert f"{table}_bucket" in str(plan)
