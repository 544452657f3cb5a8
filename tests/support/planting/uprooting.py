"""Takes everything under a prefix out of the stores, tombstones and strays too: what is left of a test whose rows are deleted."""

from __future__ import annotations

from typing import Any

import redis
from elasticsearch import Elasticsearch, helpers
from neo4j import GraphDatabase
from pymilvus import MilvusClient

from aegis.settings import Settings
from tests.support.planting import elasticsearch as documents
from tests.support.planting import milvus as vectors
from tests.support.planting.neo4j import LABELS


def uproot(settings: Settings, prefix: str) -> None:
    """Their rows must be deleted before: what is still under way then ends as tombstones."""
    _redis(settings, prefix)
    _elasticsearch(settings, prefix)
    _neo4j(settings, prefix)
    client = MilvusClient(settings.milvus_uri, timeout=60, dedicated=True, grpc_options=vectors.PINGS)
    for collection in (vectors.VISIBLE, vectors.TOMBSTONES):
        client.delete(collection, filter=f'{vectors.KEY} like "{prefix}%"')
    client.close()


def _redis(settings: Settings, prefix: str) -> None:
    client: Any = redis.Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=30)
    names = list(client.scan_iter(match=f"*:{prefix}*", count=1000))
    if names:
        client.delete(*names)
    for name in client.scan_iter(match="aegis:registers:*", count=1000):
        if fields := [field for field in client.hkeys(name) if field.startswith(prefix.encode())]:
            client.hdel(name, *fields)
    client.close()


def _elasticsearch(settings: Settings, prefix: str) -> None:
    with Elasticsearch(settings.elasticsearch_url, request_timeout=30) as client:
        for alias in documents.TEXTS:
            [index] = client.indices.get_alias(name=alias).body
            client.indices.refresh(index=index)
            found = [hit["_id"] for hit in helpers.scan(client, index=index, query={"_source": False}, size=5000) if hit["_id"].startswith(prefix)]
            helpers.bulk(client, ({"_op_type": "delete", "_index": index, "_id": key} for key in found))


def _neo4j(settings: Settings, prefix: str) -> None:
    with GraphDatabase.driver(settings.neo4j_uri, auth=(settings.neo4j_user, settings.neo4j_password.get_secret_value())) as driver:
        for label in LABELS.values():
            for of in (label.visible, label.record):
                driver.execute_query(f"MATCH (n:{of}) WHERE n.{label.key} STARTS WITH $prefix DETACH DELETE n", {"prefix": prefix})
