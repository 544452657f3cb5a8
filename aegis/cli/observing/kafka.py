"""What Kafka knows of each stream app: committed offsets against the ends of its topics, and members of its group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # exported, though not by name

from aegis.consumer_groups import DEAD_LETTERS, GROUPS
from aegis.correction import CORRECTIONS_TOPIC
from aegis.dead_letter import DEAD_LETTERS_TOPIC
from aegis.derivations import shapes
from aegis.envelope import table_topic

PATIENCE_SECONDS = 4.0

Place = tuple[str, int]
"""Topic and partition."""


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


def admin_client(bootstrap: str) -> AdminClient:
    """An admin client that says nothing on stderr while no broker answers."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": int(PATIENCE_SECONDS * 1000), "logger": quiet_logger()})


def quiet_logger() -> Any:
    """A logger that drops what librdkafka says: a command tells people itself what is wrong."""
    import logging

    logger = logging.getLogger("aegis.librdkafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def topics_of(app: str) -> frozenset[str]:
    """The topics that the app of a derived store, or the dead-letter app, reads."""
    if app == DEAD_LETTERS:
        return frozenset({DEAD_LETTERS_TOPIC})
    return frozenset({CORRECTIONS_TOPIC, *(table_topic(table) for table in shapes(app))})


def lag_of(topics: Iterable[str], ends: Mapping[Place, tuple[int, int]], committed: Mapping[Place, int]) -> int:
    """Changes that wait: per partition the end less the committed offset, or all that the partition still has where nothing is committed.

    `ends`: place → (beginning, end). A committed offset below the beginning counts from the beginning: what expired cannot be read.
    """
    wanted = set(topics)
    return sum(max(0, end - max(beginning, committed.get(place, beginning))) for place, (beginning, end) in ends.items() if place[0] in wanted)


class Groups:
    """Asks for all groups; keep it to ask again."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = admin_client(bootstrap)

    def observe(self) -> dict[str, Group]:
        """App → its group. Raises KafkaException where no broker answers."""
        committed = {app: self._committed(group) for app, group in GROUPS.items()}
        described = self._admin.describe_consumer_groups(list(GROUPS.values()), request_timeout=PATIENCE_SECONDS)
        wanted = {app: topics_of(app) | {topic for topic, _ in committed[app]} for app in GROUPS}
        ends = self._ends(frozenset().union(*wanted.values()))
        observed = {}
        for app, name in GROUPS.items():
            description = described[name].result(PATIENCE_SECONDS)
            state = description.state.name
            lag = lag_of(wanted[app], ends, committed[app])
            observed[app] = Group(name, state.lower(), len(description.members), sum(committed[app].values()), lag)
        return observed

    def _committed(self, group: str) -> dict[Place, int]:
        futures = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=PATIENCE_SECONDS)
        partitions = futures[group].result(PATIENCE_SECONDS).topic_partitions or []
        return {(found.topic, found.partition): found.offset for found in partitions if found.offset >= 0}

    def _ends(self, topics: frozenset[str]) -> dict[Place, tuple[int, int]]:
        known = self._admin.list_topics(timeout=PATIENCE_SECONDS).topics
        places = [TopicPartition(topic, partition) for topic in topics if topic in known for partition in known[topic].partitions]
        if not places:
            return {}
        earliest = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        latest = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {place: (earliest[place], latest[place]) for place in earliest}

    def _offsets(self, places: list[TopicPartition], spec: OffsetSpec) -> dict[Place, int]:
        futures = self._admin.list_offsets(dict.fromkeys(places, spec), request_timeout=PATIENCE_SECONDS)
        return {(place.topic, place.partition): future.result(PATIENCE_SECONDS).offset for place, future in futures.items()}
