"""Outliers among amounts: far outside of what the same source pays in the same category. Pure over a frame of facts.

Amounts spread over powers of ten, so the quartiles are those of their logarithms: an amount is an outlier beyond three times the distance of the quartiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

LEAST_AMOUNTS = 12
"""Amounts of a category without which nothing is said."""
FENCES = 3.0
LEAST_DISTANCE = 0.6
"""Of the quartiles, in powers of ten: where all but one amount are equal, that one may still be sixty times as much."""
MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class Outlier:
    """One policy's amount, and the bounds of its like, in won."""

    policy_id: str
    source: str
    category: str
    amount: int
    least: int
    most: int

    @property
    def words(self) -> str:
        """The finding as a sentence."""
        return f"{self.amount:,} won; amounts of {self.source} in {self.category} lie between {self.least:,} and {self.most:,}: look at the unit in its text"


def outliers(facts: pl.DataFrame) -> tuple[Outlier, ...]:
    """The amounts that lie outside, the farthest first, at most `MOST_NAMED`."""
    stated = facts.filter(pl.col("amount") > 0).select("policy_id", "source", pl.col("category").fill_null("(none)"), "amount", log=pl.col("amount").log10())
    group = ["source", "category"]
    low, high = pl.col("log").quantile(0.25).over(group), pl.col("log").quantile(0.75).over(group)
    distance = pl.max_horizontal(high - low, pl.lit(LEAST_DISTANCE)) * FENCES
    fenced = stated.with_columns(least=low - distance, most=high + distance, size=pl.len().over(group))
    far = pl.max_horizontal(pl.col("least") - pl.col("log"), pl.col("log") - pl.col("most"))
    odd = fenced.filter(pl.col("size") >= LEAST_AMOUNTS, far > 0).sort(far, "policy_id", descending=[True, False]).head(MOST_NAMED)
    bounds = (pl.lit(10.0).pow(pl.col(name)).round().cast(pl.Int64).alias(name) for name in ("least", "most"))
    columns = odd.select("policy_id", "source", "category", "amount", *bounds)
    return tuple(Outlier(*row) for row in columns.iter_rows())
