"""What Kafka knows of each stream app: committed offsets against the ends of its topics, and members of its group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aegis.consumer_groups import GROUPS
from aegis.offsets import Offsets, Place, topics_of

PATIENCE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Group:
    """One stream app's consumer group."""

    name: str
    state: str
    members: int
    committed: int
    """Sum of the committed offsets: grows by one per change that the app has dealt with."""
    lag: int
    """Changes that wait, over all its partitions."""


def lag_of(topics: Iterable[str], ends: Mapping[Place, tuple[int, int]], committed: Mapping[Place, int]) -> int:
    """Changes that wait: per partition the end less the committed offset, or all that the partition still has where nothing is committed.

    `ends`: place → (beginning, end). A committed offset below the beginning counts from the beginning: what expired cannot be read.
    """
    wanted = set(topics)
    return sum(max(0, end - max(beginning, committed.get(place, beginning))) for place, (beginning, end) in ends.items() if place[0] in wanted)


class Groups:
    """Asks for all groups; keep it to ask again."""

    def __init__(self, bootstrap: str) -> None:
        self._offsets = Offsets(bootstrap, timeout=PATIENCE_SECONDS)

    def observe(self) -> dict[str, Group]:
        """App → its group. Raises KafkaException where no broker answers."""
        committed = {app: self._offsets.committed(group) for app, group in GROUPS.items()}
        described = self._offsets.described(GROUPS.values())
        wanted = {app: topics_of(app) | {topic for topic, _ in committed[app]} for app in GROUPS}
        ends = self._offsets.ends(frozenset().union(*wanted.values()))
        observed = {}
        for app, name in GROUPS.items():
            state, members = described[name]
            lag = lag_of(wanted[app], ends, committed[app])
            observed[app] = Group(name, state, members, sum(committed[app].values()), lag)
        return observed
