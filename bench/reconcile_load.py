"""Fills a place: rows by COPY, then the stores with what the projections make of these rows; and plants drift in it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice

import psycopg
from psycopg.rows import dict_row

from aegis.change import Image
from aegis.derivations import project
from aegis.position import SourcePosition
from aegis.record import Record, Verdict
from aegis.row_image import row_image
from aegis.stamp import Rank, Stamp
from aegis.stores.protocol import Store
from bench.generated import COLUMNS, policies
from bench.reconcile_place import TABLE, Place

CHUNK = 2_000
KEPT_COLUMNS = (*COLUMNS, "status")
COPY = f"COPY policies ({', '.join(KEPT_COLUMNS)}) FROM STDIN"
DRIFT = """
WITH chosen AS (SELECT policy_id FROM policies WHERE issuing_organization <> '표류' ORDER BY md5(policy_id || 'drift') LIMIT %(keys)s)
UPDATE policies SET issuing_organization = '표류' FROM chosen WHERE policies.policy_id = chosen.policy_id RETURNING policies.policy_id
"""
"""Rows that no store hears of: each is stale in all of them."""


def copy_rows(dsn: str, rows: int) -> None:
    """`rows` generated policies of about 1 kB, under the version trigger."""
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for start in range(0, rows, CHUNK):
            for row in policies(min(CHUNK, rows - start), f"bench-{start // CHUNK:05d}-", seed=start + 1):
                copy.write_row([*(row[column] for column in COLUMNS), "active"])
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE policies")


def images(dsn: str) -> Iterator[list[Image]]:
    """All rows as the log would carry them, `CHUNK` at a time."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection, connection.cursor(name="bench_rows") as cursor:
        cursor.itersize = CHUNK
        cursor.execute("SELECT * FROM policies")
        made = (row_image(TABLE, row) for row in cursor)
        while chunk := list(islice(made, CHUNK)):
            yield chunk


def record(store: str, image: Image, committed_at: datetime) -> Record:
    """What the log would make of the row in `store`."""
    version = image["version"]
    position = SourcePosition("aegis.public.policies", version % 6, version, 2**40 + version, 1_000_000 + version, committed_at)
    return Record(TABLE, image["policy_id"], Stamp(version, Rank.UPSERT), project(TABLE, store, image), position)


def fill(place: Place, rows: int) -> None:
    """`rows` policies in PostgreSQL and in every store of the place."""
    copy_rows(place.dsn, rows)
    now = datetime.now(UTC)

    def apply(store: Store, chunk: list[Image]) -> None:
        outcomes = store.apply([record(store.name, image, now) for image in chunk])
        if any(outcome.verdict is not Verdict.APPLIED for outcome in outcomes):
            raise RuntimeError(f"{store.name} did not take every record of the benchmark")

    with place.opened() as stores, ThreadPoolExecutor(max(1, len(stores))) as threads:
        for chunk in images(place.dsn):
            list(threads.map(apply, stores.values(), [chunk] * len(stores)))


def plant(place: Place, keys: int) -> set[str]:
    """Make `keys` more rows differ from what every store holds; their keys."""
    with psycopg.connect(place.dsn) as connection:
        return {row[0] for row in connection.execute(DRIFT, {"keys": keys})}
