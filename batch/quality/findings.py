"""What a day's profile says against the days before it: jumps, shifts, trends. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from batch.quality.jump import LEAST_DAYS, Jump, jump
from batch.quality.metric import PROFILE, metrics
from batch.quality.profile import Profile
from batch.quality.score import WEIGHTS
from batch.quality.shift import Shift, shift
from batch.quality.trend import Point, Trend, trend

TRENDED = ("score", *(f"score.{part}" for part in WEIGHTS))


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a source before the day in question."""

    series: Mapping[str, Sequence[Point]]
    """Metric → its days, oldest first."""
    profiles: Sequence[Mapping[str, Any]]
    """The profiles of those days, as documents."""


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """One source on one day."""

    profile: Profile
    on: date
    days_before: int
    jumps: tuple[Jump, ...]
    shifts: tuple[Shift, ...]
    trends: tuple[Trend, ...]
    series: Mapping[str, tuple[Point, ...]]
    """Metric → its days, the day in question included; for the charts."""

    @property
    def anomalies(self) -> tuple[str, ...]:
        """Every jump and shift in words."""
        return (*(each.words for each in self.jumps), *(each.words for each in self.shifts))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the trends warn of."""
        return tuple(each.warning for each in self.trends if each.warning)

    @property
    def history_note(self) -> str | None:
        """Why nothing is said about anomalies and trends; None where there is history enough."""
        short = self.days_before < LEAST_DAYS
        return f"not enough history: {self.days_before} of {LEAST_DAYS} days before {self.on}; run `aegis quality run` daily" if short else None

    def as_document(self) -> dict[str, Any]:
        """Everything that the report shows, as JSON holds it."""
        return {
            "source": self.profile.source,
            "on": self.on.isoformat(),
            "profile": self.profile.as_document(),
            "history": {"days_before": self.days_before, "note": self.history_note},
            "jumps": [asdict(each) for each in self.jumps],
            "shifts": [asdict(each) for each in self.shifts],
            "trends": [{**asdict(each), "crosses_on": each.crosses_on and each.crosses_on.isoformat()} for each in self.trends],
            "series": {name: [[day.isoformat(), value] for day, value in points] for name, points in self.series.items()},
        }


def judged(profile: Profile, history: History, on: date) -> SourceQuality:
    """`profile`, measured on the day `on`, against `history`, which ends before it."""
    now = {each.metric: each.value for each in metrics(profile) if each.metric != PROFILE}
    before = {name: tuple(history.series.get(name, ())) for name in now}
    jumps = (jump(name, [value for _, value in before[name]], value) for name, value in now.items())
    shifts = (shift(name, [day[name] for day in history.profiles], getattr(profile, name)) for name in ("categories", "regions"))
    series = {name: (*before[name], (on, value)) for name, value in now.items()}
    trends = (trend(name, series[name], profile.threshold) for name in TRENDED)
    return SourceQuality(
        profile,
        on,
        len(before["count"]),
        tuple(each for each in jumps if each),
        tuple(each for each in shifts if each),
        tuple(each for each in trends if each),
        series,
    )
