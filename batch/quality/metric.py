"""Measurements of one day: what stands in `quality_metrics`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch.quality.profile import Profile

PROFILE = "profile"
"""The metric whose detail is the whole profile of the day."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One measurement of one source on one day."""

    metric: str
    scope: str
    value: float
    sample_size: int
    detail: Mapping[str, Any] | None = None


def metrics(profile: Profile) -> tuple[Metric, ...]:
    """What is kept of a profile: a number for each series that is watched, and the profile itself."""
    numbers = {
        "count": float(profile.count),
        "score": profile.score,
        "below_threshold": profile.below,
        **{f"score.{part}": value for part, value in profile.parts.items()},
        **{f"null_share.{field}": value for field, value in profile.null_shares.items()},
        **{f"title_length.{name}": profile.title_length[name] for name in ("p50", "p95") if name in profile.title_length},
        **{f"content_length.{name}": profile.content_length[name] for name in ("p50", "p95") if name in profile.content_length},
        **{f"amount.{name}": profile.amounts[name] for name in ("p50", "p95") if name in profile.amounts},
    }
    series = tuple(Metric(name, profile.source, value, profile.count) for name, value in numbers.items())
    return (*series, Metric(PROFILE, profile.source, float(profile.count), profile.count, profile.as_document()))
