"""What equality as readers see it cannot show: strays, second copies, wrong bookkeeping, vectors of other texts. Read with the plain drivers.

Together with `equality` it is the whole of what a store holds under a prefix.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import psycopg
import redis
from elasticsearch import Elasticsearch, helpers
from neo4j import GraphDatabase
from pymilvus import MilvusClient

from aegis.claim import bucket_of, claim_of
from aegis.embedding.factory import open_embedder
from aegis.settings import Settings
from tests.support.planting import elasticsearch as documents
from tests.support.planting import milvus as vectors
from tests.support.planting.neo4j import LABELS
from tests.support.planting.redis import PREFIXES

DELETE_RANK = 3
COSINE = 0.999
TEXT = "SELECT policy_id, concat_ws(E'\\n', title, issuing_organization) FROM policies WHERE starts_with(policy_id, %s)"
"""What is embedded of rows that have neither amounts nor content."""

Versions = Mapping[str, int]
"""Key → version, of the rows of one table."""


def unsound(settings: Settings, prefix: str) -> list[str]:
    """Lines for people; empty where everything under `prefix` is as the pipeline leaves it. Rows have neither amounts, nor interest rates, nor content."""
    with psycopg.connect(settings.postgres_dsn.get_secret_value()) as connection:
        versions: dict[str, Versions] = {
            table: dict(connection.execute(f"SELECT {label.key}, version FROM {table} WHERE starts_with({label.key}, %s)", (prefix,)).fetchall())
            for table, label in LABELS.items()
        }
        texts: dict[str, str] = dict(connection.execute(TEXT, (prefix,)).fetchall())
    return [
        *_redis(settings, prefix, versions),
        *_elasticsearch(settings, prefix, versions),
        *_neo4j(settings, prefix, versions),
        *_milvus(settings, prefix, versions, texts),
    ]


def _kept(where: str, key: str, versions: Versions, kept: tuple[Any, Any, Any], *, visible: bool) -> Iterable[str]:
    """What is wrong with a record's bookkeeping. `kept`: stamp, bucket and claim."""
    stamp, bucket, claim = kept
    if not isinstance(stamp, int) or stamp < 4:
        yield f"{where} {key}: stamp {stamp!r}"
        return
    version, rank = divmod(stamp, 4)
    if (bucket, claim) != tuple(claim_of(key, version)):
        yield f"{where} {key}: bucket {bucket}, claim {claim} are not those of version {version}"
    if key in versions and (version != versions[key] or rank == DELETE_RANK):
        yield f"{where} {key}: stamp {version}/{rank}, the row has version {versions[key]}"
    if key not in versions and (visible or rank != DELETE_RANK):
        yield f"{where} {key}: stamp {version}/{rank}, visible: {visible}, and there is no row"


def _redis(settings: Settings, prefix: str, versions: Mapping[str, Versions]) -> Iterable[str]:
    client: Any = redis.Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=30)
    for table, space in PREFIXES.items():
        registers: dict[str, bytes] = {}
        for name in client.scan_iter(match=f"aegis:registers:{table}:*", count=1000):
            for key, register in ((field.decode(), register) for field, register in client.hgetall(name).items() if field.startswith(prefix.encode())):
                if int(name.rpartition(b":")[2]) == bucket_of(key):
                    registers[key] = register
                else:
                    yield f"redis {table} {key}: a register in {name.decode()}"
        values = {name.decode().removeprefix(space) for name in client.scan_iter(match=f"{space}{prefix}*", count=1000)}
        yield from (f"redis {table} {key}: value without register" for key in sorted(values - registers.keys()))
        yield from (f"redis {table} {key}: no register" for key in sorted(versions[table].keys() - registers.keys()))
        for key, register in registers.items():
            fields = json.loads(register)
            yield from _kept(f"redis {table}", key, versions[table], (fields["stamp"], fields["bucket"], fields["claim"]), visible=key in values)
    client.close()


