"""Cypher that tells a comparison what a graph holds of one table, and takes it away. Made of shapes alone, as in `neo4j_cypher`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aegis.projections.shapes import GraphLabel
from aegis.stamp import Rank
from aegis.stores.neo4j_cypher import BOOKKEEPING, BUCKET, CLAIM, STAMP, readable, registered, sound

BY_ELEMENT = "elementId:"
"""Prefix of what stands for the key of a node without one."""
DELETE = "UNWIND $ids AS id MATCH (n) WHERE elementId(n) = id DETACH DELETE n"
LINK_AGAIN = (
    "UNWIND $edges AS edge MATCH (n) WHERE elementId(n) = edge.from MATCH (m) WHERE elementId(m) = edge.far "
    "CREATE (n)-[e:$(edge.type)]->(m) SET e = edge.properties"
)
"""Edges that no shape declares, or that lead to nodes that it does not describe: put back where the far node is still there."""


@dataclass(frozen=True, slots=True)
class Inspections:
    """What is run for one table. A *sound* node is a record with a key and readable bookkeeping. A *placeholder* has the record label and the key alone, and
    some record's edge leads to it: that is in order, and nobody's record. Every other node with one of the two labels is astray.
    """

    shape: GraphLabel
    size: str
    """About how many records there are, from the server's own counters."""
    keyed: str
    """How many record nodes have a key that is a text, from the index alone."""
    sums: str
    """`$start`, `$end`: sums of sound nodes by bucket in that range, apart for those that count in a bucket and those that do not."""
    sums_of_keyed: str
    """The same where every record node has a key that is a text: reading it from each takes a quarter of the time."""
    unlabelled: str
    """How many nodes have the visible label without the record label."""
    astray: str
    """How many nodes are astray, and how many of them readers see."""
    listing: str
    """`$buckets`, `$after`, `$limit`: sound nodes by key, with the number of strays of the same key; a list each column, which the driver reads quickest."""
    listing_alone: str
    """The same where nothing is `unlabelled`."""
    strays: str
    """`$after`, `$limit`: keys of which something is astray, with the sound node beside it, if any."""
    inspect: str
    """`$keys`: every node of each key."""
    inspect_elements: str
    """`$ids`: nodes that have no key, by element id."""
    take_expected: str
    """`$rows` of key and stamp: locks, compares, and answers with the nodes that are to go."""
    take_astray: str
    """`$keys`: locks, looks again, and answers with the nodes that are to go."""
    take_elements: str
    """`$ids`: as `take_astray`, of nodes without a key."""
    strip: str
    """`$ids`: makes placeholders of nodes that other records' edges lead to."""
    images: str
    images_of_elements: str
    lock: str
    """`$keys`: takes the write locks of record nodes."""
    put_back: str
    """`$nodes`: record nodes with a key, which may stand as placeholders."""
    put_back_stray: str
    """`$nodes`: others. One without a key that stands already is not made twice."""
    link: dict[str, str]
    """Edge type → statement that puts edges of that type back; `$edges`."""


