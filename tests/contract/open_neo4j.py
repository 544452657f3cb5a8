"""Neo4j under labels of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from neo4j import Driver, GraphDatabase

from aegis.derivations import shapes
from aegis.projections.shapes import GraphLabel
from aegis.record import Record
from aegis.settings import settings
from aegis.stores.neo4j import Neo4jStore
from tests.contract.opened import Opened

TIMEOUT = 10.0
SHORT = 2.0


def graph_shapes() -> dict[str, GraphLabel]:
    """Table → label."""
    return {table: shape for table, shape in shapes("neo4j").items() if isinstance(shape, GraphLabel)}


def connect() -> Driver:
    """A driver of the test's own, which sees the graph as readers do."""
    known = settings()
    return GraphDatabase.driver(known.neo4j_uri, auth=(known.neo4j_user, known.neo4j_password.get_secret_value()), notifications_min_severity="OFF")


def open_store(prefix: str, *, uri: str | None = None, timeout: float = TIMEOUT) -> Neo4jStore:
    """A store whose labels begin with `prefix`."""
    known = settings()
    return Neo4jStore(uri or known.neo4j_uri, known.neo4j_user, known.neo4j_password.get_secret_value(), graph_shapes(), timeout=timeout, label_prefix=prefix)


def remove(driver: Driver, prefix: str, labels: Mapping[str, GraphLabel]) -> None:
    """Everything that a store with `prefix` makes."""
    names = {name for shape in labels.values() for name in (shape.label, shape.record_label, *(edge.label for edge in shape.edges))}
    for name in sorted(names):
        driver.execute_query(f"MATCH (n:{prefix}{name}) CALL (n) {{ DETACH DELETE n }}")
    for kind, plural in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
        for row in driver.execute_query(f"SHOW {plural} YIELD name WHERE name STARTS WITH $prefix RETURN name", prefix=prefix).records:
            driver.execute_query(f"DROP {kind} {row['name']} IF EXISTS")


def _poison(record: Record) -> Record:
    content = record.content or {}
    return replace(record, content={**content, "properties": {**content["properties"], "title": {"no": "node holds a map"}}})


@contextmanager
def open_neo4j(unique: str) -> Iterator[Opened]:
    """A prepared store; its nodes, constraints and indexes are removed at the end."""
    prefix, labels, where = unique.capitalize(), graph_shapes(), urlsplit(settings().neo4j_uri)
    with connect() as driver:
        store = open_store(prefix)

        def seen(table: str, key: str) -> bool:
            shape = labels[table]
            return bool(driver.execute_query(f"MATCH (n:{prefix}{shape.label} {{{shape.key}: $key}}) RETURN n", key=key).records)

        def stray(table: str, key: str) -> None:
            shape = labels[table]
            driver.execute_query(f"CREATE (:{prefix}{shape.label} {{{shape.key}: $key, title: 'made by hand'}})", key=key)

        try:
            store.prepare()
            yield Opened(
                store,
                "neo4j",
                lambda: open_store(prefix),
                _poison,
                seen,
                server=(where.hostname or "127.0.0.1", where.port or 7687),
                at=lambda port: open_store(prefix, uri=f"bolt://127.0.0.1:{port}", timeout=SHORT),
                stray=stray,
            )
        finally:
            store.close()
            remove(driver, prefix, labels)
