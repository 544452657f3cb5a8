"""Offsets of Kafka: where topics begin and end, what consumer groups have committed, and moving it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ListOffsetsResultInfo, OffsetSpec  # type: ignore[attr-defined]  # exported, though not by name
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from aegis.consumer_groups import DEAD_LETTERS, RECEIPTS, SUBSCRIPTIONS
from aegis.correction import CORRECTIONS_TOPIC
from aegis.dead_letter import DEAD_LETTERS_TOPIC
from aegis.derivations import shapes
from aegis.envelope import table_topic
from aegis.receipt import RECEIPTS_TOPIC
from aegis.topics import EVENTS_TOPIC

Place = tuple[str, int]
"""Topic and partition."""

T = TypeVar("T")

_PASSING = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
"""What a broker answers for a moment after a topic was made, or after it started again."""

_BESIDE = {DEAD_LETTERS: DEAD_LETTERS_TOPIC, RECEIPTS: RECEIPTS_TOPIC, SUBSCRIPTIONS: EVENTS_TOPIC}
"""App that serves no derived store → the topic that it reads."""


def topics_of(app: str) -> frozenset[str]:
    """The topics that the app of a derived store, or one of the apps beside them, reads."""
    if app in _BESIDE:
        return frozenset({_BESIDE[app]})
    return frozenset({CORRECTIONS_TOPIC, *(table_topic(table) for table in shapes(app))})


def quiet_logger() -> Any:
    """A logger that drops what librdkafka says: a command tells people itself what is wrong."""
    logger = logging.getLogger("aegis.librdkafka")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def admin_client(bootstrap: str, timeout: float = 4.0) -> AdminClient:
    """An admin client that says nothing on stderr while no broker answers. `timeout`: seconds a request."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": int(timeout * 1000), "logger": quiet_logger()})


def patiently(ask: Callable[[], T], seconds: float) -> T:
    """What `ask` returns; it is called again, for `seconds` at most, while it raises an error that passes by itself. Raises KafkaException."""
    passing = retry_if_exception(lambda error: isinstance(error, KafkaException) and error.args[0].code() in _PASSING)
    return Retrying(retry=passing, stop=stop_after_delay(seconds), wait=wait_random_exponential(0.1, max=1.0), reraise=True)(ask)


class Offsets:
    """Asks one cluster; keep it to ask again. Every method raises KafkaException where no broker answers within `timeout` seconds."""

    def __init__(self, bootstrap: str, *, timeout: float = 10.0) -> None:
        self._admin = admin_client(bootstrap, timeout)
        self._timeout = timeout

    def ends(self, topics: Iterable[str]) -> dict[Place, tuple[int, int]]:
        """Place → (beginning, end) of every partition; topics that do not exist are left out."""
        places = self._places(topics)
        earliest = self._listed(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        latest = self._listed(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {place: (earliest[place].offset, latest[place].offset) for place in places}

    def at(self, topics: Iterable[str], moment: datetime) -> dict[Place, int]:
        """Place → offset of its first message at `moment` or later; the end where there is none."""
        places = self._places(topics)
        found = self._listed(places, OffsetSpec.for_timestamp(int(moment.timestamp() * 1000)))
        ends = self._listed(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {place: (found[place] if found[place].offset >= 0 else ends[place]).offset for place in places}

    def first_times(self, places: Iterable[Place]) -> dict[Place, datetime | None]:
        """Place → the time of its earliest message; None where no message has one."""
        found = self._listed(places, OffsetSpec.for_timestamp(0))  # the earliest message with a time at all is the earliest message
        return {place: _time(first) for place, first in found.items()}

    def committed(self, group: str) -> dict[Place, int]:
        """Place → committed offset; places without one are left out."""
        return patiently(lambda: self._committed(group), self._timeout)

    def described(self, groups: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Group → state in lower case (stable, empty, dead, …) and number of members."""
        names = list(groups)
        return patiently(lambda: self._described(names), self._timeout)

    def move(self, group: str, offsets: Mapping[Place, int]) -> None:
        """Commit `offsets` for `group`, which must have no member. Raises KafkaException naming the partition where Kafka refuses."""
        wanted = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        futures = self._admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)], request_timeout=self._timeout)
        for partition in futures[group].result(self._timeout).topic_partitions:
            if partition.error is not None:  # one by one, without raising
                raise KafkaException(partition.error)

    def _places(self, topics: Iterable[str]) -> list[Place]:
        known = self._admin.list_topics(timeout=self._timeout).topics
        return [(topic, partition) for topic in topics if topic in known for partition in known[topic].partitions]

    def _committed(self, group: str) -> dict[Place, int]:
        futures = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=self._timeout)
        partitions = futures[group].result(self._timeout).topic_partitions or []
        return {(found.topic, found.partition): found.offset for found in partitions if found.offset >= 0}

    def _described(self, groups: list[str]) -> dict[str, tuple[str, int]]:
        futures = self._admin.describe_consumer_groups(groups, request_timeout=self._timeout)
        found = {name: future.result(self._timeout) for name, future in futures.items()}
        return {name: (description.state.name.lower(), len(description.members)) for name, description in found.items()}

    def _listed(self, places: Iterable[Place], spec: OffsetSpec) -> dict[Place, ListOffsetsResultInfo]:
        """Place → the offset that `spec` means and, where that asks by time, the time of its message in milliseconds since 1970. Negative: there is none."""
        wanted = {TopicPartition(*place): spec for place in places}
        return patiently(lambda: self._answers(wanted), self._timeout)

    def _answers(self, wanted: dict[TopicPartition, OffsetSpec]) -> dict[Place, ListOffsetsResultInfo]:
        futures = self._admin.list_offsets(wanted, request_timeout=self._timeout)
        return {(place.topic, place.partition): future.result(self._timeout) for place, future in futures.items()}


def _time(first: ListOffsetsResultInfo) -> datetime | None:
    return datetime.fromtimestamp(first.timestamp / 1000, UTC) if first.offset >= 0 and first.timestamp >= 0 else None
