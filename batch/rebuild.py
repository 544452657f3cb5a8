"""Rebuild in place: fill a derived store anew from PostgreSQL, by the log where it still has every row, else by an incremental snapshot; then compare.

Readers see records come back. Nothing is removed first: what is there and right stays, what is wrong is overwritten or found by the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from aegis.envelope import table_topic
from aegis.offsets import Place
from batch.completeness import Standing
from batch.group import Group, Watch
from batch.progress import Progress, Silent
from batch.reach import Course, Partition, chart
from batch.replay import Means, compared, rate_of, store_lock, topics_of_tables
from batch.request import Result
from batch.runs import Run, Verdict, enter, open_run
from batch.snapshot import Snapshots
from batch.whence import Beginning, Since

TakesSnapshots = Callable[[Run], Snapshots]


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """What is to be done. `beside`: whether a new generation is filled, of all tables, which move together."""

    store: str
    tables: tuple[str, ...]
    """Empty: all."""
    standing: Mapping[str, Standing]
    beside: bool

    @property
    def topics(self) -> tuple[str, ...]:
        """Everything that has to be read."""
        return topics_of_tables(self.store, self.tables)

    @property
    def anew(self) -> tuple[str, ...]:
        """The tables that a snapshot reads, since the log may not have every row of them."""
        return tuple(table for table, standing in self.standing.items() if standing.lacking)

    @property
    def rows_anew(self) -> int:
        """About how many rows the snapshot reads."""
        return sum(self.standing[table].rows for table in self.anew)

    def options(self) -> dict[str, Any]:
        """For `ops.runs`."""
        return {"store": self.store, "tables": list(self.tables), "beside": self.beside, "snapshot_of": list(self.anew)}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did. `seconds`: until everything was read."""

    run_id: str
    messages: int
    seconds: float
    results: Sequence[Result]
    """Of its comparisons."""
    verdict: Verdict
    """Of all of them."""
    switched: bool = False
    """Whether readers were given a new generation."""
    message: str = ""


def course_of(plan: Rebuilding, partitions: Sequence[Partition], committed: Mapping[Place, int]) -> Course:
    """Where a group begins: at the beginning of what the log has whole, and where it stands, or at the end, in what a snapshot brings.

    Old corrections may be gone. Those that are left matter, and the comparison does the rest.
    """
    anew = {table_topic(table) for table in plan.anew}
    ends = {partition.place: partition.end for partition in partitions if partition.place[0] in anew}
    whole = chart(Beginning(), [partition for partition in partitions if partition.place not in ends], committed, {})
    rest = chart(Since(datetime.now(UTC)), [partition for partition in partitions if partition.place in ends], {**ends, **committed}, ends)
    return Course([replace(leg, gap="") for leg in (*whole.legs, *rest.legs)])


def extended(course: Course, ends: Mapping[Place, tuple[int, int]]) -> Course:
    """`course` up to where the log ends now."""
    return Course([replace(leg, end=max(leg.end, ends[leg.place][1])) for leg in course.legs])


@dataclass(frozen=True, slots=True)
class Work:
    """A rebuild under way."""

    plan: Rebuilding
    means: Means
    run: Run
    snapshots: TakesSnapshots
    progress: Progress

    def enter(self, phase: str) -> None:
        """Tell the record and whoever watches."""
        enter(self.run, self.progress, phase)

    def watch(self, alive: Callable[[], None]) -> Watch:
        """A watch of this rebuild's waits."""
        return Watch(self.progress.step, alive, self.means.stall_seconds)

    def fill(self, group: Group, course: Course, alive: Callable[[], None] = lambda: None) -> Course:
        """Take the snapshot that the plan needs, then follow `group` along the course and the snapshot. The course as it became."""
        began = monotonic()
        if self.plan.anew:
            self.enter("snapshot")
            self.snapshots(self.run).take(self.run.run_id, self.plan.anew, self.plan.rows_anew, self.watch(alive))
        self.enter("read")
        whole = extended(course, self.means.log.offsets.ends(self.plan.topics))
        group.follow(whole, self.watch(alive))
        seconds = monotonic() - began
        self.run.summary |= {"messages": whole.messages, "read_seconds": round(seconds, 3), **rate_of(whole.messages, seconds)}
        return whole


def rebuild_in_place(plan: Rebuilding, means: Means, prepare: Callable[[], None], snapshots: TakesSnapshots, progress: Progress | None = None) -> Rebuilt:
    """Fill the store where it is; recorded in `ops.runs`. `prepare` makes what its schema lacks. Raises what `replay` raises, and `SnapshotStuck`."""
    told = progress or Silent()
    with open_run(means.dsn, "rebuild", plan.options(), lock=store_lock(plan.store)) as run:
        work = Work(plan, means, run, snapshots, told)
        work.enter("prepare")
        prepare()
        with means.pause(run.run_id) as lease:
            means.group.await_empty(means.leave_seconds, lease.check)
            work.enter("move")
            course = course_of(plan, means.log.partitions(plan.topics), means.group.committed())
            lease.check()
            means.group.move(course.starts)
        whole = work.fill(means.group, course)
        result = compared(run, means.compare, told)
        return Rebuilt(run.run_id, whole.messages, run.summary["read_seconds"], [result], result.verdict, message=result.message)
