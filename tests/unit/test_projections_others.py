"""What becomes of a user and of a business rule in each store; and that every projection fits its shape."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aegis.change import Change
from aegis.derivations import CAPTURED, STORES, derive, project, shapes
from aegis.position import SourcePosition
from aegis.projections.shapes import CacheKeyspace, GraphLabel, SearchIndex, VectorCollection
from aegis.stamp import Rank, Stamp
from tests.unit.test_projections_policies import ROW as POLICY

TIMES = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}
PERSONAL = {"email": "someone@example.org", "phone": "010-0000-0000", "name": "홍길동", "birth_date": 8_000}
USER: dict[str, Any] = {
    "user_id": "U-1",
    "region_code": "26",
    "industry_code": "I",
    "business_type": "소상공인",
    "employee_range": "1-4",
    "preferences_tags": ["창업"],
    "is_active": True,
    **TIMES,
    "version": 5,
}
RULE: dict[str, Any] = {
    "rule_id": "R-1",
    "name": "청년 우대",
    "description": None,
    "rule_type": "scoring",
    "condition": '{"age": {"lte": 39}}',
    "policy_ids": ["P-1", "P-2", "P-1"],
    "priority": 10,
    "is_active": True,
    **TIMES,
    "version": 6,
}
ROWS = {"policies": POLICY, "users": USER, "business_rules": RULE}
PAIRS = [(table.name, store) for table in CAPTURED.values() for store in table.projections]


def test_redis_holds_the_profile_and_neo4j_where_and_in_what_somebody_works() -> None:
    assert project("users", "redis", USER) == USER
    assert project("users", "neo4j", USER) == {
        "properties": {name: value for name, value in USER.items() if name not in {"region_code", "industry_code"}},
        "edges": {"LIVES_IN": [{"code": "26", "name": "부산광역시"}], "WORKS_IN": [{"code": "I", "name": "숙박 및 음식점업"}]},
    }


@pytest.mark.parametrize("store", ["redis", "neo4j"])
def test_personal_columns_reach_no_store_even_if_they_reach_the_log(store: str) -> None:
    assert project("users", store, {**USER, **PERSONAL}) == project("users", store, USER)


def test_a_user_without_region_and_industry_has_no_edges() -> None:
    content = project("users", "neo4j", {**USER, "region_code": None, "industry_code": None})
    assert content is not None
    assert content["edges"] == {"LIVES_IN": [], "WORKS_IN": []}


@pytest.mark.parametrize("store", ["redis", "elasticsearch"])
def test_a_rule_is_held_with_every_column(store: str) -> None:
    assert project("business_rules", store, RULE) == RULE


def test_a_rule_governs_each_policy_once() -> None:
    content = project("business_rules", "neo4j", RULE)
    assert content is not None
    assert content["edges"] == {"GOVERNS": [{"policy_id": "P-1"}, {"policy_id": "P-2"}]}
    assert "description" not in content["properties"]


@pytest.mark.parametrize(("table", "store"), PAIRS)
def test_every_projection_is_json_and_fits_the_shape_that_it_declares(table: str, store: str) -> None:
    content, shape = project(table, store, ROWS[table]), CAPTURED[table].shape(store)
    assert content is not None
    assert orjson.loads(orjson.dumps(content)) == content
    match shape:
        case SearchIndex():
            assert set(content) == set(shape.properties)
        case GraphLabel():
            assert set(content["edges"]) == {edge.type for edge in shape.edges}
            assert shape.key in content["properties"]
            assert all(edge.key in end for edge in shape.edges for end in content["edges"][edge.type])
        case CacheKeyspace():
            assert CAPTURED[table].key in content
        case VectorCollection():
            assert set(content["fields"]) == {field.name for field in shape.fields}
            assert None not in content["fields"].values()


def test_names_that_readers_rely_on_are_stable() -> None:
    assert CAPTURED["policies"].shape("elasticsearch").alias == "policies"
    assert CAPTURED["policies"].shape("neo4j").label == "Policy"
    assert CAPTURED["policies"].shape("redis").prefix == "policy:"
    assert (CAPTURED["policies"].shape("milvus").name, CAPTURED["policies"].shape("milvus").key) == ("policy_embeddings", "policy_id")


def test_every_store_has_shapes_and_milvus_has_policies_alone() -> None:
    assert {store: set(shapes(store)) for store in STORES} == {
        "milvus": {"policies"},
        "neo4j": {"policies", "users", "business_rules"},
        "elasticsearch": {"policies", "business_rules"},
        "redis": {"policies", "users", "business_rules"},
    }


def change(table: str, after: dict[str, Any] | None, rank: Rank) -> Change:
    return Change(table, "K", Stamp(41, rank), None, after, SourcePosition("t", 0, 1), b"k")


def test_a_change_becomes_a_record_at_its_own_stamp_and_position() -> None:
    made = change("policies", POLICY, Rank.UPSERT)
    record = derive(made, "redis")
    assert record is not None
    assert (record.table, record.key, record.stamp, record.position) == ("policies", "K", made.stamp, made.position)
    assert record.content == project("policies", "redis", POLICY)


@pytest.mark.parametrize(("after", "rank"), [(None, Rank.DELETE), ({**POLICY, "status": "archived"}, Rank.UPSERT), (None, Rank.COMPENSATION)])
def test_a_delete_a_withdrawal_and_an_unpublished_row_become_tombstones(after: dict[str, Any] | None, rank: Rank) -> None:
    record = derive(change("policies", after, rank), "elasticsearch")
    assert record is not None
    assert (record.content, record.stamp) == (None, Stamp(41, rank))


def test_a_table_without_a_projection_into_a_store_makes_no_record_there() -> None:
    assert derive(change("users", USER, Rank.UPSERT), "milvus") is None
