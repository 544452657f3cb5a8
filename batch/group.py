"""A consumer group of a derived store, from outside: who is in it, moving it, and following it along a course."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import TypeVar

from confluent_kafka import KafkaException

from aegis.errors import AegisError, Code
from aegis.offsets import Offsets, Place
from batch.reach import Course

T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""
PAUSE_SECONDS = 0.2
LEAVE_SECONDS = 90.0
"""A worker that was killed counts as a member until its session times out (10 s); one that is writing finishes its batch first."""
STALL_SECONDS = 300.0
"""So long a group may stand still before the wait for it is given up."""


READ = "messages read"


def silent(_what: str, _done: int, _of: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches a long wait, and what ends it."""

    tell: Tell = silent
    alive: Callable[[], None] = lambda: None
    """Asked again and again; may raise."""
    stall_seconds: float = STALL_SECONDS


class GroupStuck(AegisError):
    """A group did not become empty, or does not go on. Nothing is lost by it; the command can be run again."""


class Group:
    """Asks Kafka about one group. A broker that does not answer for a moment is asked again."""

    def __init__(self, name: str, offsets: Offsets, *, pause: Callable[[float], object] | None = None) -> None:
        self.name = name
        self._offsets = offsets
        self._pause = pause or Event().wait

    def members(self) -> int:
        """How many workers are in it. Raises KafkaException."""
        return self._offsets.described([self.name])[self.name][1]

    def committed(self) -> Mapping[Place, int]:
        """Place → committed offset. Raises KafkaException."""
        return self._offsets.committed(self.name)

    def await_empty(self, seconds: float = LEAVE_SECONDS, alive: Callable[[], None] = lambda: None) -> None:
        """Returns when no worker is in it. `alive` may raise to end the wait. Raises `GroupStuck`."""
        deadline = monotonic() + seconds
        while (members := self._asked(self.members)) != 0:
            alive()
            if monotonic() > deadline:
                found = "Kafka does not tell" if members is None else f"{members} worker{'s are' if members != 1 else ' is'} still in it"
                raise GroupStuck(
                    Code.COLD_PATH_FAILED,
                    f"group {self.name} did not become empty within {seconds:.0f} s ({found}), and offsets of a group with members cannot be moved. Nothing "
                    "was changed. Stop workers that nobody supervises, see `aegis status`, then run the command again",
                )
            self._pause(PAUSE_SECONDS)

    def move(self, offsets: Mapping[Place, int]) -> None:
        """Commit `offsets`. The group must be empty; one that there is not yet is made. Raises KafkaException."""
        if offsets:
            self._offsets.move(self.name, offsets)

    def follow(self, course: Course, watch: Watch = Watch()) -> None:
        """Returns when the group has committed everything in `course`. Raises `GroupStuck` when it stands still for too long, and what `watch.alive` raises."""
        done, since = -1, monotonic()
        while True:
            watch.alive()
            committed = self._asked(self.committed)
            now = done if committed is None else course.done(committed)
            if now != done:
                done, since = now, monotonic()
                watch.tell(READ, done, course.messages)
            if done >= course.messages:
                return
            if monotonic() - since > watch.stall_seconds:
                raise self._stuck(course.messages - done, watch.stall_seconds)
            self._pause(PAUSE_SECONDS)

    def _stuck(self, left: int, seconds: float) -> GroupStuck:
        members = self._asked(self.members)
        why = "no worker is in it: start its app" if members == 0 else "is its store down, or the schema registry?"
        return GroupStuck(
            Code.COLD_PATH_FAILED,
            f"group {self.name} has stood still for {seconds:.0f} s with {left} messages left; {why} See `aegis status`, `aegis doctor`. It goes on from where "
            "it stands; run the command again for a comparison at the end",
        )

    @staticmethod
    def _asked(question: Callable[[], T]) -> T | None:
        """The answer; None where Kafka has none now."""
        try:
            return question()
        except KafkaException:
            return None
