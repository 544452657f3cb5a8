"""Runs sources when they are due, until told to stop. APScheduler keeps the clock and the threads; the times themselves are in PostgreSQL (`timetable.py`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from collectors.schedule.rhythm import Due
from collectors.schedule.timetable import Timetable

RunSource = Callable[[str], object]
"""Collects one source; its failure is in the history, and nothing is raised for it."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Service:
    """Asks every source when it is due, at most `most_at_once` side by side, and none twice at a time."""

    timetable: Timetable
    run: RunSource
    most_at_once: int
    retry_seconds: float = 60.0
    """Least time between two runs of a source, also where the next time could not be decided, PostgreSQL being away."""

    def start(self) -> BackgroundScheduler:
        """Begin; the caller shuts the scheduler down. Raises psycopg's errors where the timetable cannot be read."""
        now = datetime.now(UTC)
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(self.most_at_once)},
            # however many times of a source passed, it is run once, and never beside itself
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for source, due in self.timetable.dues(now).items():
            self._plan(scheduler, source, max(due.at, now), due.reason)
        scheduler.start()
        return scheduler

    def due(self, now: datetime) -> Sequence[str]:
        """The sources that are due, the longest overdue first."""
        dues = self.timetable.dues(now)
        return sorted((source for source, due in dues.items() if due.at <= now), key=lambda source: (dues[source].at, source))

    def _plan(self, scheduler: BackgroundScheduler, source: str, at: datetime, reason: str) -> None:
        log.info("schedule.planned", source=source, at=at.isoformat(timespec="seconds"), reason=reason)
        scheduler.add_job(self._run_and_plan, "date", run_date=at, args=[scheduler, source], id=f"{source} {at.isoformat()}")

    def _run_and_plan(self, scheduler: BackgroundScheduler, source: str) -> None:
        try:
            self.run(source)
        finally:
            due = self._decided(source)
            self._plan(scheduler, source, due.at, due.reason)

    def _decided(self, source: str) -> Due:
        """The next time, never at once: a run that left no trace in the history looks as if it had not been."""
        pause = timedelta(seconds=self.retry_seconds)
        soonest = datetime.now(UTC) + pause
        try:
            due = self.timetable.decide([source], datetime.now(UTC))[source]
        except psycopg.Error as error:
            log.warning("schedule.undecided", source=source, error=type(error).__name__)
            return Due(soonest, pause, "PostgreSQL does not answer")
        return replace(due, at=max(due.at, soonest))
