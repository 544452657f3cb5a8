"""Shifts of a distribution: the population stability index against the mean of the days before. Pure.

    PSI = sum over values of (today - usual) * ln(today / usual)

A sum of relative changes, each weighed by how much it is. By custom of its use: below 0.1 nothing, up to 0.25 look at it, above it another population.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batch.quality.jump import LEAST_DAYS

SHIFTED = 0.25
_WORTH_NAMING = 0.01
_LEAST_SHARE = 0.001
"""Stands in for a share of nothing, of which no logarithm exists."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A distribution that differs from its history, in words."""

    field: str
    index: float
    words: str


def stability_index(usual: Mapping[str, float], today: Mapping[str, float]) -> float:
    """The index of two distributions, value → share: 0 where they are equal, else positive."""
    return sum(_part(usual.get(value, 0.0), today.get(value, 0.0)) for value in usual.keys() | today.keys())


def shift(field: str, history: Sequence[Mapping[str, float]], today: Mapping[str, float]) -> Shift | None:
    """What shifted in `today` after `history` (one distribution a day); None where nothing did, or the history is too short."""
    if len(history) < LEAST_DAYS:
        return None
    values = {value for day in history for value in day}
    usual = {value: sum(day.get(value, 0.0) for day in history) / len(history) for value in values}
    index = stability_index(usual, today)
    if index <= SHIFTED:
        return None
    pairs = [(value, usual.get(value, 0.0), today.get(value, 0.0)) for value in sorted(values | today.keys())]
    moved = sorted((pair for pair in pairs if abs(pair[2] - pair[1]) >= _WORTH_NAMING), key=lambda pair: -_part(pair[1], pair[2]))[:3]
    named = ", ".join(f"{value} from {was:.1%} to {now:.1%}" for value, was, now in moved) or "many small changes"
    return Shift(field, round(index, 3), f"the distribution of {field} is another than in the last {len(history)} days (index {index:.2f}): {named}")


def _part(usual: float, today: float) -> float:
    was, now = max(usual, _LEAST_SHARE), max(today, _LEAST_SHARE)
    return (now - was) * math.log(now / was)
