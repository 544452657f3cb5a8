"""Cypher for one table's records, made of its shape alone. Names in the text are our own, checked identifiers; every value is a parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aegis.claim import CLAIM_BITS
from aegis.inspection import BUCKETS, LOWEST_STAMP
from aegis.projections.shapes import EdgeType, GraphLabel

BOOKKEEPING = "_"
"""Prefix of the properties that belong to no content: stamp, position, time of application, bucket and claim."""
STAMP = "_stamp"
BUCKET = "_bucket"
CLAIM = "_claim"
PLANNED_ONCE = "CYPHER replan=skip "
"""Before each statement that writes changes or reads by key. Its plan, index seeks only, is right for any number of nodes; else the server plans it again, for
most of a second, whenever their number has changed much, and changes wait for that."""
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def checked(name: str) -> str:
    """`name`, if it is safe inside a statement. Raises ValueError naming it and the remedy."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a label, a type or a property: use letters, digits and _ in the shape, beginning with a letter")
    return name


def prefixed(shape: GraphLabel, prefix: str) -> GraphLabel:
    """`shape` with `prefix` before each of its labels, so that tests keep apart from each other."""
    return replace(
        shape,
        label=prefix + shape.label,
        record_label=prefix + shape.record_label,
        edges=tuple(replace(edge, label=prefix + edge.label) for edge in shape.edges),
    )


@dataclass(frozen=True, slots=True)
class Statements:
    """What is run for one table. Parameters: `$rows` of `neo4j_node.row`, `$nodes` of far nodes, `$groups`, `$keys`, `$after` and `$limit`."""

    shape: GraphLabel
    owned: frozenset[str]
    """Record labels of all tables: nodes that carry one belong to their own records, so an edge towards them writes no property but the key."""
    prepare: tuple[str, ...]
    far: dict[str, str]
    """Edge type → statement that creates missing far nodes and sets their properties."""
    write: str
    """Answers with the key of each record that was written, and the edges that it has."""
    link: dict[str, str]
    """Edge type → statement that creates edges; `$groups`: [key of the far node, keys of records]."""
    unlink: str
    """Takes edges away; `$groups`: [key of the record that they lead from, their element ids]."""
    fetch: str
    page: str
    count: str
    stamps: str

    @property
    def planned_once(self) -> tuple[str, ...]:
        """All that a change, or the reading of it by key, waits for."""
        return (*self.far.values(), self.write, self.unlink, *self.link.values(), self.fetch, self.stamps)

    def far_properties(self, edge: EdgeType) -> bool:
        """Whether an edge of this type writes and reads the far node's other properties."""
        return edge.label not in self.owned


def statements(shape: GraphLabel, owned: frozenset[str]) -> Statements:
    """The statements for one table. Raises ValueError for a name that is no identifier."""
    for name in (shape.label, shape.record_label, shape.key, *(part for edge in shape.edges for part in (edge.type, edge.label, edge.key))):
        checked(name)
    record = f"(n:{shape.record_label} {{{shape.key}: key}})"
    return Statements(
        shape=shape,
        owned=owned,
        prepare=_prepare(shape),
        far={edge.type: _far(edge, owned) for edge in shape.edges},
        write=_write(shape),
        link={edge.type: _link(shape, edge) for edge in shape.edges},
        unlink=_unlink(shape),
        fetch=f"{PLANNED_ONCE}UNWIND $keys AS key MATCH {record} WHERE {sound(shape)} {_returned(shape, owned)}",
        page=(
            f"MATCH (n:{shape.record_label}) WHERE n.{shape.key} > $after AND {sound(shape)} WITH n ORDER BY n.{shape.key} LIMIT $limit "
            f"{_returned(shape, owned)}"
        ),
        count=(
            f"MATCH (n:{shape.record_label}) WHERE {sound(shape)} "
            f"RETURN count(CASE WHEN n:{shape.label} THEN 1 END) AS visible, count(CASE WHEN NOT n:{shape.label} THEN 1 END) AS tombstones"
        ),
        stamps=f"{PLANNED_ONCE}UNWIND $keys AS key MATCH {record} WHERE {sound(shape)} RETURN key, n.{STAMP} AS stamp",
    )


def sound(shape: GraphLabel, *, any_bucket: bool = True) -> str:
    """The condition that node `n` is a record: it has a text key, a stamp that a row can have drawn, and a bucket and a claim of their size.

    `any_bucket` False: the bucket is compared with buckets elsewhere.
    """
    return readable(f"n.{shape.key}", f"n.{STAMP}", f"n.{BUCKET}", f"n.{CLAIM}", any_bucket=any_bucket)


def readable(key: str, stamp: str, bucket: str, claim: str, *, any_bucket: bool = True) -> str:
    """`sound`, of expressions: a statement over all nodes spends its time on reading properties, so it reads each once."""
    bounds = f" AND {bucket} >= 0 AND {bucket} < {BUCKETS}" if any_bucket else ""
    return f"({key} IS :: STRING NOT NULL AND {registered(stamp, bucket, claim)}{bounds})"


