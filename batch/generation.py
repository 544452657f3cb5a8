"""Rebuild beside: fill a new generation of a derived store next to the one in use, and switch to it when it equals PostgreSQL.

A worker of the store's app fills it, in a group of its own, from the same log and by the same rule. Until the switch readers see the old generation, which the
ordinary app goes on to write. At the switch the ordinary app is paused, the builder passes what the log has at that moment and ends, readers are given the new
generation, and the ordinary group is moved to where the builder's stood: at no moment do two write to one generation, and nothing of the log is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from confluent_kafka import KafkaException

from aegis.errors import AegisError
from aegis.stores.generations import Generations
from batch.group import Group
from batch.kafka_log import KafkaLog
from batch.progress import Progress, Silent
from batch.reach import Course
from batch.rebuild import Rebuilding, Rebuilt, TakesSnapshots, Work, course_of, extended
from batch.replay import Compare, Means, compared, store_lock
from batch.runs import Verdict, open_run

ABANDONED = "the new generation differs from PostgreSQL and was abandoned; readers have the old one"


class Builds(Protocol):
    """A process that fills the new generation."""

    def check(self) -> None:
        """Raises where it no longer runs."""
        ...

    def stop(self) -> None:
        """Returns when it has ended; stopped twice is as good."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """Where the new generation is built."""

    generations: Generations
    group: Group
    """The builder's."""
    start: Callable[[str], Builds]
    """Run id → the builder, started."""
    compare: Compare
    """A deep comparison of the new generation, with repair."""

    def clear(self, kafka: KafkaLog, leave_seconds: float) -> None:
        """Remove what was half-built, and the builder's group. Raises `GroupStuck` where a builder is left."""
        self.group.await_empty(leave_seconds)
        self.generations.abandon()
        kafka.delete_group(self.group.name)


def rebuild_beside(plan: Rebuilding, means: Means, site: Site, snapshots: TakesSnapshots, progress: Progress | None = None) -> Rebuilt:
    """Fill a new generation and switch to it; recorded in `ops.runs`. `means.compare` looks at the store once more after the switch.

    Raises what `replay` raises, `SnapshotStuck` and `BuilderEnded`. Whatever ends it before the switch, what was half-built is removed.
    """
    told = progress or Silent()
    with open_run(means.dsn, "rebuild", plan.options(), lock=store_lock(plan.store)) as run, ExitStack() as undo:
        work = Work(plan, means, run, snapshots, told)
        work.enter("build")
        site.clear(means.log, means.leave_seconds)  # an earlier rebuild may have been killed
        undo.callback(_clear_quietly, site, work)
        site.generations.build()
        course = course_of(plan, means.log.partitions(plan.topics), {})
        site.group.move(course.starts)
        builder = site.start(run.run_id)
        undo.callback(builder.stop)
        course = work.fill(site.group, course, builder.check)
        results = [compared(run, site.compare, told)]
        if switched := run.verdict in {Verdict.CLEAN, Verdict.REPAIRED}:
            _switch(work, site, builder, course)
            results.append(compared(run, means.compare, told))
        else:
            run.message = f"{ABANDONED}{f': {run.message}' if run.message else ''}"
        run.summary["switched"] = switched
        verdict = run.verdict or Verdict.FAILED
        return Rebuilt(run.run_id, course.messages, run.summary["read_seconds"], results, verdict, switched, run.message or "")


def _switch(work: Work, site: Site, builder: Builds, course: Course) -> None:
    work.enter("switch")
    means = work.means
    with means.pause(work.run.run_id) as lease:
        means.group.await_empty(means.leave_seconds, lease.check)
        ends = means.log.offsets.ends(work.plan.topics)
        site.group.follow(extended(course, ends), work.watch(builder.check))
        builder.stop()
        reached = site.group.committed()
        lease.check()
        site.generations.switch()
        means.group.move({place: offset for place, offset in reached.items() if place in ends})


def _clear_quietly(site: Site, work: Work) -> None:
    """Cleaning up must not hide what went wrong; the next rebuild cleans up first."""
    try:
        site.clear(work.means.log, work.means.leave_seconds)
    except (AegisError, KafkaException) as error:
        work.run.summary["left_behind"] = str(error)
