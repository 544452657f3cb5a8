"""What a comparison sees of a graph that somebody tampered with: nodes without bookkeeping, placeholders, edges that are left over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from aegis.claim import bucket_of
from aegis.errors import StoreUnavailable
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum
from aegis.record import Verdict
from aegis.stores import neo4j_inspection, neo4j_node
from aegis.stores.neo4j_cypher import prefixed
from aegis.stores.neo4j_inspection_cypher import inspections
from aegis.stores.protocol import Count
from tests.contract.graph import Graph
from tests.contract.open_neo4j import connect, graph_shapes, open_neo4j
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack


@pytest.fixture
def graph() -> Iterator[Graph]:
    unique = f"t{uuid4().hex[:12]}"
    with open_neo4j(unique) as opened, connect() as driver:
        yield Graph(opened, unique.capitalize(), driver)


def listed(graph: Graph, *buckets: int, table: str = "policies") -> list[Listed]:
    """What is in `buckets`, by key."""
    return sorted(graph.opened.store.listing(table, buckets), key=lambda one: one.key)


def test_a_copy_made_by_hand_is_seen_beside_the_record_and_goes_alone(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 7))
    graph.read("CREATE (:@Policy {policy_id: 'P-1', title: 'copy'})")
    seen = Listed("P-1", 28, visible=True, copies=2)
    store = graph.opened.store
    assert store.inspect("policies", ["P-1"]) == {"P-1": seen}
    for buckets in ([ASTRAY], [bucket_of("P-1")], [ASTRAY, bucket_of("P-1")]):
        assert listed(graph, *buckets) == [seen]
    assert store.sums("policies").buckets[ASTRAY] == Sum(1, 0, 1)
    assert store.forget("policies", {"P-1": NO_STAMP}) == 1
    assert store.inspect("policies", ["P-1"]) == {"P-1": Listed("P-1", 28, visible=True)}
    assert graph.regions("P-1") == ["11", "41"]


def test_a_node_without_a_key_is_named_by_its_element_and_comes_back_once(graph: Graph) -> None:
    graph.read("CREATE (:@Policy {title: 'no key', since: datetime('2026-11-21T03:04:05.678901234[Asia/Seoul]')})-[:SEEN {n: 1}]->(:@Region {code: 'x'})")
    store = graph.opened.store
    (stray,) = listed(graph, ASTRAY)
    assert stray.key.startswith("elementId:")
    assert (stray.stamp, stray.visible, stray.copies) == (NO_STAMP, True, 1)
    assert store.inspect("policies", [stray.key, "elementId:nonsense"]) == {stray.key: stray}
    images = json.loads(json.dumps(dict(store.images("policies", [stray.key]))))
    before = graph.read("MATCH (n:@Policy)-[e:SEEN]->(r) RETURN properties(n) AS node, properties(e) AS edge, r.code AS code")
    assert store.forget("policies", {stray.key: NO_STAMP}) == 1
    assert listed(graph, ASTRAY) == []
    assert store.restore("policies", images) == 1
    assert store.restore("policies", images) == 0
    assert graph.read("MATCH (n:@Policy)-[e:SEEN]->(r) RETURN properties(n) AS node, properties(e) AS edge, r.code AS code") == before


def test_unreadable_bookkeeping_is_astray_and_nobodys_record(graph: Graph) -> None:
    tampered = ["REMOVE n._stamp", "SET n._stamp = 'x'", "SET n._stamp = 3", "SET n._stamp = 1e9", "SET n._bucket = -7", "REMOVE n._claim"]
    keys = [f"P-{n}" for n in range(len(tampered))]
    graph.apply(*(upsert(graph.opened, key, 7) for key in [*keys, "sound"]))
    for key, tampering in zip(keys, tampered, strict=True):
        graph.read(f"MATCH (n:@Policy {{policy_id: '{key}'}}) {tampering}")
    store = graph.opened.store
    assert set(store.fetch("policies", [*keys, "sound"])) == {held.key for held in store.scan("policies")} == {"sound"}
    assert store.count("policies") == Count(visible=1, tombstones=0)
    assert {bucket: one.records for bucket, one in store.sums("policies").buckets.items()} == {ASTRAY: len(keys), bucket_of("sound"): 1}
    assert listed(graph, ASTRAY) == [Listed(key, NO_STAMP, visible=True) for key in keys]
    assert store.forget("policies", dict.fromkeys([*keys, "sound"], NO_STAMP)) == len(keys)
    assert set(graph.apply(*(upsert(graph.opened, key, 1) for key in keys))) == {Verdict.APPLIED}


def test_a_stamp_that_is_none_stops_no_write(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 7))
    graph.read("MATCH (n:@Policy) SET n._stamp = 'x'")
    assert graph.apply(upsert(graph.opened, "P-1", 1)) == [Verdict.APPLIED]


def test_a_record_with_an_unreadable_position_is_left_out_until_it_is_written_again(graph: Graph) -> None:
    keys = ["P-1", "P-2", "P-3"]
    graph.apply(*(upsert(graph.opened, key, 7) for key in keys))
    for key, tampering in zip(keys, ["SET n._applied_at = [1]", "REMOVE n._topic", "SET n._committed_at = 'x'"], strict=True):
        graph.read(f"MATCH (n:@Policy {{policy_id: '{key}'}}) {tampering}")
    assert graph.opened.store.fetch("policies", keys) == {}
    assert list(graph.opened.store.scan("policies")) == []
    graph.apply(*(upsert(graph.opened, key, 7) for key in keys))
    assert set(graph.opened.store.fetch("policies", keys)) == set(keys)


def test_a_placeholder_is_in_order_while_an_edge_leads_to_it(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "R-1", 1, table="business_rules", policy_ids=["P-1", "P-2"]))
    store = graph.opened.store
    assert (dict(store.sums("policies").buckets), listed(graph, ASTRAY), store.inspect("policies", ["P-1"])) == ({}, [], {})
    assert store.forget("policies", {"P-1": NO_STAMP}) == 0
    graph.apply(upsert(graph.opened, "R-1", 2, table="business_rules", policy_ids=["P-2"]))
    assert store.sums("policies").buckets == {ASTRAY: Sum(1, 0, 0)}
    assert listed(graph, ASTRAY) == [Listed("P-1", NO_STAMP, visible=False)]
    assert store.forget("policies", {"P-1": NO_STAMP, "P-2": NO_STAMP}) == 1
    assert graph.read("MATCH (p:@PolicyRecord) RETURN p.policy_id AS id") == [{"id": "P-2"}]


def test_a_forgotten_policy_that_rules_govern_stays_as_a_placeholder(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 5), upsert(graph.opened, "R-1", 6, table="business_rules", policy_ids=["P-1"]))
    store = graph.opened.store
    assert store.forget("policies", {"P-1": 20}) == 1
    left = graph.read("MATCH (n:@PolicyRecord) RETURN labels(n) AS labels, properties(n) AS properties, COUNT { (n)-->() } AS edges")
    assert left == [{"labels": [f"{graph.prefix}PolicyRecord"], "properties": {"policy_id": "P-1"}, "edges": 0}]
    assert (dict(store.sums("policies").buckets), store.inspect("policies", ["P-1"])) == ({}, {})
    assert store.fetch("business_rules", ["R-1"])["R-1"].content == graph.stored("business_rules", "R-1", 6, policy_ids=["P-1"])
    assert graph.apply(upsert(graph.opened, "P-1", 1)) == [Verdict.APPLIED]
    assert graph.read("MATCH (:@BusinessRule)-[:GOVERNS]->(p:@Policy) RETURN p.policy_id AS id") == [{"id": "P-1"}]


def test_a_record_comes_back_into_its_placeholder_with_its_edges(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 5), upsert(graph.opened, "R-1", 6, table="business_rules", policy_ids=["P-1"]))
    store = graph.opened.store
    before = store.fetch("policies", ["P-1"])
    images = json.loads(json.dumps(dict(store.images("policies", ["P-1"]))))
    store.forget("policies", {"P-1": 20})
    graph.read("MATCH (r:@Region) DETACH DELETE r")
    assert store.restore("policies", images) == 1
    assert store.fetch("policies", ["P-1"]) == before
    assert graph.read("MATCH (:@BusinessRule)-[:GOVERNS]->(p:@Policy) RETURN p.policy_id AS id") == [{"id": "P-1"}]


def test_edges_of_a_withdrawn_node_are_seen_by_readers_and_a_lost_label_is_not(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 1), tombstone("P-2", 2), upsert(graph.opened, "P-3", 3))
    graph.read("MATCH (n:@PolicyRecord {policy_id: 'P-2'}), (r:@Region {code: '11'}) CREATE (n)-[:TARGETS_REGION]->(r)")
    graph.read("MATCH (n:@Policy {policy_id: 'P-3'}) REMOVE n:@Policy")
    visible = {key: one.visible for key, one in graph.opened.store.inspect("policies", ["P-1", "P-2", "P-3"]).items()}
    assert visible == {"P-1": True, "P-2": True, "P-3": False}
    sums = graph.opened.store.sums("policies").buckets
    assert {key: sums[bucket_of(key)].visible for key in visible} == {"P-1": 1, "P-2": 1, "P-3": 0}


def test_listings_are_paged_and_summed_in_parts(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.apply(*(upsert(graph.opened, f"P-{n:02}", n + 1) for n in range(30)))
    graph.read("UNWIND range(0, 16) AS n CREATE (:@Policy {policy_id: 'S-' + n}), (:@Policy)")
    whole = graph.opened.store.sums("policies")
    monkeypatch.setattr(neo4j_inspection, "KEYS_PER_PAGE", 4)
    monkeypatch.setattr(neo4j_inspection, "KEYS_PER_CALL", 4)
    monkeypatch.setattr(neo4j_inspection, "RECORDS_PER_SUM", 4)
    assert graph.opened.store.sums("policies") == whole
    everything = listed(graph, ASTRAY, *range(BUCKETS))
    assert len({one.key for one in everything}) == len(everything) == 64
    assert graph.opened.store.inspect("policies", [one.key for one in everything]) == {one.key: one for one in everything}


def test_records_of_a_bucket_are_found_by_an_index(graph: Graph) -> None:
    shapes = {table: prefixed(shape, graph.prefix) for table, shape in graph_shapes().items()}
    text = inspections(shapes["policies"], shapes.values()).listing
    plan = graph.driver.execute_query(f"EXPLAIN {text}", buckets=[1, 2], after=None, limit=10).summary.plan
    assert "NodeIndexSeek" in str(plan)
    assert f"{graph.prefix}PolicyRecord(_bucket) WHERE _bucket IN $buckets" in str(plan)


def test_an_edge_to_a_node_that_is_purged_meanwhile_is_made_by_the_next_attempt(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a rule whose policy was found, WHEN the policy's tombstone is purged before the edge is made, THEN the batch is repeated, and the edge is there."""
    store, compare = graph.opened.store, neo4j_node.edge_changes
    rule = upsert(graph.opened, "R-1", 6, table="business_rules", policy_ids=["P-1"])

    def purges(*arguments: Any) -> neo4j_node.EdgeChanges:
        assert store.forget("policies", {"P-1": 23}) == 1
        return compare(*arguments)

    graph.apply(tombstone("P-1", 5))
    with monkeypatch.context() as patched:
        patched.setattr(neo4j_node, "edge_changes", purges)
        with pytest.raises(StoreUnavailable, match="purged meanwhile"):
            graph.apply(rule)
    assert graph.apply(rule) == [Verdict.APPLIED]
    assert store.fetch("business_rules", ["R-1"])["R-1"].content == graph.stored("business_rules", "R-1", 6, policy_ids=["P-1"])
