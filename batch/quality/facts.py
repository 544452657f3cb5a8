"""What the profile of a source needs of each policy: numbers and short values, no texts. A million rows fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import polars as pl

from aegis.rows.policy import STATED, Policy
from batch.quality.score import WEIGHTS, score

SCHEMA: dict[str, Any] = {
    "policy_id": pl.String,
    "source": pl.String,
    "status": pl.String,
    "total": pl.Float64,
    **dict.fromkeys(WEIGHTS, pl.Float64),
    "title_length": pl.Int32,
    "content_length": pl.Int32,
    "category": pl.String,
    "regions": pl.List(pl.String),
    "amount": pl.Int64,
    "rate": pl.Float64,
    "reasons": pl.List(pl.String),
    **dict.fromkeys((f"without_{field}" for field in STATED), pl.Boolean),
}
"""Lengths in characters, the amount (the greatest, else the least) in won, the rate in percent a year."""


def frame(chunks: Iterable[Sequence[Policy]], on: date) -> pl.DataFrame:
    """One row of `SCHEMA` for each policy, scored for a reader of the day `on`."""
    made = [pl.DataFrame([_facts(row, on) for row in chunk], schema=SCHEMA, orient="row") for chunk in chunks]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *made])


def _facts(row: Policy, on: date) -> tuple[Any, ...]:
    scored = score(row, on)
    amount = row.funding_amount_max if row.funding_amount_max is not None else row.funding_amount_min
    return (
        row.policy_id,
        row.source,
        row.status,
        scored.total,
        scored.completeness,
        scored.accuracy,
        scored.consistency,
        scored.timeliness,
        len(row.title),
        len(row.content),
        row.category,
        sorted({code[:2] for code in row.target_regions}),
        amount,
        None if row.interest_rate is None else float(row.interest_rate),
        [f"{reason.field}: {reason.reason}" for reason in scored.reasons],
        *(getattr(row, field) in {None, "", ()} for field in STATED),
    )
