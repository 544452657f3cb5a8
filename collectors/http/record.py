"""What is remembered of a source from one request to the next, and what may be asked because of it. Pure.

Not a breaker of a library: those keep their state in one process, and the one trial that an open circuit allows must be one for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from aegis.korea import KOREA
from collectors.failures import RESTING, SPENT, SourceFailed

MOST_FAILURES = 5
REST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Record:
    """One source. Times are aware."""

    day: date | None = None
    """The day in Korea that `requests` and `spent_at` are about."""
    requests: int = 0
    spent_at: datetime | None = None
    """When the source said that the day's limit is used up."""
    failures: int = 0
    """In a row: attempts that brought no answer, or a failure that may pass by itself."""
    opened_at: datetime | None = None
    """Since when the source is left in peace; moved on by each trial."""


def begun(record: Record, now: datetime, source: str, per_day: int | None) -> Record:
    """The record with one more request. Raises `SourceFailed` where the source must not be asked now."""
    if record.opened_at is not None and now < record.opened_at + REST:
        raise SourceFailed(RESTING, f"{source} failed {record.failures} times in a row and is left in peace until {_clock(record.opened_at + REST)}")
    today = now.astimezone(KOREA).date()
    record = record if record.day == today else replace(record, day=today, requests=0, spent_at=None)
    if record.spent_at is not None:
        raise SourceFailed(SPENT, f"{source} said at {_clock(record.spent_at)} that it answers no more today, after {record.requests} requests")
    if per_day is not None and record.requests >= per_day:
        raise SourceFailed(SPENT, f"{source} was asked {record.requests} times today, as often as it may be")
    trial = record.opened_at and now
    return replace(record, requests=record.requests + 1, opened_at=trial)


def refusal(record: Record, now: datetime, source: str, per_day: int | None) -> str | None:
    """Why the source must not be asked now, with the remedy; None where it may be."""
    try:
        begun(record, now, source, per_day)
    except SourceFailed as refused:
        return refused.message
    return None


def answered(record: Record) -> Record:
    """The record after an answer, be it a refusal: the source is there."""
    return replace(record, failures=0, opened_at=None)


def failed(record: Record, now: datetime) -> Record:
    """The record after a failure that may pass by itself. The fifth in a row, and that of a trial, leave the source in peace for a minute."""
    failures = record.failures + 1
    return replace(record, failures=failures, opened_at=now if failures >= MOST_FAILURES else None)


def spent(record: Record, now: datetime) -> Record:
    """The record after the source said that the day's limit is used up."""
    return replace(answered(record), day=now.astimezone(KOREA).date(), spent_at=now)


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(KOREA):%H:%M:%S} in Korea"
