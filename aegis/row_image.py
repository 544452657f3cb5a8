"""A row of PostgreSQL as the log carries it: what `aegis trace` and the cold path project, so that both ends of a comparison are made of the same image.

Source: Debezium's PostgreSQL connector, "data types", with `decimal.handling.mode=string` and `time.precision.mode=adaptive_time_microseconds`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from aegis.change import Image
from aegis.envelope import table_topic
from aegis.registry import committed_schema
from aegis.rows.types import EPOCH


@cache
def image_columns(table: str) -> tuple[str, ...]:
    """The columns of captured `table` that enter the log, as its committed schema names them: the personal ones are not among them."""
    envelope = json.loads(committed_schema(f"{table_topic(table)}-value"))
    before = next(field for field in envelope["fields"] if field["name"] == "before")
    row = next(branch for branch in before["type"] if isinstance(branch, dict))
    return tuple(field["name"] for field in row["fields"])


def row_image(table: str, row: Mapping[str, Any]) -> Image:
    """`row` of captured `table` (column → value as psycopg gives it; jsonb as text) in Debezium's encoding. Columns that do not enter the log are left out.

    Raises ValueError where a column is missing or of a type that no captured column has.
    """
    columns = image_columns(table)
    missing = [column for column in columns if column not in row]
    if missing:
        raise ValueError(f"row of {table} without {', '.join(missing)}: select them, as sql/queries/rows.sql does")
    return {column: _encoded(table, column, row[column]) for column in columns}


def _encoded(table: str, column: str, value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return format(value, "f")  # with all digits of its scale, and never an exponent
        case datetime():  # before date, which it is as well
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case date():
            return (value - EPOCH).days
        case list():
            return [_encoded(table, column, item) for item in value]
        case _:
            raise ValueError(f"{table}.{column} is {type(value).__name__}, which aegis/row_image.py cannot encode: teach it how Debezium does")
