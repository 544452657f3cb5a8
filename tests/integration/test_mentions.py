"""Which rows the corrections' topic still mentions, read from a real log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from aegis.change import Change, Operation
from aegis.correction import CORRECTIONS_SUBJECT
from aegis.correction_log import CorrectionLog
from aegis.durable_log import DurableLog, open_producer
from aegis.offsets import Place
from aegis.position import SourcePosition
from aegis.settings import Settings
from aegis.stamp import Rank, Stamp
from aegis.topics import Topic, create
from batch.kafka_log import KafkaLog
from batch.mentions import mentioned
from batch.reach import Partition
from tests.support import debezium

pytestmark = pytest.mark.stack


@pytest.fixture
def topic(stack: Settings) -> Iterator[str]:
    name = f"test-mentions-{uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers})
    create(admin, [Topic(name, 3)])
    yield name
    admin.delete_topics([name])[name].result(30)


def change(table: str, key: str, operation: Operation = Operation.WRITE) -> Change:
    position = SourcePosition("aegis.corrections", 0, 0)
    return Change(table, key, Stamp(7, Rank.REPAIR), None, None, position, key.encode(), frozenset({"redis"}), operation=operation)


def partitions(stack: Settings, topic: str) -> dict[Place, Partition]:
    return {one.place: one for one in KafkaLog(stack.kafka_bootstrap_servers).partitions([topic])}


def test_every_row_that_a_correction_writes_is_mentioned_whichever_partition_it_lies_in(stack: Settings, topic: str):
    assert len(mentioned(stack.kafka_bootstrap_servers, partitions(stack, topic), debezium.codec())) == 0
    keys = [f"key-{number}" for number in range(2_500)]
    restored = replace(change("policies", "restored", Operation.RESTORE), restored="{}")
    log = DurableLog(open_producer(stack.kafka_bootstrap_servers, "test", 20), 20)
    CorrectionLog(log, debezium.encoder(CORRECTIONS_SUBJECT), topic).publish(
        [change("policies", key) for key in keys] + [change("policies", keys[0]), change("users", "forgotten", Operation.FORGET), restored]
    )
    told: list[tuple[int, int]] = []
    rows = mentioned(stack.kafka_bootstrap_servers, partitions(stack, topic), debezium.codec(), lambda done, of: told.append((done, of)))
    assert all(("policies", key) in rows for key in keys)
    assert ("policies", "restored") in rows
    assert ("users", "forgotten") not in rows
    assert ("users", keys[0]) not in rows
    assert len(rows) == len(keys) + 1
    assert told[-1] == (2_503, 2_503)
