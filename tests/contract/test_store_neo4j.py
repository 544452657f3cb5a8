"""What only a graph can show: edges, far nodes, constraints made by hand, the readers' index."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from aegis.record import APPLIED, Verdict
from aegis.stores.neo4j_cypher import PLANNED_ONCE, prefixed, statements
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


def test_an_update_leaves_no_property_and_no_edge_of_before(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 1))
    graph.apply(upsert(graph.opened, "P-1", 2, target_regions=["41", "26"], category=None))
    assert graph.regions("P-1") == ["26", "41"]
    assert graph.read("MATCH (p:@Policy {policy_id: 'P-1'}) RETURN p.category AS category") == [{"category": None}]


def test_a_stale_update_leaves_the_edges_alone(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 2))
    assert graph.apply(upsert(graph.opened, "P-1", 1, target_regions=["26"])) == [Verdict.STALE]
    assert graph.regions("P-1") == ["11", "41"]


def test_edges_made_twice_or_to_strange_nodes_by_hand_are_mended_by_the_next_write(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 1))
    graph.read("MATCH (p:@Policy {policy_id: 'P-1'}), (r:@Region {code: '11'}) CREATE (p)-[:TARGETS_REGION]->(r), (p)-[:TARGETS_REGION]->(:@PolicyRecord)")
    record = upsert(graph.opened, "P-1", 2)
    assert record.content is not None
    assert graph.opened.store.fetch("policies", ["P-1"])["P-1"].content != graph.opened.stored("policies", record.content)
    graph.apply(record)
    assert graph.opened.store.fetch("policies", ["P-1"])["P-1"].content == graph.opened.stored("policies", record.content)
    graph.read("MATCH (n:@PolicyRecord) WHERE n.policy_id IS NULL DELETE n")


def test_a_rule_may_arrive_before_the_policy_that_it_governs(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "R-1", 1, table="business_rules", policy_ids=["P-1"]))
    assert graph.opened.store.count("policies") == Count(visible=0, tombstones=0)
    assert graph.opened.store.fetch("policies", ["P-1"]) == {}
    assert list(graph.opened.store.scan("policies")) == []
    governed = "MATCH (:@BusinessRule {rule_id: 'R-1'})-[:GOVERNS]->(p:@Policy) RETURN p.policy_id AS id"
    assert graph.read(governed) == []
    graph.apply(upsert(graph.opened, "P-1", 2))
    assert graph.read(governed) == [{"id": "P-1"}]


def test_a_deleted_policy_keeps_the_edges_that_are_a_rules_own(graph: Graph) -> None:
    graph.apply(upsert(graph.opened, "P-1", 1), upsert(graph.opened, "R-1", 2, table="business_rules", policy_ids=["P-1"]))
    graph.apply(tombstone("P-1", 1))
    left = graph.read("MATCH (n:@PolicyRecord {policy_id: 'P-1'}) RETURN labels(n) AS labels, keys(n) AS keys, COUNT { (n)-->() } AS edges")[0]
    assert (left["labels"], left["edges"]) == ([f"{graph.prefix}PolicyRecord"], 0)
    assert [name for name in left["keys"] if not name.startswith("_")] == ["policy_id"]
    graph.apply(upsert(graph.opened, "P-1", 3))
    assert graph.read("MATCH (:@BusinessRule)-[:GOVERNS]->(p:@Policy) RETURN p.policy_id AS id") == [{"id": "P-1"}]


def test_regions_and_organizations_are_one_node_each_with_their_names(graph: Graph) -> None:
    graph.apply(*(upsert(graph.opened, f"P-{n}", n + 1) for n in range(5)))
    graph.read("MATCH (r:@Region {code: '11'}) SET r.name = 'spoilt'")
    graph.apply(upsert(graph.opened, "P-9", 9))
    assert graph.read("MATCH (r:@Region) RETURN r.code AS code, r.name AS name ORDER BY code") == [
        {"code": "11", "name": "서울특별시"},
        {"code": "41", "name": "경기도"},
    ]
    assert graph.read("MATCH (o:@Organization) RETURN count(o) AS n") == [{"n": 1}]


def test_a_constraint_made_by_hand_rejects_the_record_that_breaks_it_and_no_other(graph: Graph) -> None:
    graph.read(f"CREATE CONSTRAINT {graph.prefix}_title FOR (p:@Policy) REQUIRE p.title IS UNIQUE")
    batch = [upsert(graph.opened, f"P-{n}", n + 1, title="같은 제목" if n in {2, 6} else f"제목 {n}") for n in range(9)]
    outcomes = graph.opened.store.apply(batch)
    assert [n for n, outcome in enumerate(outcomes) if outcome != APPLIED] == [6]
    reason = outcomes[6].reason
    assert reason is not None
    assert "policies P-6: field title" in reason.message
    assert "같은 제목" not in reason.message
    graph.read(f"DROP CONSTRAINT {graph.prefix}_title")
    assert graph.apply(batch[6]) == [Verdict.APPLIED]


def test_a_value_too_large_for_an_index_made_by_hand_is_rejected(graph: Graph) -> None:
    graph.read(f"CREATE INDEX {graph.prefix}_title FOR (p:@Policy) ON (p.title)")
    graph.read("CALL db.awaitIndexes(30)")
    assert graph.apply(upsert(graph.opened, "P-1", 1, title="긴" * 9_000), upsert(graph.opened, "P-2", 2)) == [Verdict.REJECTED, Verdict.APPLIED]


def test_readers_find_a_policy_by_an_index(graph: Graph) -> None:
    plan = graph.driver.execute_query(f"EXPLAIN MATCH (p:{graph.prefix}Policy {{policy_id: $id}}) RETURN p", id="P-1").summary.plan
    assert plan is not None
    assert "NodeIndexSeek" in str(plan)


@pytest.mark.parametrize("table", sorted(graph_shapes()))
def test_a_change_is_written_and_read_by_index_seeks_planned_on_an_empty_graph_for_good(graph: Graph, table: str) -> None:
    labels = {name: prefixed(shape, graph.prefix) for name, shape in graph_shapes().items()}
    of = statements(labels[table], frozenset(shape.record_label for shape in labels.values()))
    for text in of.planned_once:
        assert text.startswith(PLANNED_ONCE)
        plan = graph.driver.execute_query(f"EXPLAIN {text}", nodes=[], rows=[], groups=[], keys=[]).summary.plan
        assert plan is not None
        assert any(seek in str(plan) for seek in ("NodeUniqueIndexSeek", "MergeUniqueNode"))
        assert "Scan" not in str(plan)
