"""Dead letters and compensations on the real log: durable, whole, and in the partition that the connector chose for their key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from aegis.change import Change
from aegis.compensation import compensation
from aegis.correction import CORRECTIONS_SUBJECT
from aegis.correction_log import CorrectionLog
from aegis.dead_letter import DEAD_LETTERS_SUBJECT, dead_letter
from aegis.durable_log import DurableLog, open_producer
from aegis.errors import ChangeRejected, Code, LogUnavailable
from aegis.position import SourcePosition
from aegis.settings import Settings
from aegis.stamp import Rank, Stamp
from aegis.topics import MAX_MESSAGE_BYTES, Topic, create
from stream_apps.applier import Letter
from stream_apps.outlet import KafkaOutlet
from tests.support import debezium
from tests.support.wait import patient

pytestmark = pytest.mark.stack

PARTITIONS = 6
REASON = ChangeRejected(Code.ELASTICSEARCH_SYNC_FAILED, "term too long")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
JAVA_PARTITIONS = {"alpha": 4, "beta": 2, "gamma": 4}
"""Key → what `Utils.toPositive(Utils.murmur2(key)) % 6` of Kafka's Java client gives for its bytes."""


@dataclass(frozen=True)
class Topics:
    letters: str
    corrections: str


@pytest.fixture
def own_topics(stack: Settings) -> Iterator[Topics]:
    name = uuid4().hex[:8]
    topics = Topics(f"test-letters-{name}", f"test-corrections-{name}")
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers})
    create(admin, [Topic(topics.letters, PARTITIONS), Topic(topics.corrections, PARTITIONS)])
    yield topics
    for future in admin.delete_topics([topics.letters, topics.corrections]).values():
        future.result(30)


@pytest.fixture
def outlet(stack: Settings, own_topics: Topics) -> KafkaOutlet:
    return opened(stack.kafka_bootstrap_servers, own_topics, 20)


def opened(bootstrap: str, topics: Topics, timeout: float) -> KafkaOutlet:
    log = DurableLog(open_producer(bootstrap, "test", timeout), timeout)
    corrections = CorrectionLog(log, debezium.encoder(CORRECTIONS_SUBJECT), topics.corrections)
    return KafkaOutlet(log, debezium.encoder(DEAD_LETTERS_SUBJECT), corrections, topics.letters)


def everything(stack: Settings, topic: str, number: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": f"test-{uuid4()}", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    try:
        found: list[Message] = []
        while len(found) < number:
            messages = consumer.consume(number, timeout=patient(20))
            assert messages, f"{len(found)} of {number} messages came"
            found += messages
        return found
    finally:
        consumer.close()


def rejected(key: bytes, content: str = "") -> tuple[Letter, Change]:
    before, after = {"policy_id": "P-1", "content": content}, {"policy_id": "P-1", "content": "new"}
    change = Change("policies", "P-1", Stamp(8, Rank.UPSERT), before, after, SourcePosition("aegis.public.policies", 0, 42), key, trace=TRACE)
    source = debezium.Message("aegis.public.policies", 0, 42, key, content.encode(), {})
    answer = compensation(change, "elasticsearch", REASON)
    assert answer is not None
    return Letter(dead_letter("elasticsearch", source, change, REASON, datetime.now(UTC)), TRACE), answer


def test_what_is_published_is_whole_and_keeps_its_key(stack: Settings, outlet: KafkaOutlet, own_topics: Topics) -> None:
    letter, correction = rejected(b"\0\0\0\0\5key", "old")
    outlet.publish([letter], [correction])
    [published] = everything(stack, own_topics.letters, 1)
    record = debezium.codec().decode(published.value())
    assert (published.key(), record["key"], record["offset"], record["value_bytes"]) == (b"\0\0\0\0\5key", "P-1", 42, b"old")
    [published] = everything(stack, own_topics.corrections, 1)
    record = debezium.codec().decode(published.value())
    assert (published.key(), record["rank"], record["version"]) == (b"\0\0\0\0\5key", "COMPENSATION", 8)
    assert dict(published.headers())["traceparent"].decode().split("-")[1] == TRACE.split("-")[1]


def test_a_key_comes_into_the_partition_that_java_chooses(stack: Settings, outlet: KafkaOutlet, own_topics: Topics) -> None:
    outlet.publish([], [rejected(key.encode())[1] for key in JAVA_PARTITIONS])
    assert {one.key().decode(): one.partition() for one in everything(stack, own_topics.corrections, 3)} == JAVA_PARTITIONS


def test_what_is_too_large_for_the_log_goes_without_its_bytes(stack: Settings, outlet: KafkaOutlet, own_topics: Topics) -> None:
    letter, correction = rejected(b"key", "가" * (MAX_MESSAGE_BYTES // 3))
    outlet.publish([letter], [correction])
    [published] = everything(stack, own_topics.letters, 1)
    record = debezium.codec().decode(published.value())
    assert record["value_bytes"] is None
    assert (record["offset"], "stand in the log" in record["message"]) == (42, True)
    [published] = everything(stack, own_topics.corrections, 1)
    assert debezium.codec().decode(published.value())["after"] is None


def test_a_log_that_does_not_answer_is_no_success(own_topics: Topics) -> None:
    outlet = opened("127.0.0.1:1", own_topics, 1)
    with pytest.raises(LogUnavailable, match="0 of 2"):
        outlet.publish(*([part] for part in rejected(b"key")))
