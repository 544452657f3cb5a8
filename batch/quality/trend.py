"""Trends: a robust line through a series of days, what it comes to, and when it crosses the threshold. Pure.

Theil-Sen: the slope is the median of the slopes between all pairs of days, so that up to 29 of 100 odd days do not turn it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from statistics import median

from batch.quality.jump import LEAST_DAYS

AHEAD_DAYS = 14
WARNING_DAYS = 30
"""A threshold that will be crossed within so many days is worth a warning."""
MOST_DAYS = 90
"""Older days say nothing about the next ones."""
LEAST_SLOPE = 0.0005
"""A day: less than half a point in ten days is no direction."""

Point = tuple[date, float]


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a series goes."""

    metric: str
    days: int
    """How many the line was drawn through."""
    slope: float
    """Change a day."""
    level: float
    """The line's value on the last day."""
    forecast: float
    """The line's value `AHEAD_DAYS` later, within 0 and 1."""
    crosses_on: date | None
    """The day on which the line goes below the threshold; the last day where it is below; None where it does not fall."""
    warning: str | None


def trend(metric: str, points: Sequence[Point], threshold: float) -> Trend | None:
    """The trend of a share (0 to 1) over its days; None where there are less than `LEAST_DAYS`."""
    recent = sorted(points)[-MOST_DAYS:]
    if len(recent) < LEAST_DAYS:
        return None
    last = recent[-1][0]
    offsets = [((day - last).days, value) for day, value in recent]
    slope = median((after - before) / (x_after - x_before) for (x_before, before), (x_after, after) in combinations(offsets, 2))
    level = median(value - slope * x for x, value in offsets)
    crosses_on = _crossing(level, slope, threshold, last)
    forecast = min(max(level + slope * AHEAD_DAYS, 0.0), 1.0)
    return Trend(metric, len(recent), round(slope, 5), round(level, 4), round(forecast, 4), crosses_on, _warning(metric, level, crosses_on, threshold, last))


def _crossing(level: float, slope: float, threshold: float, last: date) -> date | None:
    if level < threshold:
        return last
    if slope > -LEAST_SLOPE:
        return None
    days = int((level - threshold) / -slope) + 1
    return last + timedelta(days=days) if days <= 10 * WARNING_DAYS else None


def _warning(metric: str, level: float, crosses_on: date | None, threshold: float, last: date) -> str | None:
    if crosses_on is None or (crosses_on - last).days > WARNING_DAYS:
        return None
    if crosses_on == last:
        return f"the trend of {metric} is at {level:.3f}, below the threshold of {threshold}: the report says what costs points"
    days = (crosses_on - last).days
    return f"{metric} falls, and will be below the threshold of {threshold} in {days} days, on {crosses_on}: look at what its source changed"
