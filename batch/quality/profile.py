"""The profile of a source on one day: how many, how complete, how long, how distributed. Pure over a frame of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from aegis.codes import SIDO
from aegis.rows.policy import STATED
from batch.quality.score import WEIGHTS

QUANTILES = {"least": 0.0, "p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "most": 1.0}
MOST_VALUES = 12
"""Values of a distribution that are named; the rest is `OTHERS`."""
OTHERS, ABSENT = "(others)", "(none)"
SCORE_BINS = 20
MOST_LOWEST = 10
Quantiles = Mapping[str, float]
Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """Statistics of one source's policies that are not archived. Shares are 0 to 1, lengths in characters, amounts in won."""

    source: str
    count: int
    statuses: Mapping[str, int]
    score: float
    """Mean total."""
    parts: Shares
    below: float
    """Share of policies below the threshold."""
    threshold: float
    null_shares: Shares
    title_length: Quantiles
    content_length: Quantiles
    amounts: Quantiles
    """Of the policies that state one; empty where none does."""
    categories: Shares
    regions: Shares
    """By name of province; a policy of several counts for each."""
    scores: tuple[int, ...]
    """How many totals fall into each of 20 equal bins from 0 to 1."""
    reasons: Shares
    """Share of the policies that lose points for it, the most frequent first."""
    lowest: tuple[tuple[str, float], ...]
    """Keys and totals of the policies with the lowest scores."""

    def as_document(self) -> dict[str, Any]:
        """The profile as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Profile:
        """The profile in a document of `as_document`."""
        return cls(**{**document, "scores": tuple(document["scores"]), "lowest": tuple((key, total) for key, total in document["lowest"])})


def profiles(facts: pl.DataFrame, threshold: float) -> tuple[Profile, ...]:
    """One profile for each source that has policies, by name."""
    parted = facts.partition_by("source", as_dict=True)
    return tuple(_profile(str(source), parted[(source,)], threshold) for (source,) in sorted(parted))


def _profile(source: str, facts: pl.DataFrame, threshold: float) -> Profile:
    named = pl.col("regions").list.eval(pl.element().replace_strict(SIDO, default=pl.element()))
    regions = facts.select(named.alias("regions")).explode("regions", empty_as_null=True)["regions"]
    bins = (facts["total"] * SCORE_BINS).floor().clip(0, SCORE_BINS - 1).cast(pl.Int32)
    counted = dict(bins.value_counts().iter_rows())
    return Profile(
        source=source,
        count=facts.height,
        statuses=dict(sorted(facts["status"].value_counts().iter_rows())),
        score=_mean(facts["total"]),
        parts={part: _mean(facts[part]) for part in WEIGHTS},
        below=_mean((facts["total"] < threshold).cast(pl.Float64)),
        threshold=threshold,
        null_shares={field: _mean(facts[f"without_{field}"].cast(pl.Float64)) for field in STATED},
        title_length=quantiles(facts["title_length"]),
        content_length=quantiles(facts["content_length"]),
        amounts=quantiles(facts["amount"].drop_nulls()),
        categories=shares(facts["category"], facts.height),
        regions=shares(regions, facts.height),
        scores=tuple(counted.get(number, 0) for number in range(SCORE_BINS)),
        reasons=shares(facts["reasons"].explode(empty_as_null=False), facts.height),
        lowest=tuple(facts.select("policy_id", "total").sort("total", "policy_id").head(MOST_LOWEST).iter_rows()),
    )


def quantiles(values: pl.Series) -> dict[str, float]:
    """Quantiles by name; empty where there are no values."""
    found = {name: values.quantile(share, "nearest") for name, share in QUANTILES.items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def shares(values: pl.Series, of: int) -> dict[str, float]:
    """Value → share of `of`, the most frequent first, at most `MOST_VALUES` of them, the rest together."""
    counted = values.fill_null(ABSENT).value_counts(name="count").sort(["count", values.name], descending=[True, False])
    named = {str(value): round(count / of, 4) for value, count in counted.head(MOST_VALUES).iter_rows()}
    rest = int(counted["count"][MOST_VALUES:].sum())
    return named | ({OTHERS: round(rest / of, 4)} if rest else {})


def _mean(values: pl.Series) -> float:
    mean = values.mean()
    return round(float(mean), 4) if isinstance(mean, float) else 0.0
