"""The Neo4j leg against a saturated bulk write of prebuilt payloads to the same server (aim: at least 0.8).

`python -m bench.stores_neo4j`, with NEO4J_* as `make env` prints them.

Leg: `Neo4jStore.apply` of projected records in batches of 500. Bulk: the same nodes and edges from parameters that were built beforehand, MERGE and SET without
lock or comparison, 500 rows a transaction. Both write under labels of their own, in turns; each with 1 and 2 writers, the better one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any
from uuid import uuid4

from neo4j import Driver, GraphDatabase

from aegis.derivations import shapes
from aegis.projections.shapes import GraphLabel
from aegis.settings import settings
from aegis.stores import neo4j_node
from aegis.stores.neo4j import Neo4jStore
from aegis.stores.neo4j_cypher import prefixed, statements
from bench.store_records import batches, rate, records, spread

AIM = 0.8
NUMBER = 2_000
BATCH = 500
ROUNDS = 3
WRITERS = (1, 2)


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


def measure(driver: Driver, leg: Neo4jStore, shape: GraphLabel) -> dict[tuple[str, str, int], list[float]]:
    """(what, who, writers) → rows per second of each round."""
    statement, rates = bulk_statement(shape), dict[tuple[str, str, int], list[float]]()

    def bulk(rows: Sequence[Any]) -> None:
        with driver.session(database="neo4j") as session:
            session.execute_write(lambda transaction: transaction.run(statement, rows=rows).consume())

    for turn in range(-1, ROUNDS):
        for writers in WRITERS:
            for step, what in enumerate(("first copy", "update")):
                made = records("neo4j", NUMBER, f"{turn}w{writers}-", 1_000_000 * (step + 1), title=what)
                prebuilt = payloads(shape, made)
                takes = {"bulk": partial(rate, bulk, batches(prebuilt, BATCH), writers), "leg": partial(rate, leg.apply, batches(made, BATCH), writers)}
                for who in sorted(takes, reverse=bool(turn % 2)):
                    measured = takes[who]()
                    if turn >= 0:
                        rates.setdefault((what, who, writers), []).append(measured)
    return rates


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
            rates = measure(driver, leg, prefixed(labels["policies"], f"{unique}Bulk"))
        finally:
            leg.close()
            same.close()
            remove(driver, unique)
    for what in ("first copy", "update"):
        best = {who: max(median(rates[what, who, writers]) for writers in WRITERS) for who in ("leg", "bulk")}
        print(f"Neo4j leg / bulk write, {what}: {best['leg'] / best['bulk']:.2f} (aim >= {AIM})")
        for writers in WRITERS:
            print(f"  {writers} writers: leg {spread(rates[what, 'leg', writers])} rows/s, bulk {spread(rates[what, 'bulk', writers])} rows/s")
    print(f"  {ROUNDS} rounds of {NUMBER} policies, {BATCH} a batch")


if __name__ == "__main__":
    run()
