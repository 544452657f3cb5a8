"""The plain way to compare: read key and version of everything at both ends in the order of the keys, and merge.

Of each engine the leanest reading that was found: nothing but key and stamp, the largest pages, no objects made that are not needed. Of Redis the names of
values, too, since a value may be gone while its register stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import psycopg
from elasticsearch import Elasticsearch, OrjsonSerializer
from pymilvus import MilvusClient
from redis import Redis

from aegis.derivations import shapes
from aegis.inspection import BUCKETS
from aegis.projections.shapes import CacheKeyspace, GraphLabel, SearchIndex, VectorCollection
from aegis.settings import settings
from aegis.stores.milvus_calls import ROWS_OF_LITE
from bench.reconcile_place import TABLE, TIMEOUT, Place, neo4j_driver

ROWS = 'SELECT policy_id, version FROM policies ORDER BY policy_id COLLATE "C"'
PAGE = 10_000
HASHES = 64
STAMP = re.compile(rb'"stamp":(\d+)')

Pairs = Iterable[tuple[str, int]]
"""(key, version or stamp), by key."""


def differences(place: Place) -> dict[str, set[str]]:
    """Store → keys that differ. PostgreSQL is read once, the stores all at the same time."""
    with ThreadPoolExecutor(len(place.stores)) as threads:
        reading = {store: threads.submit(READINGS[store], place) for store in place.stores}
        stored = {store: future.result() for store, future in reading.items()}
    return merged(postgres(place), stored)


def merged(rows: Pairs, stored: Mapping[str, list[tuple[str, int]]]) -> dict[str, set[str]]:
    """Merge joins of `rows` with each store's sorted keys."""
    ends = {store: (iter(pairs), set[str]()) for store, pairs in stored.items()}
    heads = {store: next(pairs, None) for store, (pairs, _) in ends.items()}
    for key, version in rows:
        for store, (pairs, different) in ends.items():
            head = heads[store]
            while head is not None and head[0] < key:
                different.add(head[0])
                head = next(pairs, None)
            if head is None or head[0] != key:
                different.add(key)
            else:
                if head[1] >> 2 != version:
                    different.add(key)
                head = next(pairs, None)
            heads[store] = head
    for store, (pairs, different) in ends.items():
        last = heads[store]
        different.update(key for key, _ in ([last] if last else []))
        different.update(key for key, _ in pairs)
    return {store: different for store, (_, different) in ends.items()}


def postgres(place: Place) -> Iterator[tuple[str, int]]:
    """Through a cursor of the server, as bounded memory wants it."""
    with psycopg.connect(place.dsn) as connection, connection.cursor(name="bench_scan") as cursor:
        cursor.itersize = PAGE
        cursor.execute(ROWS)
        yield from cursor


def elasticsearch(place: Place) -> list[tuple[str, int]]:
    """Sorted by the server; key and stamp are the values that it sorts by, so nothing else is fetched."""
    shape = shapes("elasticsearch")[TABLE]
    assert isinstance(shape, SearchIndex)
    found: list[tuple[str, int]] = []
    with Elasticsearch(settings().elasticsearch_url, request_timeout=TIMEOUT, serializer=OrjsonSerializer()) as client:
        snapshot = client.open_point_in_time(index=f"{place.prefix}{shape.alias}", keep_alive="2m")["id"]
        after = None
        while True:
            hits = (
                client.search(
                    pit={"id": snapshot, "keep_alive": "2m"},
                    size=PAGE,
                    sort=["aegis.key", "aegis.stamp"],
                    search_after=after,
                    source=False,
                    track_total_hits=False,
                    filter_path="hits.hits.sort",
                )
                .get("hits", {})
                .get("hits", [])
            )
            found += ((hit["sort"][0], hit["sort"][1]) for hit in hits)
            if len(hits) < PAGE:
                break
            after = hits[-1]["sort"]
        client.close_point_in_time(id=snapshot)
    return found


def neo4j(place: Place) -> list[tuple[str, int]]:
    """One statement; sorted here, which is quicker than there."""
    shape = shapes("neo4j")[TABLE]
    assert isinstance(shape, GraphLabel)
    text = f"MATCH (n:{place.label_prefix}{shape.record_label}) RETURN n.{shape.key} AS key, n._stamp AS stamp"
    with neo4j_driver() as driver, driver.session(fetch_size=PAGE) as session:
        return sorted((record[0], record[1]) for record in session.run(text))


def redis(place: Place) -> list[tuple[str, int]]:
    """Names of values by SCAN, then keys and registers by HGETALL, some hashes a round trip."""
    shape = shapes("redis")[TABLE]
    assert isinstance(shape, CacheKeyspace)
    registers, values = f"{place.prefix}aegis:registers:{TABLE}:", f"{place.prefix}{shape.prefix}".encode()
    with Redis.from_url(place.redis_url, socket_timeout=TIMEOUT) as client:
        unseen = {name[len(values) :] for name in client.scan_iter(match=values + b"*", count=PAGE)}
        found = list[tuple[str, int]]()
        for start in range(0, BUCKETS, HASHES):
            pipeline = client.pipeline(transaction=False)
            for bucket in range(start, start + HASHES):
                pipeline.hgetall(f"{registers}{bucket}")
            for of_bucket in pipeline.execute():
                for key, register in of_bucket.items():
                    if key in unseen:
                        unseen.remove(key)
                        stamp = STAMP.search(register)
                        found.append((key.decode(), int(stamp[1]) if stamp else 0))
    found += ((key.decode(), 0) for key in unseen)
    found.sort()
    return found


def milvus(place: Place) -> list[tuple[str, int]]:
    """By ranges of buckets: paging by key loses rows on milvus-lite, which looks at every row for each answer; so as few as the driver's own bound allows."""
    shape = shapes("milvus")[TABLE]
    assert isinstance(shape, VectorCollection)
    client = MilvusClient(settings().milvus_uri, timeout=TIMEOUT, dedicated=True)
    rows = int(client.get_collection_stats(f"{place.collection_prefix}{shape.name}")["row_count"])
    step = max(1, BUCKETS * ROWS_OF_LITE * 9 // 10 // max(rows, 1))
    found: list[tuple[str, int]] = []
    for start in range(0, BUCKETS, step):
        condition = f"bucket >= {start} and bucket < {start + step}"
        page = client.query(
            f"{place.collection_prefix}{shape.name}", filter=condition, output_fields=[shape.key, "stamp"], limit=ROWS_OF_LITE, consistency_level="Strong"
        )
        if len(page) == ROWS_OF_LITE:
            raise RuntimeError("a plain reading of Milvus was cut: buckets are more uneven than this benchmark takes them to be")
        found += ((row[shape.key], row["stamp"]) for row in page)
    client.close()
    return sorted(found)


READINGS: dict[str, Callable[[Place], list[tuple[str, int]]]] = {"milvus": milvus, "neo4j": neo4j, "elasticsearch": elasticsearch, "redis": redis}
