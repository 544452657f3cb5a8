"""How often a source is asked. Pure: from the kind of a source and its last runs to the time of the next one, with the reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import takewhile

from aegis.errors import Code
from aegis.korea import KOREA

QUIET_RUNS = 4
"""So many runs in a row without a change double the interval, and so many more double it again."""
BURST_SHARE = 0.02
BURST_CHANGES = 20
"""A run that brought this share of what is known, and at least so many changes, halves the interval."""
FIRST_RETRY = timedelta(minutes=15)
"""After a failure; doubled with each further one in a row."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The usual interval of a kind of source, and its limits."""

    usual: timedelta
    least: timedelta
    most: timedelta
    at: time | None = None
    """Time of the day in Korea at which runs begin; None: whenever the interval is over."""


RHYTHMS = {
    "api": Rhythm(timedelta(hours=6), timedelta(hours=1), timedelta(hours=24)),
    "pages": Rhythm(timedelta(days=1), timedelta(days=1), timedelta(days=7), at=time(0, 0)),
    "feed": Rhythm(timedelta(minutes=30), timedelta(minutes=10), timedelta(hours=4)),
}
"""Kind of source → rhythm. A page is never asked for more than once a day, but after a failure that may pass."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One finished run of a source."""

    finished_at: datetime
    status: str
    """success, partial or failure."""
    changes: int = 0
    """Policies that it added, changed or archived."""
    fetched: int = 0
    error_code: str | None = None
    limit_of_the_day: bool = False
    """Whether it failed because the limit of the day is used up: the portal's, or the lower one that was set for it."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a source is asked next."""

    at: datetime
    interval: timedelta
    reason: str


def next_run(kind: str, runs: Sequence[Ran], now: datetime) -> Due:
    """When a source of `kind` is due, by its last runs, the newest first. `now` has a zone; one that never ran is due at once."""
    rhythm = RHYTHMS[kind]
    if not runs:
        return Due(now, rhythm.usual, "it never ran")
    newest = runs[0]
    if newest.status == "failure":
        return _after_failure(rhythm, runs)
    interval, reason = _interval(rhythm, runs)
    return Due(_aligned(newest.finished_at + interval, rhythm), interval, reason)


def _interval(rhythm: Rhythm, runs: Sequence[Ran]) -> tuple[timedelta, str]:
    told = [run for run in runs if run.status != "failure"]
    newest = told[0]
    if newest.changes >= max(BURST_CHANGES, BURST_SHARE * newest.fetched):
        shorter = max(rhythm.least, rhythm.usual / 2 ** _bursts(told))
        return shorter, f"a burst of {newest.changes} changes"
    quiet = _leading(run.changes == 0 for run in told)
    longer = min(rhythm.most, rhythm.usual * 2 ** min(quiet // QUIET_RUNS, 16))
    return longer, f"{quiet} runs in a row without a change" if quiet >= QUIET_RUNS else "the usual interval"


def _bursts(told: Sequence[Ran]) -> int:
    return min(16, _leading(run.changes >= max(BURST_CHANGES, BURST_SHARE * run.fetched) for run in told))


def _after_failure(rhythm: Rhythm, runs: Sequence[Ran]) -> Due:
    newest = runs[0]
    if newest.limit_of_the_day:
        tomorrow = newest.finished_at.astimezone(KOREA).date() + timedelta(days=1)
        at = datetime.combine(tomorrow, time(0, 5), KOREA)
        return Due(at, at - newest.finished_at, "the limit of the day is used up")
    failures = _leading(run.status == "failure" for run in runs)
    if newest.error_code in {Code.SCRAPING_BLOCKED, Code.INVALID_FORMAT}:
        return Due(newest.finished_at + rhythm.most, rhythm.most, f"{newest.error_code}: asking sooner would not help, a person has to look")
    wait = min(max(rhythm.usual, FIRST_RETRY), FIRST_RETRY * 2 ** min(failures - 1, 16))
    return Due(newest.finished_at + wait, wait, f"{failures} failures in a row")


def _aligned(at: datetime, rhythm: Rhythm) -> datetime:
    """The nearest time of the day at which runs of this kind begin: a run that ends a little later each day must not creep through it."""
    if rhythm.at is None:
        return at
    local = at.astimezone(KOREA)
    that_day = datetime.combine(local.date(), rhythm.at, KOREA)
    return that_day if local - that_day < timedelta(hours=12) else that_day + timedelta(days=1)


def _leading(flags: Iterable[bool]) -> int:
    """How many come before the first that is false."""
    return sum(1 for _ in takewhile(bool, flags))
