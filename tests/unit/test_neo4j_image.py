"""Nodes as images, through JSON and back; and what several nodes of one key are together."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import pytz  # type: ignore[import-untyped]  # it ships no types
from neo4j.spatial import CartesianPoint, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

from aegis.inspection import Listed
from aegis.projections.shapes import EdgeType, GraphLabel
from aegis.stores import neo4j_image
from aegis.stores.neo4j_cypher import statements
from aegis.stores.neo4j_inspection_cypher import inspections
from aegis.stores.neo4j_value import decoded, encoded

SHAPE = GraphLabel("Thing", "ThingRecord", "thing_id", (EdgeType("IN", "Place", "code"), EdgeType("OF", "OtherRecord", "other_id")))
OTHER = GraphLabel("Other", "OtherRecord", "other_id")
OF = statements(SHAPE, frozenset({"ThingRecord", "OtherRecord"}))
SEOUL, NEW_YORK = pytz.timezone("Asia/Seoul"), pytz.timezone("America/New_York")


def through_json(value: Any) -> Any:
    """What comes back."""
    return decoded(json.loads(json.dumps(encoded(value), allow_nan=False)))


@pytest.mark.parametrize(
    "value",
    [
        *(True, 0, -(2**63), 0.1, -0.0, math.inf, "", "제목", b"\x00\xff", [], ["a", "b"], [1.5, -math.inf]),
        *(Date(2026, 11, 21), Time(1, 2, 3, 4), Duration(months=14, days=3, seconds=-5, nanoseconds=7)),
        *(DateTime(2026, 11, 21, 3, 4, 5, 678901234), DateTime(2026, 11, 21, 3, 4, 5, 1, pytz.FixedOffset(-90))),
        *(CartesianPoint((1.5, -2.0)), CartesianPoint((1.0, 2.0, 3.0)), WGS84Point((126.9, 37.5)), WGS84Point((126.9, 37.5, 30.0))),
        [Date(2026, 1, 2), Date(2026, 3, 4)],
    ],
)
def test_a_property_of_every_type_survives(value: Any) -> None:
    back = through_json(value)
    assert (back, type(back)) == (value, type(value))
    assert getattr(back, "srid", None) == getattr(value, "srid", None)


def test_a_number_that_is_none_survives() -> None:
    assert math.isnan(through_json(math.nan))


@pytest.mark.parametrize("is_dst", [True, False])
def test_a_time_in_a_named_zone_keeps_zone_and_offset_in_the_hour_that_comes_twice(is_dst: bool) -> None:
    moment = NEW_YORK.localize(DateTime(2026, 11, 1, 1, 30, 0, 5), is_dst=is_dst)
    back = through_json(moment)
    assert (back, back.utc_offset(), back.tzinfo.zone) == (moment, moment.utc_offset(), "America/New_York")


def test_a_type_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="type object has no form in JSON"):
        encoded(object())


def node(key: str, stamp: int | None = None, *, visible: bool = False) -> dict[str, Any]:
    """A row of the inspecting statement."""
    return {"key": key, "stamp": stamp, "visible": visible}


def test_nodes_of_one_key_are_one_listing_with_copies() -> None:
    rows = [node("a", 28), node("b", visible=True), node("a", visible=True), node("b"), node("c", 31)]
    assert neo4j_image.listed(rows) == {
        "a": Listed("a", 28, visible=True, copies=2),
        "b": Listed("b", 0, visible=True, copies=2),
        "c": Listed("c", 31, visible=False),
    }


def test_a_page_counts_strays_and_strays_count_the_record_beside_them() -> None:
    page = {"keys": ["a", "b"], "stamps": [28, 32], "visible": [False, False], "strays": [2, 0]}
    assert list(neo4j_image.listed_page(page)) == [Listed("a", 28, visible=True, copies=3), Listed("b", 32, visible=False)]
    assert neo4j_image.listed_strays({**node("a", 28, visible=True), "strays": 1}) == Listed("a", 28, visible=True, copies=2)
    assert neo4j_image.listed_strays({**node("a"), "strays": 1}) == Listed("a", 0, visible=False)


def edge(of_type: str, labels: list[str], **far: Any) -> dict[str, Any]:
    """An edge as the image statement gives it."""
    return {"type": of_type, "properties": {"since": Date(2026, 1, 2)}, "far": "4:x:1", "far_labels": labels, "far_properties": far}


def test_edges_that_the_shape_declares_lead_to_keys_and_others_to_elements() -> None:
    edges = [
        edge("IN", ["Place"], code="11", name="서울"),
        edge("OF", ["OtherRecord", "Other"], other_id="O-1", title="t"),
        edge("IN", ["Strange"]),
        edge("ELSE", []),
    ]
    row = {"key": "T-1", "labels": ["ThingRecord", "Thing"], "properties": {"thing_id": "T-1", "_stamp": 28}, "edges": edges}
    kept = json.loads(json.dumps(neo4j_image.images([row], OF)))
    back = neo4j_image.put_back(kept, OF)
    assert [(one["key"], one["labels"], one["properties"]) for one in back.records] == [("T-1", ["Thing", "ThingRecord"], row["properties"])]
    by_type, others = back.links({0: "4:n:9"}, SHAPE.edges)
    assert {of_type: [(one["from"], one["key"], one["far_properties"]) for one in edges] for of_type, edges in by_type.items()} == {
        "IN": [("4:n:9", "11", {"code": "11", "name": "서울"})],
        "OF": [("4:n:9", "O-1", {"other_id": "O-1"})],
    }
    assert [(one["type"], one["far"], one["properties"]) for one in others] == [
        ("IN", "4:x:1", {"since": Date(2026, 1, 2)}),
        ("ELSE", "4:x:1", {"since": Date(2026, 1, 2)}),
    ]


def test_edges_of_nodes_that_were_not_made_are_left_out() -> None:
    row = {"key": "T-1", "labels": ["Thing"], "properties": {}, "edges": [edge("IN", ["Place"], code="11")]}
    back = neo4j_image.put_back(neo4j_image.images([row], OF), OF)
    assert back.links({}, SHAPE.edges) == ({}, [])
    assert back.keys_of([]) == set()


def test_a_record_may_fill_a_placeholder_and_strays_are_made_beside() -> None:
    images = neo4j_image.images(
        [
            {"key": "T-1", "labels": ["ThingRecord"], "properties": {"thing_id": "T-1"}, "edges": []},
            {"key": "T-1", "labels": ["Thing"], "properties": {"thing_id": "T-1"}, "edges": []},
            {"key": "elementId:4:x:2", "labels": ["Thing", "ThingRecord"], "properties": {}, "edges": []},
        ],
        OF,
    )
    back = neo4j_image.put_back(images, OF)
    assert [one["key"] for one in back.records] == ["T-1"]
    assert [one["key"] for one in back.strays] == ["T-1", None]
    assert back.keys_of([0, 1]) == {"T-1"}


def test_a_node_is_locked_before_it_is_compared_and_taken_away() -> None:
    of = inspections(SHAPE, [SHAPE, OTHER])
    assert of.take_expected.index("REMOVE n._lock") < of.take_expected.index("= row.stamp")
    assert of.take_astray.index("REMOVE n._lock") < of.take_astray.index("WHERE NOT (")


def test_only_a_table_that_edges_lead_to_has_placeholders() -> None:
    assert "(:ThingRecord)-[:OF]->(n)" in inspections(OTHER, [SHAPE, OTHER]).take_expected
    assert "false AS stays" in inspections(SHAPE, [SHAPE, OTHER]).take_expected.replace(
        "(n:ThingRecord AND n.thing_id IS :: STRING NOT NULL AND false)", "false"
    )
