"""Statements for a table, and the records that they carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aegis.errors import ChangeRejected, Code
from aegis.position import SourcePosition
from aegis.projections.shapes import EdgeType, GraphLabel
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores import neo4j_node
from aegis.stores.neo4j_cypher import prefixed, statements

SHAPE = GraphLabel("Thing", "ThingRecord", "thing_id", (EdgeType("IN", "Place", "code"), EdgeType("OF", "OtherRecord", "other_id")))
OF = statements(SHAPE, frozenset({"ThingRecord", "OtherRecord"}))
CONTENT: dict[str, Any] = {
    "properties": {"thing_id": "T-1", "title": "제목", "none": None},
    "edges": {"IN": [{"code": "26", "name": "부산"}, {"code": "11", "name": "서울"}], "OF": [{"other_id": "O-1", "extra": 1}]},
}
RECORD = Record("things", "T-1", Stamp(7, Rank.UPSERT), CONTENT, SourcePosition("t", 0, 1))
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("name", ["a b", "x`) DETACH DELETE (n", "", "1x", "한글"])
def test_a_name_that_is_no_identifier_never_gets_into_a_statement(name: str) -> None:
    for shape in (replace(SHAPE, label=name), replace(SHAPE, key=name), replace(SHAPE, edges=(EdgeType(name, "Place", "code"),))):
        with pytest.raises(ValueError, match="no name for a label"):
            statements(shape, frozenset())


def test_a_prefix_is_put_before_every_label() -> None:
    shape = prefixed(SHAPE, "Test")
    assert (shape.label, shape.record_label, [edge.label for edge in shape.edges]) == ("TestThing", "TestThingRecord", ["TestPlace", "TestOtherRecord"])


def test_the_lock_is_taken_before_the_stamp_is_read() -> None:
    assert OF.write.index("REMOVE n._lock") < OF.write.index("row.stamp >=") < OF.write.index("SET n = row.properties")


def test_a_tombstone_has_its_key_and_bookkeeping_alone() -> None:
    row = neo4j_node.row(replace(RECORD, content=None), OF, NOW)
    assert not row["visible"]
    assert {name for name in row["properties"] if not name.startswith("_")} == {"thing_id"}


@pytest.mark.parametrize("value", [{"a": 1}, 2**63, [1, "a"], [[1]], b"x", "\ud800", [None]])
def test_what_no_node_can_hold_is_refused_by_name(value: object) -> None:
    record = replace(RECORD, content={**CONTENT, "properties": {"title": value}})
    with pytest.raises(ChangeRejected, match=r"things T-1: field title: .+; ") as caught:
        neo4j_node.row(record, OF, NOW)
    assert caught.value.code is Code.NEO4J_SYNC_FAILED


def test_a_content_with_another_key_than_its_record_is_refused() -> None:
    with pytest.raises(ChangeRejected, match="field thing_id"):
        neo4j_node.row(replace(RECORD, key="T-2"), OF, NOW)


def test_an_edge_without_a_far_key_is_refused() -> None:
    with pytest.raises(ChangeRejected, match=r"edges\.IN"):
        neo4j_node.row(replace(RECORD, content={"properties": {}, "edges": {"IN": [{"name": "서울"}]}}), OF, NOW)


def test_a_far_node_that_is_a_record_of_its_own_is_written_and_compared_by_its_key_alone() -> None:
    assert neo4j_node.far_nodes([RECORD], OF)["OF"] == [{"other_id": "O-1"}]
    assert neo4j_node.stored_form(CONTENT, OF)["edges"]["OF"] == [{"other_id": "O-1"}]


def test_the_stored_form_has_no_nulls_and_edges_in_the_order_of_their_keys() -> None:
    form = neo4j_node.stored_form(CONTENT, OF)
    assert form["properties"] == {"thing_id": "T-1", "title": "제목"}
    assert [far["code"] for far in form["edges"]["IN"]] == ["11", "26"]


def test_edges_are_added_taken_away_and_left_alone_as_the_content_says() -> None:
    found: dict[str, list[list[Any]]] = {"T-1": [["e1", "IN", "11"], ["e2", "IN", "11"], ["e3", "IN", "41"], ["e4", "OF", None]]}
    changes = neo4j_node.edge_changes([RECORD, replace(RECORD, key="stale")], found, OF)
    assert changes.gone == [("T-1", ["e2", "e3", "e4"])]
    assert changes.missing == {"IN": [("26", ["T-1"])], "OF": [("O-1", ["T-1"])]}


def test_a_tombstone_takes_every_edge_away() -> None:
    changes = neo4j_node.edge_changes([replace(RECORD, content=None)], {"T-1": [["e1", "IN", "11"]]}, OF)
    assert (changes.gone, changes.missing) == ([("T-1", ["e1"])], {})
