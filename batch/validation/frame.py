"""Policies as a frame, one row each: what rules may ask about. Pure.

The names and kinds here are the whole vocabulary of rules. A column that the log does not carry cannot be asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from aegis.rows.policy import Policy


class Kind(StrEnum):
    """What a field holds, and so which questions may be asked of it."""

    TEXT = "text"
    TEXTS = "list of texts"
    WON = "won"
    RATE = "percent a year"
    DAY = "day"


FIELDS: dict[str, Kind] = {
    "policy_id": Kind.TEXT,
    "source": Kind.TEXT,
    "source_id": Kind.TEXT,
    "title": Kind.TEXT,
    "content": Kind.TEXT,
    "issuing_organization": Kind.TEXT,
    "operating_organization": Kind.TEXT,
    "category": Kind.TEXT,
    "target_regions": Kind.TEXTS,
    "target_industries": Kind.TEXTS,
    "funding_amount_min": Kind.WON,
    "funding_amount_max": Kind.WON,
    "interest_rate": Kind.RATE,
    "application_start_date": Kind.DAY,
    "application_end_date": Kind.DAY,
    "application_period_text": Kind.TEXT,
    "detail_url": Kind.TEXT,
    "tags": Kind.TEXTS,
}
"""Field → kind."""

TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.TEXTS: pl.List(pl.String()),
    Kind.WON: pl.Int64(),
    Kind.RATE: pl.Float64(),
    Kind.DAY: pl.Date(),
}
SCHEMA = pl.Schema({name: TYPES[kind] for name, kind in FIELDS.items()})


def frame(rows: Sequence[Policy]) -> pl.DataFrame:
    """One row per policy, in their order. Amounts in won, rates in percent a year."""
    columns = {name: [_value(row, name) for row in rows] for name in FIELDS}
    return pl.DataFrame(columns, schema=SCHEMA)


def _value(row: Policy, name: str) -> object:
    value = getattr(row, name)
    if isinstance(value, tuple):
        return list(value)
    return float(value) if name == "interest_rate" and value is not None else value
