"""How far the log reaches back, and what a replay will read of it. Pure.

A message is gone where Kafka's retention took it away, or somebody did. What begins at offset 0 has lost nothing. Retention by time takes away nothing younger
than itself, so a partition that has been quiet for longer than its retention still reaches back to any moment within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aegis.offsets import Place
from batch.whence import At, Beginning, Since, UnknownPlace, Whence


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition as Kafka keeps it now."""

    place: Place
    beginning: int
    end: int
    first_at: datetime | None = None
    """When Kafka took in the earliest message that it still has; None: it has none."""
    kept_since: datetime | None = None
    """Retention has taken away nothing that came at this moment or later; None: not known (retention by size)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """What is read again of one partition: offsets from `start` to before `end`."""

    place: Place
    start: int
    end: int
    gap: str = ""
    """What the log no longer has of what was asked for; empty: nothing is missing."""

    @property
    def messages(self) -> int:
        """How many there are to read."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Course:
    """All legs of a replay."""

    legs: Sequence[Leg]

    @property
    def messages(self) -> int:
        """How many there are to read."""
        return sum(leg.messages for leg in self.legs)

    @property
    def gaps(self) -> list[str]:
        """What the log no longer has, a line for each partition."""
        return [leg.gap for leg in self.legs if leg.gap]

    @property
    def starts(self) -> dict[Place, int]:
        """Where the group is moved to."""
        return {leg.place: leg.start for leg in self.legs}

    @property
    def ends(self) -> dict[Place, int]:
        """What the group has to pass."""
        return {leg.place: leg.end for leg in self.legs}

    def done(self, committed: Mapping[Place, int]) -> int:
        """How many messages of the course lie before what is committed."""
        return sum(min(max(committed.get(leg.place, leg.start), leg.start), leg.end) - leg.start for leg in self.legs)


def chart(whence: Whence, partitions: Iterable[Partition], committed: Mapping[Place, int], at_moment: Mapping[Place, int]) -> Course:
    """The course that brings a group back to `whence`. `at_moment`: place → first offset of that moment, for `Since`.

    A group is never moved ahead, since what it skips it would never apply; nor beyond an end, where a worker would wait in silence. Raises UnknownPlace where
    an offset names a partition that there is not, or one beyond its end.
    """
    known = {partition.place: partition for partition in partitions}
    if isinstance(whence, At):
        _refuse_unknown(whence, known)
        known = {place: partition for place, partition in known.items() if place[0] == whence.topic and place[1] in whence.offsets}
    return Course([_leg(whence, partition, committed.get(place), at_moment.get(place)) for place, partition in sorted(known.items())])


def _leg(whence: Whence, partition: Partition, committed: int | None, at_moment: int | None) -> Leg:
    wanted = _wanted(whence, partition, at_moment)
    reached = partition.beginning if committed is None else committed  # a group without a commit begins at the beginning
    start = min(max(min(wanted, reached), partition.beginning), partition.end)
    return Leg(partition.place, start, partition.end, _gap(whence, partition))


def _wanted(whence: Whence, partition: Partition, at_moment: int | None) -> int:
    match whence:
        case Beginning():
            return 0
        case Since():
            return partition.end if at_moment is None else at_moment
        case At():
            return whence.offsets[partition.place[1]]


def _gap(whence: Whence, partition: Partition) -> str:
    """What is missing of what was asked for; empty where nothing is, or where nobody can tell that anything is."""
    topic, number = partition.place
    if partition.beginning == 0:
        return ""
    name = f"{topic} partition {number}"
    match whence:
        case Beginning():
            return f"{name}: offsets 0 to {partition.beginning - 1} are gone"
        case Since(moment=moment):
            reaches = any(known is not None and known <= moment for known in (partition.first_at, partition.kept_since))
            kept = "nothing is kept" if partition.first_at is None else f"the earliest kept message is of {partition.first_at.isoformat(timespec='seconds')}"
            return "" if reaches else f"{name}: {kept}, and {partition.beginning} before it are gone"
        case At():
            wanted = whence.offsets[number]
            return "" if wanted >= partition.beginning else f"{name}: offsets {wanted} to {partition.beginning - 1} are gone"


def _refuse_unknown(whence: At, known: Mapping[Place, Partition]) -> None:
    for number, offset in whence.offsets.items():
        partition = known.get((whence.topic, number))
        if partition is None:
            numbers = ", ".join(str(place[1]) for place in sorted(known) if place[0] == whence.topic)
            raise UnknownPlace(f"{whence.topic} has no partition {number}; there are {numbers or 'none'}")
        if offset > partition.end:
            raise UnknownPlace(f"offset {offset} lies beyond the end of {whence.topic} partition {number}, which is {partition.end}: no message has it yet")
