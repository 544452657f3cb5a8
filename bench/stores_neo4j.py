"""The Neo4j leg against a saturated bulk write of prebuilt payloads to the same server (aim: at least 0.8).

`python -m bench.stores_neo4j`, with NEO4J_* as `make env` prints them.

Leg: `Neo4jStore.apply` of projected records in batches of 500. Bulk: the same nodes and edges from parameters that were built beforehand, MERGE and SET without
lock or comparison, 500 rows a transaction. Both write under labels of their own, in turns; each with 1 and 2 writers, the better one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from neo4j import Driver, GraphDatabase

from aegis.derivations import shapes
from aegis.projections.shapes import GraphLabel
from aegis.settings import settings
from aegis.stores import neo4j_node
from aegis.stores.neo4j import Neo4jStore
from aegis.stores.neo4j_cypher import prefixed, statements
from bench.leg import Plan, Rates, measure, report

PLAN = Plan("neo4j", number=2_000, batch=500, rounds=3)


def bulk_statement(shape: GraphLabel) -> str:
    """The plainest write of the same nodes and edges."""
    edges = (
        f"CALL (n, row) {{ UNWIND row.edges.{edge.type} AS far MERGE (m:{edge.label} {{{edge.key}: far}}) MERGE (n)-[:{edge.type}]->(m) }}"
        for edge in shape.edges
    )
    merge = f"UNWIND $rows AS row MERGE (n:{shape.record_label} {{{shape.key}: row.key}}) SET n = row.properties, n:{shape.label} WITH n, row "
    return merge + " ".join(edges)


def payloads(shape: GraphLabel, made: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Parameters of the bulk write."""
    of, now = statements(shape, frozenset()), datetime.now(UTC)
    return [
        {
            **neo4j_node.row(record, of, now),
            "edges": {edge.type: [far[edge.key] for far in record.content["edges"][edge.type]] for edge in shape.edges},
        }
        for record in made
    ]


def remove(driver: Driver, prefix: str) -> None:
    """Everything under labels that begin with `prefix`."""
    for row in driver.execute_query("CALL db.labels() YIELD label WHERE label STARTS WITH $prefix RETURN label", prefix=prefix).records:
        with driver.session(database="neo4j") as session:
            session.run(f"MATCH (n:{row['label']}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 1000 ROWS").consume()
    for kind, plural in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
        for row in driver.execute_query(f"SHOW {plural} YIELD name WHERE name STARTS WITH $prefix RETURN name", prefix=prefix).records:
            driver.execute_query(f"DROP {kind} {row['name']} IF EXISTS")


def compare(driver: Driver, leg: Neo4jStore, shape: GraphLabel) -> Rates:
    """Rates of the leg, and of the bulk write under the labels of `shape`."""
    statement = bulk_statement(shape)

    def bulk(rows: Sequence[Any]) -> None:
        with driver.session(database="neo4j") as session:
            session.execute_write(lambda transaction: transaction.run(statement, rows=rows).consume())

    return measure(PLAN, leg.apply, bulk, lambda made: payloads(shape, made))


def run() -> None:
    """Measure and print: the ratio first, then its parts."""
    known, unique = settings(), f"Bench{uuid4().hex[:8]}"
    labels = {table: shape for table, shape in shapes("neo4j").items() if isinstance(shape, GraphLabel)}
    password = known.neo4j_password.get_secret_value()
    leg = Neo4jStore(known.neo4j_uri, known.neo4j_user, password, labels, label_prefix=f"{unique}Leg")
    same = Neo4jStore(known.neo4j_uri, known.neo4j_user, password, labels, label_prefix=f"{unique}Bulk")
    with GraphDatabase.driver(known.neo4j_uri, auth=(known.neo4j_user, password), notifications_min_severity="OFF") as driver:
        try:
            leg.prepare()
            same.prepare()  # the same constraints and indexes for the bulk write
            rates = compare(driver, leg, prefixed(labels["policies"], f"{unique}Bulk"))
        finally:
            leg.close()
            same.close()
            remove(driver, unique)
    report(PLAN, "Neo4j leg / bulk write", rates)


if __name__ == "__main__":
    run()
