"""A row read from PostgreSQL makes the image that Debezium makes of it, field by field."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aegis.derivations import CAPTURED, project
from aegis.queries import queries
from aegis.row_image import row_image
from tests.support.capture import Capture

pytestmark = pytest.mark.stack

FILLED: dict[str, dict[str, Any]] = {
    "policies": {
        "source": "bizinfo",
        "source_id": "S'1",
        "title": "청년 창업 지원 😀",
        "content": 'first line\n\tsecond "line"\\',
        "issuing_organization": "중소벤처기업부",
        "operating_organization": "소상공인시장진흥공단",
        "category": "금융",
        "target_regions": ["11", "26110"],
        "target_industries": ["C", "47"],
        "funding_amount_min": 0,
        "funding_amount_max": 9_223_372_036_854_775_807,
        "interest_rate": "0.00005",
        "application_start_date": "1900-01-01",
        "application_end_date": "9999-12-31",
        "application_period_text": "예산 소진 시까지",
        "detail_url": "https://example.org/?q=가",
        "tags": ["청년", "", 'a "b", {c}', "NULL"],
        "status": "active",
        "quality_score": "1",
        "is_active": False,
        "created_at": "2024-02-29T23:59:59.1+09:00",
    },
    "users": {
        "email": "someone@example.org",
        "name": "아무개",
        "phone": "010-0000-0000",
        "birth_date": "1990-01-02",
        "address": "어느 동네 1번지",
        "region_code": "26",
        "industry_code": "I",
        "business_type": "소상공인",
        "employee_range": "1-4",
        "preferences_tags": ["창업"],
        "is_active": False,
        "created_at": "1969-12-31T23:59:59.999999Z",
    },
    "business_rules": {
        "name": "청년 창업 우대",
        "description": "나이로",
        "rule_type": "priority",
        "condition": Jsonb({"나이": {"<=": 39}, "b": [1.10, 1e30, None, "\\u0041"], "a": True}),
        "policy_ids": ["P-1", "P-2"],
        "priority": -5,
        "is_active": False,
        "created_at": "0800-01-01T00:00:00Z",
    },
}
SPARSE: dict[str, dict[str, Any]] = {"policies": {"title": "only a title"}, "users": {}, "business_rules": {"name": "only a name"}}
PERSONAL = {"email", "name", "phone", "birth_date", "address"}


def stored(captured: Capture, table: str, key: str, columns: dict[str, Any]) -> dict[str, Any]:
    """The row of `columns`, inserted and read back as the cold path reads it."""
    given = {CAPTURED[table].key: key, **columns}
    names, values = ", ".join(given), ", ".join(["%s"] * len(given))
    captured.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", *given.values())
    with psycopg.connect(captured.dsn, row_factory=dict_row, options="-c timezone=Asia/Seoul") as connection:
        [row] = connection.execute(queries("rows")[f"{table}_rows"], {"keys": [key]})
    return row


@pytest.mark.parametrize("columns", [FILLED, SPARSE], ids=["filled", "sparse"])
@pytest.mark.parametrize("table", CAPTURED)
def test_a_row_of_postgresql_makes_the_image_that_the_log_carries(captured: Capture, table: str, columns: dict[str, dict[str, Any]]) -> None:
    key = f"row-{uuid4().hex}"
    image = row_image(table, stored(captured, table, key, columns[table]))
    [logged] = captured.await_changes(table, key, 1)
    assert image == logged.value["after"]
    assert list(image) == list(logged.value["after"])
    for store in CAPTURED[table].projections:
        assert project(table, store, image) == project(table, store, logged.value["after"])


def test_the_personal_columns_of_a_row_never_enter_its_image(captured: Capture) -> None:
    key = f"row-{uuid4().hex}"
    row = stored(captured, "users", key, FILLED["users"])
    assert not PERSONAL & set(row)
    assert not PERSONAL & set(row_image("users", row | {"email": "someone@example.org", "name": "아무개"}))


def test_a_time_that_python_cannot_hold_does_not_keep_its_neighbours_from_being_read(captured: Capture) -> None:
    keys = [f"row-{uuid4().hex}" for _ in range(2)]
    captured.execute("INSERT INTO users (user_id, created_at) VALUES (%s, '12345-01-01'), (%s, '2026-01-01')", *keys)
    with psycopg.connect(captured.dsn, row_factory=dict_row) as connection:
        found = {row["user_id"]: row_image("users", row) for row in connection.execute(queries("rows")["users_rows"], {"keys": keys})}
    assert [found[key]["created_at"] for key in keys] == [None, "2026-01-01T00:00:00.000000Z"]