def _elasticsearch(settings: Settings, prefix: str, versions: Mapping[str, Versions]) -> Iterable[str]:
    with Elasticsearch(settings.elasticsearch_url, request_timeout=30) as client:
        for table in documents.TEXTS:
            [index] = client.indices.get_alias(name=table).body
            client.indices.refresh(index=index)
            found = {hit["_id"]: hit for hit in helpers.scan(client, index=index, query={"version": True}, size=1000) if hit["_id"].startswith(prefix)}
            yield from (f"elasticsearch {table} {key}: no document" for key in sorted(versions[table].keys() - found.keys()))
            for key, hit in found.items():
                own = hit["_source"].get("aegis", {})
                if own.get("key") != key or own.get("stamp") != hit["_version"] or not isinstance(own.get("deleted"), bool):
                    yield f"elasticsearch {table} {key}: version {hit['_version']}, register {own}"
                    continue
                yield from _kept(
                    f"elasticsearch {table}", key, versions[table], (hit["_version"], own.get("bucket"), own.get("claim")), visible=not own["deleted"]
                )


def _neo4j(settings: Settings, prefix: str, versions: Mapping[str, Versions]) -> Iterable[str]:
    with GraphDatabase.driver(settings.neo4j_uri, auth=(settings.neo4j_user, settings.neo4j_password.get_secret_value())) as driver:
        for table, label in LABELS.items():
            nodes, _, _ = driver.execute_query(
                f"MATCH (n:{label.visible}|{label.record}) WHERE n.{label.key} STARTS WITH $prefix RETURN n.{label.key} AS key, properties(n) AS row, "
                f"n:{label.visible} AS visible, n:{label.record} AS record, COUNT {{ (n)-->() }} AS edges, COUNT {{ (n)<--() }} AS referring",
                {"prefix": prefix},
            )
            keys = [node["key"] for node in nodes]
            yield from (f"neo4j {table} {key}: more than one node" for key in {key for key in keys if keys.count(key) > 1})
            yield from (f"neo4j {table} {key}: no node" for key in sorted(versions[table].keys() - set(keys)))
            for node in nodes:
                key, row = node["key"], node["row"]
                if not node["record"]:
                    yield f"neo4j {table} {key}: a node without the record label"
                elif node["edges"] and not node["visible"]:
                    yield f"neo4j {table} {key}: edges of a node that readers do not see"
                elif "_stamp" in row or not node["referring"] or node["visible"] or key in versions[table]:  # else it stands for a record yet to come
                    yield from _kept(
                        f"neo4j {table}", key, versions[table], (row.get("_stamp"), row.get("_bucket"), row.get("_claim")), visible=node["visible"]
                    )


def _milvus(settings: Settings, prefix: str, versions: Mapping[str, Versions], texts: Mapping[str, str]) -> Iterable[str]:
    client = MilvusClient(settings.milvus_uri, timeout=60, dedicated=True, grpc_options=vectors.PINGS)
    table, condition = vectors.TABLE, f'{vectors.KEY} like "{prefix}%"'
    found = {
        name: {row[vectors.KEY]: row for row in client.query(name, filter=condition, output_fields=["*"], consistency_level="Strong", limit=16_384)}
        for name in (vectors.VISIBLE, vectors.TOMBSTONES)
    }
    client.close()
    shown, hidden = found[vectors.VISIBLE], found[vectors.TOMBSTONES]
    yield from (f"milvus {key}: both a record and a tombstone" for key in sorted(shown.keys() & hidden.keys()))
    yield from (f"milvus {key}: neither a record nor a tombstone" for key in sorted(versions[table].keys() - shown.keys() - hidden.keys()))
    for rows, visible in ((shown, True), (hidden, False)):
        for key, row in rows.items():
            yield from _kept("milvus", key, versions[table], (row["stamp"], row["bucket"], row["claim"]), visible=visible)
    mine = sorted(shown.keys() & texts.keys())
    embedder = open_embedder(settings.embedding_backend, settings.embedding_model_dir)
    for key, anew in zip(mine, embedder.embed([texts[key] for key in mine]), strict=True):
        near = float(np.dot(np.asarray(shown[key]["embedding"], dtype=np.float32), anew))
        if not near >= COSINE:
            yield f"milvus {key}: the vector is of another text, cosine {near:.3f}"