def inspections(shape: GraphLabel, shapes: Iterable[GraphLabel]) -> Inspections:
    """The statements for one table; `shapes` are those of all tables, whose edges may lead here. Names are checked by `neo4j_cypher.statements`."""
    nodes = _Nodes(shape, tuple(shapes))
    label, record, key = shape.label, shape.record_label, shape.key
    of_key = f"CALL (key) {{ MATCH (n:{record} {{{key}: key}}) RETURN n UNION MATCH (n:{label} {{{key}: key}}) WHERE NOT n:{record} RETURN n }}"
    of_element = f"MATCH (n) WHERE elementId(n) = id AND (n:{label} OR n:{record}) AND NOT {nodes.keyed}"
    all_astray = (
        f"CALL {{ MATCH (n:{label}) WHERE NOT n:{record} RETURN n UNION ALL MATCH (n:{record}) WHERE NOT {nodes.sound} AND NOT {nodes.placeholder} RETURN n }}"
    )
    going = f"elementId(n) AS id, {nodes.stays} AS stays"
    astray = f"NOT {nodes.sound_record} AND NOT {nodes.placeholder}"
    image = "labels(n) AS labels, properties(n) AS properties"
    edge = "type: type(e), properties: properties(e), far: elementId(m), far_labels: labels(m), far_properties: properties(m)"
    edges = f"[(n)-[e]->(m) | {{{edge}}}] AS edges"
    return Inspections(
        shape=shape,
        size=f"MATCH (n:{record}) RETURN count(n) AS records",
        keyed=f"MATCH (n:{record}) USING INDEX n:{record}({key}) WHERE n.{key} STARTS WITH '' RETURN count(n.{key}) AS records",
        sums=_sums(nodes, f"AND {nodes.keyed} "),
        sums_of_keyed=_sums(nodes, ""),
        unlabelled=f"MATCH (n:{label}) WHERE NOT n:{record} RETURN count(n) AS records",
        astray=f"{all_astray} RETURN count(n) AS records, count(CASE WHEN {nodes.seen_astray} THEN 1 END) AS visible",
        listing=_listing(nodes, f"COUNT {{ MATCH (s:{label} {{{key}: key}}) WHERE NOT s:{record} }}"),
        listing_alone=_listing(nodes, "0"),
        strays=(
            f"{all_astray} WITH CASE WHEN {nodes.keyed} THEN n.{key} ELSE '{BY_ELEMENT}' + elementId(n) END AS key, {nodes.seen_astray} AS seen "
            "WHERE $after IS NULL OR key > $after WITH key, count(*) AS strays, count(CASE WHEN seen THEN 1 END) AS seen ORDER BY key LIMIT $limit "
            f"OPTIONAL MATCH (n:{record} {{{key}: key}}) WHERE {nodes.sound} "
            f"RETURN key, strays, seen > 0 OR coalesce({nodes.visible}, false) AS visible, n.{STAMP} AS stamp, n.{BUCKET} AS bucket"
        ),
        inspect=f"UNWIND $keys AS key {of_key} {_described(nodes)}",
        inspect_elements=f"UNWIND $ids AS id {of_element} WITH '{BY_ELEMENT}' + id AS key, n {_described(nodes)}",
        take_expected=(
            f"UNWIND $rows AS row MATCH (n:{record} {{{key}: row.key}}) SET n._lock = true REMOVE n._lock "
            f"WITH n, row WHERE {nodes.sound} AND n.{STAMP} = row.stamp RETURN row.key AS key, {going}"
        ),
        take_astray=f"UNWIND $keys AS key {of_key} SET n._lock = true REMOVE n._lock WITH key, n WHERE {astray} RETURN key, {going}",
        take_elements=f"UNWIND $ids AS id {of_element} SET n._lock = true REMOVE n._lock WITH '{BY_ELEMENT}' + id AS key, n RETURN key, {going}",
        strip=(
            f"UNWIND $ids AS id MATCH (n) WHERE elementId(n) = id SET n = {{{key}: n.{key}}} REMOVE n:{label} "
            f"WITH n CALL (n) {{ MATCH (n)-[e{nodes.own_types}]->() DELETE e }}"
        ),
        images=f"UNWIND $keys AS key {of_key} WITH key, n WHERE NOT {nodes.placeholder} RETURN key, {image}, {edges}",
        images_of_elements=f"UNWIND $ids AS id {of_element} RETURN '{BY_ELEMENT}' + id AS key, {image}, {edges}",
        lock=f"UNWIND $keys AS key MATCH (n:{record} {{{key}: key}}) SET n._lock = true REMOVE n._lock",
        put_back=(
            f"UNWIND $nodes AS node MERGE (n:{record} {{{key}: node.key}}) SET n = node.properties SET n:$(node.labels) "
            "RETURN node.number AS number, elementId(n) AS id"
        ),
        put_back_stray=(
            "UNWIND $nodes AS node "
            "CALL (node) { MATCH (n:$all(node.labels)) WHERE node.key IS NULL AND properties(n) = node.properties RETURN count(n) AS there } "
            "WITH node WHERE there = 0 CREATE (n:$(node.labels)) SET n = node.properties RETURN node.number AS number, elementId(n) AS id"
        ),
        link={
            edge.type: (
                f"UNWIND $edges AS edge MATCH (n) WHERE elementId(n) = edge.from MERGE (m:{edge.label} {{{edge.key}: edge.key}}) "
                f"ON CREATE SET m = edge.far_properties CREATE (n)-[e:{edge.type}]->(m) SET e = edge.properties"
            )
            for edge in shape.edges
        },
    )


