"""Plants in Neo4j: a node a record, whose record label stays for good and whose visible label readers match; bookkeeping in properties that begin with `_`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neo4j import GraphDatabase

from aegis.claim import claim_of
from aegis.settings import Settings
from tests.support.planting.plant import AHEAD, DELETE_RANK, IMPOSSIBLE_STAMP, Images, Kind, Plant, new_key, plants


@dataclass(frozen=True, slots=True)
class Label:
    """How a table lies in the graph."""

    visible: str
    record: str
    key: str
    text: str
    """A property that every node has."""
    edge: str
    """A type of edges that live nodes have."""
    far: str
    """What an edge of that type may lead to beside what it leads to: a node that is there, or is made."""


LABELS = {
    "policies": Label("Policy", "PolicyRecord", "policy_id", "title", "TARGETS_REGION", "(:Region {code: '50'})"),
    "users": Label("User", "UserRecord", "user_id", "business_type", "LIVES_IN", "(:Region {code: '50'})"),
    "business_rules": Label("BusinessRule", "BusinessRuleRecord", "rule_id", "name", "GOVERNS", "(:PolicyRecord {policy_id: $other})"),
}

STATEMENTS = {
    Kind.MISSING: "DETACH DELETE n",
    Kind.CONTENT: "SET n.{text} = 'another'",
    Kind.LOWERED_STAMP: "SET n._stamp = n._stamp - 8",
    Kind.IMPOSSIBLE_STAMP: f"SET n._stamp = {IMPOSSIBLE_STAMP}",
    Kind.NEGATIVE_STAMP: "SET n._stamp = -5",
    Kind.TEXT_STAMP: "SET n._stamp = toString(n._stamp)",
    Kind.NO_STAMP: "REMOVE n._stamp",
    Kind.NO_BUCKET: "REMOVE n._bucket",
    Kind.WRONG_CLAIM: "SET n._claim = n._claim + 1",
    Kind.WRONG_BUCKET: "SET n._bucket = (n._bucket + 1) % 4096",
    Kind.HIDDEN: "REMOVE n:{visible}",
    Kind.REVEALED: "SET n:{visible}",
    Kind.BURIED: f"REMOVE n:{{visible}} SET n._stamp = n._stamp / 4 * 4 + {DELETE_RANK} WITH n OPTIONAL MATCH (n)-[e]->() DELETE e",
    Kind.DUPLICATE: "CREATE (m:{visible}) SET m = properties(n)",
    Kind.BARE_DUPLICATE: "CREATE (:{visible} {{{key}: n.{key}, {text}: 'by hand'}})",
    Kind.MISSING_EDGE: "MATCH (n)-[e:{edge}]->() WITH n, collect(e)[0] AS e DELETE e",
    Kind.WRONG_EDGE: "MATCH (n)-[e:{edge}]->() WITH n, collect(e)[0] AS e DELETE e MERGE (m{far} CREATE (n)-[:{edge}]->(m)",
    Kind.EXTRA_EDGE: "MERGE (m{far} CREATE (n)-[:{edge}]->(m)",
    Kind.DOUBLED_EDGE: "MATCH (n)-[e:{edge}]->(m) WITH n, collect(m)[0] AS m CREATE (n)-[:{edge}]->(m)",
    Kind.FAR_NODE: "MATCH (n)-[:{edge}]->(m) SET m.name = 'another'",
    Kind.EDGE_ON_TOMBSTONE: "MERGE (m{far} CREATE (n)-[:{edge}]->(m)",
}
"""What is done to each node `n`."""


class Neo4jPlanter:
    """Corrupts the graph. `other`: key of a policy that rules may govern beside their own; no plant may touch it."""

    store = "neo4j"

    def __init__(self, settings: Settings, other: str) -> None:
        self._driver = GraphDatabase.driver(settings.neo4j_uri, auth=(settings.neo4j_user, settings.neo4j_password.get_secret_value()))
        self._other = other

    def kinds(self, table: str) -> Sequence[Kind]:
        of_policies = (Kind.REVEALED, Kind.FAR_NODE)
        made = (Kind.FUTURE_STAMP, Kind.ORPHAN, Kind.ORPHAN_OTHER_BUCKET, Kind.UNRECORDED_ORPHAN, Kind.BY_HAND, Kind.STUB)
        return (*made, *(kind for kind in STATEMENTS if kind not in of_policies or table == "policies"))

    def plant(self, kind: Kind, table: str, keys: Sequence[str]) -> list[Plant]:
        label = LABELS[table]
        match kind:
            case Kind.ORPHAN | Kind.ORPHAN_OTHER_BUCKET | Kind.UNRECORDED_ORPHAN:
                made = self._copy(table, keys, kind)
            case Kind.FUTURE_STAMP:
                made = self._advance(table, keys)
            case Kind.BY_HAND:
                made = [new_key(key, kind) for key in keys]
                self._run(f"UNWIND $keys AS key CREATE (:{label.visible} {{{label.key}: key, {label.text}: 'by hand'}})", keys=made)
            case Kind.STUB:
                made = [new_key(key, kind) for key in keys]
                self._run(f"UNWIND $keys AS key CREATE (:{label.record} {{{label.key}: key}})", keys=made)
            case _:
                made = list(keys)
                names = {name: getattr(label, name) for name in ("visible", "key", "text", "edge")}
                done = STATEMENTS[kind].format(**names, far=label.far.removeprefix("("))
                self._run(f"UNWIND $keys AS key MATCH (n:{label.record} {{{label.key}: key}}) {done}", keys=made, other=self._other)
        return plants(self.store, table, made, kind, f"Cypher: {kind}")

    def images(self, table: str, keys: Sequence[str]) -> Images:
        label = LABELS[table]
        found = self._run(f"MATCH (n:{label.record}) WHERE n.{label.key} IN $keys RETURN n.{label.key} AS key, properties(n) AS image", keys=list(keys))
        return {row["key"]: row["image"] for row in found}

    def put_back(self, table: str, images: Images) -> list[Plant]:
        """Properties alone: the update between was of no edge."""
        label, rows = LABELS[table], [{"key": key, "image": image} for key, image in images.items()]
        self._run(f"UNWIND $rows AS row MATCH (n:{label.record} {{{label.key}: row.key}}) SET n = row.image", rows=rows)
        return plants(self.store, table, list(images), Kind.OLD_IMAGE, "SET of all properties of the version before")

    def remove(self, table: str, keys: Sequence[str]) -> None:
        label = LABELS[table]
        self._run(f"MATCH (n:{label.record}) WHERE n.{label.key} IN $keys DETACH DELETE n", keys=list(keys))

    def shown(self, table: str, keys: Sequence[str]) -> set[str]:
        label = LABELS[table]
        return {row["key"] for row in self._run(f"MATCH (n:{label.visible}) WHERE n.{label.key} IN $keys RETURN n.{label.key} AS key", keys=list(keys))}

    def close(self) -> None:
        self._driver.close()

    def _copy(self, table: str, keys: Sequence[str], kind: Kind) -> list[str]:
        label, rows = LABELS[table], []
        for key, image in self.images(table, keys).items():
            new = new_key(key, kind)
            claim = claim_of(new, image["_stamp"] // 4)
            own = {} if kind is Kind.ORPHAN_OTHER_BUCKET else {"_bucket": claim.bucket, "_claim": claim.claim}
            rows.append(image | {label.key: new} | own)
        labels = label.visible if kind is Kind.UNRECORDED_ORPHAN else f"{label.record}:{label.visible}"
        self._run(f"UNWIND $rows AS row CREATE (n:{labels}) SET n = row", rows=rows)
        return [row[label.key] for row in rows]

    def _advance(self, table: str, keys: Sequence[str]) -> list[str]:
        images = self.images(table, keys)
        for key, image in images.items():
            stamp = image["_stamp"] + 4 * AHEAD
            image |= {"_stamp": stamp, "_claim": claim_of(key, stamp // 4).claim}
        self.put_back(table, images)
        return list(images)

    def _run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        records, _, _ = self._driver.execute_query(statement, parameters)
        return [record.data() for record in records]
