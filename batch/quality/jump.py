"""Jumps: a day's measurement against its own history, by median and median absolute deviation. Pure.

Median and deviation of the median are not moved by the few odd days that every history has; a mean and a standard deviation would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

LEAST_DAYS = 7
"""Days of history without which nothing is said."""
MOST_DEVIATIONS = 4.0
_NORMAL = 1.4826
"""Makes the median absolute deviation comparable to a standard deviation where values are spread normally."""


@dataclass(frozen=True, slots=True)
class Jump:
    """A measurement that its history does not explain, in words."""

    metric: str
    value: float
    usual: float
    deviations: float
    words: str


@dataclass(frozen=True, slots=True)
class Floor:
    """The least spread that a metric is granted, so that a source that never changed does not alarm at its first small change."""

    share: float
    """Of the usual value."""
    absolute: float

    def spread(self, usual: float) -> float:
        """The least spread about `usual`."""
        return max(self.share * abs(usual), self.absolute)


def floor_of(metric: str) -> Floor:
    """Shares and scores vary by points, counts, lengths and amounts by shares of themselves."""
    if metric.startswith(("null_share", "score", "below_threshold")):
        return Floor(0.0, 0.01)
    return Floor(0.03, 1.0) if metric == "count" else Floor(0.05, 1.0)


def jump(metric: str, history: Sequence[float], value: float) -> Jump | None:
    """What is odd about `value` after `history` (earlier days, oldest first); None where nothing is, or the history is shorter than `LEAST_DAYS`."""
    if len(history) < LEAST_DAYS:
        return None
    usual = median(history)
    spread = max(_NORMAL * median(abs(each - usual) for each in history), floor_of(metric).spread(usual))
    deviations = (value - usual) / spread
    if abs(deviations) <= MOST_DEVIATIONS:
        return None
    way = "above" if deviations > 0 else "below"
    words = f"{metric} is {_number(value)}; the median of {len(history)} days is {_number(usual)}: {abs(deviations):.1f} usual deviations {way} it"
    return Jump(metric, value, usual, round(deviations, 2), words)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits are what a reader takes in
