"""Replay: move one derived store's group back, let its app read the log again, then compare. Other stores are not touched.

Nothing here writes to a store. A change that is read again is applied or stale by the one rule, so a replay may be begun, broken off and begun again anywhere.
What a projection makes anew of a record with a repair's stamp the log cannot overwrite: the deep comparison at the end does, at an equal stamp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from aegis.correction import CORRECTIONS_TOPIC
from aegis.derivations import shapes
from aegis.envelope import table_topic
from aegis.errors import AegisError, Code
from aegis.queries import queries
from batch.group import LEAVE_SECONDS, STALL_SECONDS, Group, Watch
from batch.kafka_log import KafkaLog
from batch.leasing import Pause
from batch.progress import Progress, Silent
from batch.reach import Course, chart
from batch.report import total
from batch.request import Result
from batch.runs import Run, Verdict, enter, open_run
from batch.whence import At, Since, Whence

Compare = Callable[[Progress], Result]
"""A deep comparison with repair of what was replayed."""


class BeyondReach(AegisError):
    """The log no longer has what was asked for."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be replayed. `tables`: of the store, empty for all."""

    store: str
    whence: Whence
    tables: tuple[str, ...] = ()
    as_far_as_possible: bool = False

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are read again. Corrections go with their tables: without them a store would show what another one cannot."""
        if isinstance(self.whence, At):
            return (self.whence.topic,)
        return topics_of_tables(self.store, self.tables)

    @property
    def lock(self) -> str:
        """Replays and rebuilds of one store exclude each other."""
        return store_lock(self.store)

    def options(self) -> dict[str, Any]:
        """For `ops.runs`."""
        return {"store": self.store, "tables": list(self.tables), "whence": str(self.whence), "as_far_as_possible": self.as_far_as_possible}


@dataclass(frozen=True, slots=True)
class Means:
    """What a replay works with. `dsn`: the operator's."""

    dsn: str
    log: KafkaLog
    group: Group
    pause: Pause
    compare: Compare
    leave_seconds: float = LEAVE_SECONDS
    stall_seconds: float = STALL_SECONDS


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did. `seconds`: reading alone."""

    run_id: str
    course: Course
    seconds: float
    result: Result


def topics_of_tables(store: str, tables: Sequence[str]) -> tuple[str, ...]:
    """The topics of `tables` (empty: all of `store`), and the corrections, which go with them."""
    return (*(table_topic(table) for table in tables or shapes(store)), CORRECTIONS_TOPIC)


def store_lock(store: str) -> str:
    """The lock of the runs that move the offsets of `store`."""
    return f"replay {store}"


def plan(order: Order, kafka: KafkaLog, group: Group, now: datetime | None = None) -> Course:
    """What would be read now. Raises `UnknownPlace`, `MissingTopic` and KafkaException."""
    partitions = kafka.partitions(order.topics, now or datetime.now(UTC))
    moments = kafka.offsets.at(order.topics, order.whence.moment) if isinstance(order.whence, Since) else {}
    return chart(order.whence, partitions, group.committed(), moments)


def refuse_gaps(order: Order, course: Course) -> None:
    """Raises `BeyondReach` where the log no longer has what was asked for, and nobody said that this will do."""
    if course.gaps and not order.as_far_as_possible:
        raise BeyondReach(
            Code.COLD_PATH_FAILED,
            f"the log no longer reaches back that far: {'; '.join(course.gaps)}. Nothing was changed. `aegis rebuild {order.store}` brings every row anew; "
            "--as-far-as-possible reads what is left, and the comparison at the end repairs the rest",
        )


def replay(order: Order, means: Means, progress: Progress | None = None) -> Replayed:
    """Replay as `order` says; recorded in `ops.runs`.

    Raises `BeyondReach`, `GroupStuck`, `RunInProgress`, KafkaException, psycopg.Error, and what the lease and the comparison raise; the run is then recorded as
    failed, and the group goes on from wherever it stands.
    """
    told = progress or Silent()
    with open_run(means.dsn, "replay", order.options(), lock=order.lock) as run:
        course, seconds = reread(order, means, run, told)
        result = compared(run, means.compare, told)
        return Replayed(run.run_id, course, seconds, result)


def reread(order: Order, means: Means, run: Run, progress: Progress) -> tuple[Course, float]:
    """Move the group and follow it until it has passed the ends of that moment. The course and the seconds of reading."""
    enter(run, progress, "pause")
    with means.pause(run.run_id) as lease:
        means.group.await_empty(means.leave_seconds, lease.check)
        enter(run, progress, "move")
        course = plan(order, means.log, means.group)  # again: since it was shown, retention may have taken more away
        refuse_gaps(order, course)
        lease.check()
        means.group.move(course.starts)
        run.summary |= {"messages": course.messages, "gaps": course.gaps}
    enter(run, progress, "read")
    began = monotonic()
    means.group.follow(course, Watch(progress.step, stall_seconds=means.stall_seconds))
    seconds = monotonic() - began
    run.summary |= {"read_seconds": round(seconds, 3), **rate_of(course.messages, seconds)}
    return course, seconds


def compared(run: Run, compare: Compare, progress: Progress) -> Result:
    """The comparison's verdict becomes that of `run`."""
    run.enter("compare")
    result = compare(progress)
    run.summary.setdefault("comparisons", []).append({"run_id": result.run_id, "verdict": result.verdict.value, "found": total(result.summary, 1)})
    run.verdict, run.message = worse(run.verdict, result.verdict), result.message or run.message
    return result


_BY_WEIGHT = (Verdict.CLEAN, Verdict.REPAIRED, Verdict.DRIFT_LEFT, Verdict.FAILED)


def worse(one: Verdict | None, other: Verdict) -> Verdict:
    """The verdict of two comparisons together."""
    return other if one is None else max(one, other, key=_BY_WEIGHT.index)


def last_rate(connection: Any, store: str) -> float | None:
    """Messages a second of the last replay or rebuild of `store`; None where there was none. `connection` gives rows as dicts."""
    row = connection.execute(queries("replay")["last_rate"], {"lock": store_lock(store)}).fetchone()
    return None if row is None else row["rate"]


LEAST_RATED = 10_000
"""Messages: with fewer, the seconds in which the app comes back to its group are most of the time."""


def rate_of(messages: int, seconds: float) -> dict[str, float]:
    """For the record, where it says anything."""
    return {"messages_per_second": round(messages / seconds, 1)} if messages >= LEAST_RATED and seconds > 0 else {}