class _Nodes:
    """Predicates on a node `n`."""

    def __init__(self, shape: GraphLabel, shapes: tuple[GraphLabel, ...]) -> None:
        label, record, key = shape.label, shape.record_label, shape.key
        referring = [f"EXISTS {{ (:{other.record_label})-[:{edge.type}]->(n) }}" for other in shapes for edge in other.edges if edge.label == record]
        referred = f"({' OR '.join(referring)})" if referring else "false"
        self.shape = shape
        self.own_types = ":" + "|".join(edge.type for edge in shape.edges) if shape.edges else ":NONE"
        linked = f"COUNT {{ (n)-[{self.own_types}]->() }} > 0" if shape.edges else "false"
        content = f"any(name IN keys(n) WHERE NOT name STARTS WITH '{BOOKKEEPING}' AND name <> '{key}')"
        self.keyed = f"n.{key} IS :: STRING NOT NULL"
        self.sound = sound(shape)
        self.sound_record = f"(n:{record} AND {self.sound})"
        """Of nodes with either label: a copy of a record without its record label is astray, whatever bookkeeping it has."""
        self.sound_in_bucket = sound(shape, any_bucket=False)
        """Where buckets are named: with bounds beside them, the planner reads the whole index between the bounds."""
        self.placeholder = f"(n:{record} AND NOT n:{label} AND size(keys(n)) = 1 AND {self.keyed} AND NOT {linked} AND {referred})"
        self.stays = f"(n:{record} AND {self.keyed} AND {referred})"
        """Whether other records' edges would be lost with it."""
        self.seen_astray = f"(n:{label} OR {linked})"
        self.visible = f"(n:{label} OR ({linked} AND NOT {content}))"
        """Edges alone are what is left on a withdrawn node. With content beside them the label is missing, and readers miss the record."""


def _sums(nodes: _Nodes, keyed: str) -> str:
    """Tombstones of deletes count for the highest stamp alone. A scan and no seek: an index on the bucket leads all over the store."""
    record = nodes.shape.record_label
    return (
        f"MATCH (n:{record}) USING SCAN n:{record} WITH n, n.{STAMP} AS stamp, n.{BUCKET} AS bucket, n.{CLAIM} AS claim "
        f"WHERE bucket >= $start AND bucket < $end AND {registered('stamp', 'bucket', 'claim')} {keyed}"
        f"WITH bucket, stamp, claim, {nodes.visible} AS visible "
        f"RETURN bucket, visible OR stamp % 4 <> {int(Rank.DELETE)} AS counts, "
        "max(stamp) AS highest, count(*) AS records, sum(claim) AS claims, count(CASE WHEN visible THEN 1 END) AS visible"
    )


def _listing(nodes: _Nodes, strays: str) -> str:
    record, key = nodes.shape.record_label, nodes.shape.key
    return (
        f"MATCH (n:{record}) USING INDEX n:{record}({BUCKET}) WHERE n.{BUCKET} IN $buckets "
        f"WITH n, n.{key} AS key, n.{STAMP} AS stamp, n.{BUCKET} AS bucket, n.{CLAIM} AS claim "
        f"WHERE ($after IS NULL OR key > $after) AND {readable('key', 'stamp', 'bucket', 'claim', any_bucket=False)} "
        f"WITH n, key, stamp ORDER BY key LIMIT $limit "
        f"RETURN collect(key) AS keys, collect(stamp) AS stamps, collect({nodes.visible}) AS visible, collect({strays}) AS strays"
    )


def _described(nodes: _Nodes) -> str:
    return (
        f"WITH key, n, {nodes.sound_record} AS sound WHERE sound OR NOT {nodes.placeholder} "
        f"RETURN key, CASE WHEN sound THEN n.{STAMP} END AS stamp, CASE WHEN sound THEN {nodes.visible} ELSE {nodes.seen_astray} END AS visible"
    )
