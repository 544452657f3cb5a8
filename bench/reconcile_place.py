"""A database and stores of the benchmark's own: no slot reads the database, and nothing of it is left at the end."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast
from zlib import crc32

import numpy as np
import psycopg
from elasticsearch import Elasticsearch
from neo4j import Driver, GraphDatabase
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pymilvus import MilvusClient
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NotYet
from redis.retry import Retry

from aegis.derivations import shapes
from aegis.embedding.protocol import Vectors
from aegis.migrations import migrate
from aegis.settings import settings
from aegis.stores.elasticsearch import ElasticsearchStore
from aegis.stores.milvus import MilvusStore
from aegis.stores.neo4j import Neo4jStore
from aegis.stores.protocol import Store
from aegis.stores.redis import RedisStore
from bench.stores_elasticsearch import standard

TABLE = "policies"
TIMEOUT = 300.0
"""Seconds a call: a plain reading of everything is one call to some servers."""
REDIS_READY_SECONDS = 20
REMOVED_AT_ONCE = 5_000


class FixedVectors:
    """Stands in for an embedder: 64 unit vectors that were made beforehand, since embedding is not what is measured."""

    model = "bench-fixed-vectors"
    dimension = 384

    def __init__(self) -> None:
        made = np.random.default_rng(1).standard_normal((64, self.dimension)).astype(np.float32)
        self._vectors = made / np.linalg.norm(made, axis=1, keepdims=True)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One of the fixed vectors for each text."""
        return cast("Vectors", self._vectors[[crc32(text.encode()) % 64 for text in texts]])


@dataclass(frozen=True, slots=True)
class Place:
    """Names of one set of data, in all servers."""

    name: str
    stores: tuple[str, ...]
    redis_url: str

    @property
    def database(self) -> str:
        """Of PostgreSQL."""
        return f"aegis_bench_{self.name}"

    @property
    def dsn(self) -> str:
        """The owner's."""
        return make_conninfo(settings().postgres_dsn.get_secret_value(), dbname=self.database)

    @property
    def prefix(self) -> str:
        """Before every index of Elasticsearch, and every name in Redis."""
        return f"bench-{self.name}-"

    @property
    def label_prefix(self) -> str:
        """Before every label of Neo4j."""
        return f"Bench{self.name.capitalize()}"

    @property
    def collection_prefix(self) -> str:
        """Before every collection of Milvus."""
        return f"bench_{self.name}_"

    def open(self, store: str) -> Store:
        """The driver of `store`, under the place's names."""
        known, of = settings(), cast("Mapping[str, Any]", {TABLE: shapes(store)[TABLE]})
        match store:
            case "milvus":
                return MilvusStore(known.milvus_uri, of, FixedVectors(), timeout=TIMEOUT, collection_prefix=self.collection_prefix)
            case "neo4j":
                password = known.neo4j_password.get_secret_value()
                return Neo4jStore(known.neo4j_uri, known.neo4j_user, password, of, timeout=TIMEOUT, label_prefix=self.label_prefix)
            case "elasticsearch":
                # A comparison reads no text, and Korean analysis is most of the time that loading takes.
                return ElasticsearchStore(known.elasticsearch_url, {TABLE: standard(of[TABLE])}, timeout=TIMEOUT, prefix=self.prefix)
            case _:
                return RedisStore(self.redis_url, of, timeout=TIMEOUT, namespace=self.prefix)

    @contextmanager
    def opened(self) -> Iterator[dict[str, Store]]:
        """All stores of the place, closed at the end of the block."""
        with ExitStack() as stack:
            stores = {name: self.open(name) for name in self.stores}
            for store in stores.values():
                stack.callback(store.close)
            yield stores

    def remove(self) -> None:
        """Take away everything under the place's names. Redis ends with its process."""
        if "elasticsearch" in self.stores:
            with Elasticsearch(settings().elasticsearch_url, request_timeout=60) as client:
                for index in client.indices.get(index=f"{self.prefix}*"):
                    client.indices.delete(index=index)
        if "neo4j" in self.stores:
            with neo4j_driver() as driver:
                self._remove_nodes(driver)
        if "milvus" in self.stores:
            milvus = MilvusClient(settings().milvus_uri, timeout=60, dedicated=True)
            for name in milvus.list_collections():
                if name.startswith(self.collection_prefix):
                    milvus.drop_collection(name)
            milvus.close()
        with psycopg.connect(settings().postgres_dsn.get_secret_value(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.database)))

    def _remove_nodes(self, driver: Driver) -> None:
        """Records before the nodes that they refer to, whose edges are then gone."""
        labels = [row["label"] for row in driver.execute_query("CALL db.labels() YIELD label WHERE label STARTS WITH $p RETURN label", p=self.label_prefix)[0]]
        with driver.session() as session:
            for label in sorted(labels, key=lambda label: not label.endswith("Record")):
                session.run(f"MATCH (n:{label}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF {REMOVED_AT_ONCE} ROWS").consume()
        for kind, plural in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
            rows = driver.execute_query(f"SHOW {plural} YIELD name WHERE name STARTS WITH $p RETURN name", p=self.label_prefix)[0]
            for row in rows:
                driver.execute_query(f"DROP {kind} {row['name']} IF EXISTS")

    def prepare(self) -> None:
        """A migrated database, and whatever the stores need."""
        with psycopg.connect(settings().postgres_dsn.get_secret_value(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))
        migrate(self.dsn)
        with self.opened() as stores:
            for store in stores.values():
                store.prepare()


@contextmanager
def made(place: Place) -> Iterator[Place]:
    """`place`, empty; removed at the end, and before, where a killed run left it."""
    place.remove()
    try:
        place.prepare()
        yield place
    finally:
        place.remove()


@contextmanager
def redis_server() -> Iterator[str]:
    """URL of a Redis of the benchmark's own, without persistence: a million policies need more memory than the stack's may take."""
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("redis-server is not installed: run infra/local/setup.sh")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            url = f"redis://127.0.0.1:{port}/0"
            with Redis.from_url(url, retry=Retry(ConstantBackoff(0.05), 20 * REDIS_READY_SECONDS), retry_on_error=[NotYet]) as client:
                client.ping()
            yield url
        finally:
            process.terminate()
            process.wait()


def neo4j_driver() -> Driver:
    """A plain connection, as a reader has it."""
    known = settings()
    return GraphDatabase.driver(known.neo4j_uri, auth=(known.neo4j_user, known.neo4j_password.get_secret_value()), notifications_min_severity="OFF")


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Within the block a request to end is an exception, so that everything is removed."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