def registered(stamp: str, bucket: str, claim: str) -> str:
    """`readable`, of a node whose key and bounds of the bucket are looked at elsewhere."""
    return (
        f"{stamp} IS :: INTEGER NOT NULL AND {stamp} >= {LOWEST_STAMP} AND {bucket} IS :: INTEGER NOT NULL "
        f"AND {claim} IS :: INTEGER NOT NULL AND {claim} >= 0 AND {claim} < {2**CLAIM_BITS}"
    )


def _prepare(shape: GraphLabel) -> tuple[str, ...]:
    """Uniqueness of records and of far nodes, an index for readers, who match the visible label, and one for comparisons, which list a bucket's records."""
    unique = dict.fromkeys([(shape.record_label, shape.key), *((edge.label, edge.key) for edge in shape.edges)])
    return (
        *(f"CREATE CONSTRAINT {label}_{key}_unique IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE" for label, key in unique),
        f"CREATE INDEX {shape.label}_{shape.key}_lookup IF NOT EXISTS FOR (n:{shape.label}) ON (n.{shape.key})",
        f"CREATE INDEX {shape.record_label}{BUCKET}_lookup IF NOT EXISTS FOR (n:{shape.record_label}) ON (n.{BUCKET})",
    )


def _far(edge: EdgeType, owned: frozenset[str]) -> str:
    """Create the far nodes of a batch. A node whose properties are right already is not written, so that regions are no point of contention."""
    merge = f"{PLANNED_ONCE}UNWIND $nodes AS node MERGE (m:{edge.label} {{{edge.key}: node.{edge.key}}})"
    if edge.label in owned:
        return merge
    return f"{merge} WITH m, node WHERE any(name IN keys(node) WHERE m[name] IS NULL OR m[name] <> node[name]) SET m += node"


def _write(shape: GraphLabel) -> str:
    """Compare and write. `SET n._lock` takes the write lock before the stamp is read: MERGE alone does not, and loses updates.
    To remove it alone would do once any node has had such a property; in a new database, where none had, that takes no lock.

    Edges are compared by the caller, under that lock: an update that leaves them alone, as most do, then only reads them.
    """
    return PLANNED_ONCE + "\n".join(
        (
            "UNWIND $rows AS row",
            "CALL (row) {",
            f"  MERGE (n:{shape.record_label} {{{shape.key}: row.key}})",
            "  SET n._lock = true REMOVE n._lock",
            f"  WITH n, row WHERE NOT n.{STAMP} IS :: INTEGER NOT NULL OR row.stamp >= n.{STAMP}",
            "  SET n = row.properties",
            f"  FOREACH (_ IN CASE WHEN row.visible THEN [1] ELSE [] END | SET n:{shape.label})",
            f"  FOREACH (_ IN CASE WHEN row.visible THEN [] ELSE [1] END | REMOVE n:{shape.label})",
            f"  RETURN {_found(shape)} AS found",
            "}",
            "RETURN row.key AS key, found",
        )
    )


def _found(shape: GraphLabel) -> str:
    """The edges of `n` that are its own: [element id, type, key of the far node, null where that is not what the shape says]."""
    if not shape.edges:
        return "[]"
    far = " ".join(f"WHEN '{edge.type}' THEN CASE WHEN m:{edge.label} THEN m.{edge.key} END" for edge in shape.edges)
    return f"[(n)-[e:{'|'.join(edge.type for edge in shape.edges)}]->(m) | [elementId(e), type(e), CASE type(e) {far} END]]"


def _link(shape: GraphLabel, edge: EdgeType) -> str:
    return (
        f"{PLANNED_ONCE}UNWIND $groups AS link MATCH (m:{edge.label} {{{edge.key}: link[0]}}) "
        f"UNWIND link[1] AS key MATCH (n:{shape.record_label} {{{shape.key}: key}}) CREATE (n)-[:{edge.type}]->(m)"
    )


def _unlink(shape: GraphLabel) -> str:
    """Found from their own record: by its id alone, the server may look for an edge among all that there are."""
    record = f"(n:{shape.record_label} {{{shape.key}: unlink[0]}})"
    return f"{PLANNED_ONCE}UNWIND $groups AS unlink MATCH {record}-[e]->() WHERE elementId(e) IN unlink[1] DELETE e"


def _returned(shape: GraphLabel, owned: frozenset[str]) -> str:
    """Properties, visibility and far nodes of `n`."""
    far = (
        f"{edge.type}: [(n)-[:{edge.type}]->(m) | {f'm {{.{edge.key}}}' if edge.label in owned else 'properties(m)'}]"  # one list per edge type
        for edge in shape.edges
    )
    return f"RETURN n.{shape.key} AS key, properties(n) AS properties, n:{shape.label} AS visible, {{{', '.join(far)}}} AS edges"
