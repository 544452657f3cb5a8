"""What the cold path asks of Kafka's log beyond offsets: when partitions begin, how long they are kept, and their first messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]  # exported, though not by name

from aegis.errors import AegisError, Code
from aegis.message import Message
from aegis.offsets import Offsets, Place, admin_client, quiet_logger
from batch.reach import Partition

_UNLIMITED = "-1"
_ABSENT = frozenset({KafkaError.GROUP_ID_NOT_FOUND})
FETCH_SECONDS = 10.0


class MissingTopic(AegisError):
    """A topic that a derived store reads does not exist."""


class KafkaLog:
    """Asks one cluster. Every method raises KafkaException where no broker answers within `timeout` seconds."""

    def __init__(self, bootstrap: str, *, timeout: float = 10.0) -> None:
        self.offsets = Offsets(bootstrap, timeout=timeout)
        self._bootstrap = bootstrap
        self._admin = admin_client(bootstrap, timeout)
        self._timeout = timeout

    def partitions(self, topics: Collection[str], now: datetime | None = None) -> list[Partition]:
        """Every partition of `topics`. Raises `MissingTopic`."""
        ends = self.offsets.ends(topics)
        missing = sorted(set(topics) - {topic for topic, _ in ends})
        if missing:
            raise MissingTopic(Code.COLD_PATH_FAILED, f"Kafka has no topic {', '.join(missing)}: run `aegis topics create`, then `aegis connect apply`")
        first = self.offsets.first_times(ends)
        kept = {topic: self._kept_since(topic, now or datetime.now(UTC)) for topic in set(topics)}
        return [Partition(place, beginning, end, first[place], kept[place[0]]) for place, (beginning, end) in sorted(ends.items())]

    def first_messages(self, ends: Mapping[Place, tuple[int, int]]) -> list[tuple[Message, datetime]]:
        """The earliest message of each partition that has any, and when Kafka took it in. Raises KafkaException where one does not come in time."""
        waiting = {place for place, (beginning, end) in ends.items() if beginning < end}
        if not waiting:
            return []
        settings: Mapping[str, Any] = {"group.id": "aegis-none", "enable.auto.commit": False, "log_level": 0, "logger": quiet_logger()}
        consumer = Consumer({"bootstrap.servers": self._bootstrap, **settings})
        try:
            consumer.assign([TopicPartition(topic, partition, ends[topic, partition][0]) for topic, partition in waiting])
            return self._collect(consumer, waiting)
        finally:
            consumer.close()

    def _collect(self, consumer: Consumer, waiting: set[Place]) -> list[tuple[Message, datetime]]:
        found = []
        deadline = monotonic() + FETCH_SECONDS
        while waiting:
            if monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no first message of {sorted(waiting)} within {FETCH_SECONDS:.0f} s"))  # noqa: SLF001
            got = consumer.poll(0.5)
            if got is None:
                continue
            if (error := got.error()) is not None:
                raise KafkaException(error)
            place = (str(got.topic()), int(got.partition() or 0))
            if place not in waiting:
                continue
            waiting.discard(place)
            consumer.incremental_unassign([TopicPartition(*place)])
            message = Message(*place, int(got.offset() or 0), got.key(), got.value(), {})
            found.append((message, datetime.fromtimestamp(got.timestamp()[1] / 1000, UTC)))
        return found

    def delete_group(self, group: str) -> None:
        """Forget `group` and its offsets; one that there is not is no error. Raises KafkaException where it has members."""
        try:
            self._admin.delete_consumer_groups([group], request_timeout=self._timeout)[group].result(self._timeout)
        except KafkaException as error:
            if error.args[0].code() not in _ABSENT:
                raise

    def _kept_since(self, topic: str, now: datetime) -> datetime | None:
        resource = ConfigResource(ResourceType.TOPIC, topic)
        found = self._admin.describe_configs([resource], request_timeout=self._timeout)[resource].result(self._timeout)
        values = {name: str(found[name].value) for name in ("cleanup.policy", "retention.bytes", "retention.ms") if name in found}
        return kept_since(values, now)


def kept_since(configuration: Mapping[str, str], now: datetime) -> datetime | None:
    """From when on a topic with this configuration keeps everything; None where its retention is not by time alone."""
    if configuration.get("cleanup.policy") != "delete" or configuration.get("retention.bytes") != _UNLIMITED:
        return None
    milliseconds = int(configuration["retention.ms"])
    return datetime.min.replace(tzinfo=UTC) if milliseconds < 0 else now - timedelta(milliseconds=milliseconds)
