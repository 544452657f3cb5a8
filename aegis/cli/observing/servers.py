"""Whether each server answers, and its version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx

from aegis.settings import Settings

PATIENCE_SECONDS = 4.0
"""Bound on one question; a healthy server on the same machine answers in milliseconds."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answered. `version` is empty where its interface does not tell it."""

    version: str
    detail: str = ""


def probes(settings: Settings) -> dict[str, Callable[[], Server]]:
    """Name → question, for every server; each raises what its driver raises. Drivers are imported here, before any clock runs."""
    for driver in ("neo4j", "psycopg", "pymilvus", "redis"):
        import_module(driver)
    return {
        "postgresql": partial(_postgresql, settings.postgres_reader_dsn.get_secret_value()),
        "kafka": partial(_kafka, settings.kafka_bootstrap_servers),
        "connect": partial(_connect, settings.connect_url),
        "registry": partial(_registry, settings.schema_registry_url),
        "elasticsearch": partial(_elasticsearch, settings.elasticsearch_url),
        "neo4j": partial(_neo4j, settings.neo4j_uri, settings.neo4j_user, settings.neo4j_password.get_secret_value()),
        "redis": partial(_redis, settings.redis_url.get_secret_value()),
        "milvus": partial(_milvus, settings.milvus_uri),
    }


def _get(url: str) -> Any:
    answer = httpx.get(url, timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    return answer.json()


def _postgresql(dsn: str) -> Server:
    import psycopg

    with psycopg.connect(dsn, connect_timeout=int(PATIENCE_SECONDS)) as connection:
        row = connection.execute("SELECT current_setting('server_version'), current_database()").fetchone()
    assert row is not None
    return Server(str(row[0]).split(" ", maxsplit=1)[0], f"database {row[1]}")


def _kafka(bootstrap: str) -> Server:
    from aegis.offsets import admin_client

    brokers = admin_client(bootstrap).list_topics(timeout=PATIENCE_SECONDS).brokers
    return Server("", f"{len(brokers)} broker{'s' if len(brokers) != 1 else ''}")


def _connect(url: str) -> Server:
    return Server(str(_get(url)["version"]))


def _registry(url: str) -> Server:
    """The Confluent interface tells no version; Apicurio's own does, where it is Apicurio."""
    subjects = _get(f"{url.rstrip('/')}/subjects")
    split = urlsplit(url)
    own = httpx.get(f"{split.scheme}://{split.netloc}/apis/registry/v3/system/info", timeout=PATIENCE_SECONDS)
    return Server(str(own.json()["version"]) if own.is_success else "", f"{len(subjects)} subjects")


def _elasticsearch(url: str) -> Server:
    health = _get(f"{url.rstrip('/')}/_cluster/health")
    return Server(str(_get(url)["version"]["number"]), f"cluster {health['status']}")


def _neo4j(uri: str, user: str, password: str) -> Server:
    from neo4j import GraphDatabase

    with GraphDatabase.driver(uri, auth=(user, password), connection_timeout=PATIENCE_SECONDS, connection_acquisition_timeout=PATIENCE_SECONDS) as driver:
        return Server(driver.get_server_info().agent.removeprefix("Neo4j/"))


def _redis(url: str) -> Server:
    from redis import Redis

    with Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS) as client:
        info: Any = client.info("server")
    return Server(str(info["redis_version"]))


def _milvus(uri: str) -> Server:
    from pymilvus import MilvusClient

    client = MilvusClient(uri, timeout=PATIENCE_SECONDS)
    try:
        return Server(str(client.get_server_version(timeout=PATIENCE_SECONDS)), f"{len(client.list_collections(timeout=PATIENCE_SECONDS))} collections")
    finally:
        client.close()
