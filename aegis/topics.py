"""The Kafka topics of Aegis: made on purpose, with chosen partition counts, never automatically.

A row's changes and its corrections carry the same key bytes; only where their topics have equal partition counts does one stream-app worker own both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # exported, though not named in __all__

from aegis.correction import CORRECTIONS_TOPIC
from aegis.dead_letter import DEAD_LETTERS_TOPIC
from aegis.derivations import CAPTURED
from aegis.envelope import table_topic
from aegis.receipt import RECEIPTS_TOPIC

EVENTS_TOPIC = "policy-events"
HEARTBEAT_TOPIC = "__debezium-heartbeat.aegis"
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
DAY_MS = 24 * 60 * 60 * 1000
ADMIN_TIMEOUT_SECONDS = 30.0


class TopicMismatch(Exception):
    """A topic exists with another partition count than the settings ask for."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it shall be. Kept for `retention_days`, never compacted: replay needs every change, deletes included."""

    name: str
    partitions: int
    retention_days: int = 7
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, str]:
        """The topic's configuration in Kafka's names."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_days * DAY_MS),
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
            **self.extra,
        }


def topics(partitions: int) -> tuple[Topic, ...]:
    """All topics; `partitions` for what is keyed by a row's primary key."""
    return (
        *(Topic(table_topic(table), partitions) for table in CAPTURED),
        Topic(CORRECTIONS_TOPIC, partitions),
        Topic(EVENTS_TOPIC, partitions),
        Topic(RECEIPTS_TOPIC, partitions),
        Topic(DEAD_LETTERS_TOPIC, partitions, retention_days=30),
        Topic(HEARTBEAT_TOPIC, 1, retention_days=1, extra={"segment.ms": str(DAY_MS)}),
    )


def missing(desired: Iterable[Topic], observed: Mapping[str, int]) -> tuple[Topic, ...]:
    """The topics of `desired` to be made, given the partition counts that exist. Raises TopicMismatch where an existing topic has another count."""
    wrong = [
        f"topic {topic.name} has {observed[topic.name]} partitions, the settings ask for {topic.partitions}"
        for topic in desired
        if observed.get(topic.name, topic.partitions) != topic.partitions
    ]
    if wrong:
        raise TopicMismatch(
            f"{'; '.join(wrong)}. Keys would move between partitions and out of order: set AEGIS_TOPIC_PARTITIONS to what exists, "
            "or stop the stream apps, delete the topics, make them anew and take a new snapshot (aegis connect apply --snapshot-again)"
        )
    return tuple(topic for topic in desired if topic.name not in observed)


def observe(admin: AdminClient) -> dict[str, int]:
    """Name → partition count of every topic that exists. Raises KafkaException where no broker answers."""
    return {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=ADMIN_TIMEOUT_SECONDS).topics.items()}


def create(admin: AdminClient, desired: Iterable[Topic]) -> tuple[Topic, ...]:
    """Make those of `desired` that do not exist, and return them. Raises TopicMismatch (nothing is made then) and KafkaException."""
    wanted = missing(tuple(desired), observe(admin))
    if not wanted:
        return ()
    new = [NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=-1, config=topic.config) for topic in wanted]
    made = []
    for topic, future in zip(wanted, admin.create_topics(new, operation_timeout=ADMIN_TIMEOUT_SECONDS).values(), strict=True):
        if _made(future):
            made.append(topic)
    return tuple(made)


def _made(future: object) -> bool:
    """Whether this call made the topic; False where another did meanwhile."""
    try:
        future.result(ADMIN_TIMEOUT_SECONDS)  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].name() == "TOPIC_ALREADY_EXISTS":
            return False
        raise
    return True
