"""Encoding a row of PostgreSQL as Debezium does: what needs no server. The rest is compared with the real log in tests/integration/test_row_image.py."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from aegis.row_image import image_columns, row_image

ROW: dict[str, Any] = dict.fromkeys(image_columns("policies"))


@pytest.mark.parametrize(
    ("column", "value", "encoded"),
    [
        ("interest_rate", Decimal("2.5000"), "2.5000"),
        ("interest_rate", Decimal("0E-10"), "0.0000000000"),
        ("application_end_date", date(1969, 12, 31), -1),
        ("created_at", datetime(2026, 11, 21, 9, tzinfo=timezone(timedelta(hours=9))), "2026-11-21T00:00:00.000000Z"),
        ("created_at", datetime(800, 1, 1, tzinfo=UTC), "0800-01-01T00:00:00.000000Z"),
        ("tags", ["가", None], ["가", None]),
        ("is_active", True, True),
    ],
)
def test_a_value_is_encoded_as_debezium_encodes_it(column: str, value: Any, encoded: Any) -> None:
    assert row_image("policies", ROW | {column: value})[column] == encoded


def test_a_row_that_lacks_a_column_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="row of policies without title"):
        row_image("policies", {column: value for column, value in ROW.items() if column != "title"})


def test_a_type_that_no_captured_column_has_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"policies\.content is dict"):
        row_image("policies", ROW | {"content": {}})


def test_columns_that_do_not_enter_the_log_are_left_out() -> None:
    assert not {"email", "name", "phone", "birth_date", "address"} & set(image_columns("users"))
    assert "internal" not in row_image("policies", ROW | {"internal": 1})
