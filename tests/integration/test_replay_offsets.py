"""Moving and following a consumer group on a real broker: topics and groups of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from psycopg.rows import dict_row

from aegis.settings import Settings
from batch.group import Group, GroupStuck, Watch
from batch.kafka_log import KafkaLog, MissingTopic
from batch.reach import chart
from batch.replay import BeyondReach, Means, Order, plan, replay
from batch.request import Result
from batch.runs import Verdict
from batch.whence import At, Beginning, Since
from tests.support.wait import until

pytestmark = pytest.mark.stack

MESSAGES = 20


@pytest.fixture(scope="module")
def admin(stack: Settings) -> AdminClient:
    return AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers, "log_level": 0})


@pytest.fixture
def topic(stack: Settings, admin: AdminClient) -> Iterator[str]:
    """Two partitions: the first with `MESSAGES` messages, the second with none."""
    name = f"aegis-test-replay-{uuid4().hex[:8]}"
    admin.create_topics([NewTopic(name, 2, config={"retention.ms": str(7 * 86_400_000)})])[name].result(30)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap_servers})
    for number in range(MESSAGES):
        producer.produce(name, value=f"{number}".encode(), partition=0)
    assert producer.flush(30) == 0
    yield name
    admin.delete_topics([name])[name].result(30)


@pytest.fixture
def log(stack: Settings) -> KafkaLog:
    return KafkaLog(stack.kafka_bootstrap_servers)


@pytest.fixture
def group(log: KafkaLog) -> Iterator[Group]:
    found = Group(f"aegis-test-{uuid4().hex[:8]}", log.offsets)
    yield found
    log.delete_group(found.name)


def read(stack: Settings, group: Group, topic: str, messages: int) -> list[int]:
    """Read so many messages as the group, commit them, leave."""
    consumer = Consumer(
        {"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": group.name, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )
    consumer.subscribe([topic])
    offsets: list[int] = []

    def enough() -> bool:
        offsets.extend(int(message.offset()) for message in consumer.consume(messages - len(offsets), timeout=0.2))
        return len(offsets) == messages

    try:
        until(enough, 30, f"{messages} messages")
        consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return offsets


def test_a_group_that_was_moved_back_reads_again_from_there(stack: Settings, log: KafkaLog, group: Group, topic: str) -> None:
    assert read(stack, group, topic, MESSAGES) == list(range(MESSAGES))
    course = chart(At(topic, {0: 15}), log.partitions([topic]), group.committed(), {})
    group.await_empty()
    group.move(course.starts)
    told: list[tuple[int, int]] = []
    assert read(stack, group, topic, 5) == [15, 16, 17, 18, 19]
    group.follow(course, Watch(lambda _what, done, of: told.append((done, of))))
    assert told[-1] == (5, 5)


def test_a_group_with_a_member_is_not_moved(stack: Settings, log: KafkaLog, group: Group, topic: str) -> None:
    member = Consumer({"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": group.name})
    member.subscribe([topic])
    try:
        until(lambda: member.poll(0.1) or group.members() == 1, 30, "a member")
        with pytest.raises(GroupStuck, match="1 worker is still in it"):
            group.await_empty(0.3)
    finally:
        member.close()
    group.await_empty()


def test_a_group_that_nobody_is_in_stands_still_and_it_is_said_so(log: KafkaLog, group: Group, topic: str) -> None:
    course = chart(Beginning(), log.partitions([topic]), {}, {})
    group.move(course.starts)
    with pytest.raises(GroupStuck, match=f"{MESSAGES} messages left; no worker is in it"):
        group.follow(course, Watch(stall_seconds=0.3))


def test_a_wait_ends_with_what_it_waits_for(log: KafkaLog, group: Group, topic: str) -> None:
    def dead() -> None:
        raise RuntimeError("the builder died")

    with pytest.raises(RuntimeError, match="the builder died"):
        group.follow(chart(Beginning(), log.partitions([topic]), {}, {}), Watch(alive=dead))


def test_partitions_say_when_they_begin_and_how_long_they_are_kept(log: KafkaLog, topic: str) -> None:
    now = datetime.now(UTC)
    first, empty = log.partitions([topic], now)
    assert (first.place, first.beginning, first.end) == ((topic, 0), 0, MESSAGES)
    assert first.first_at is not None
    assert timedelta() <= now - first.first_at < timedelta(minutes=5)
    assert (empty.end, empty.first_at) == (0, None)
    assert first.kept_since == empty.kept_since == now - timedelta(days=7)
    [(message, at)] = log.first_messages({(topic, 0): (0, MESSAGES), (topic, 1): (0, 0)})
    assert (message.value, at) == (b"0", first.first_at)


def test_a_missing_topic_is_named(log: KafkaLog) -> None:
    with pytest.raises(MissingTopic, match="aegis-test-none"):
        log.partitions(["aegis-test-none"])


@pytest.fixture
def cut(admin: AdminClient, topic: str) -> str:
    """The topic, without its first 8 messages."""
    for future in admin.delete_records([TopicPartition(topic, 0, 8)]).values():
        future.result(30)
    return topic


class NeverLost:
    """A lease of nobody's app."""

    def check(self) -> None:
        """It cannot be lost."""


def means(stack: Settings, log: KafkaLog, group: Group, found: list[str]) -> Means:
    """A replay whose app is nobody, and whose comparison is clean."""

    def compare(_progress: object) -> Result:
        found.append("compared")
        return Result("compared", Verdict.CLEAN, {"rounds": []})

    return Means(stack.postgres_operator_dsn.get_secret_value(), log, group, lambda _run: nullcontext(NeverLost()), compare, leave_seconds=5, stall_seconds=0.5)


def run_of(stack: Settings, store: str) -> dict[str, object]:
    with psycopg.connect(stack.postgres_reader_dsn.get_secret_value(), row_factory=dict_row) as connection:
        row = connection.execute("SELECT * FROM ops.runs WHERE lock = %s ORDER BY started_at DESC LIMIT 1", (f"replay {store}",)).fetchone()
    assert row is not None
    return row


@pytest.fixture
def store(stack: Settings) -> Iterator[str]:
    """A store that there is not: its runs are this test's alone."""
    name = f"test-{uuid4().hex[:8]}"
    yield name
    with psycopg.connect(stack.postgres_dsn.get_secret_value()) as connection:
        connection.execute("DELETE FROM ops.runs WHERE lock = %s", (f"replay {name}",))


def test_what_the_log_no_longer_has_is_refused_and_nothing_is_moved(stack: Settings, log: KafkaLog, group: Group, cut: str, store: str) -> None:
    read(stack, group, cut, MESSAGES - 8)
    compared: list[str] = []
    with pytest.raises(BeyondReach, match=rf"{cut} partition 0: offsets 3 to 7 are gone.* `aegis rebuild {store}`"):
        replay(Order(store, At(cut, {0: 3})), means(stack, log, group, compared))
    assert group.committed()[cut, 0] == MESSAGES
    assert compared == []
    run = run_of(stack, store)
    assert (run["kind"], run["state"], run["verdict"]) == ("replay", "failed", "failed")
    assert "are gone" in str(run["message"])


def test_as_far_as_possible_begins_with_what_the_log_still_has(stack: Settings, log: KafkaLog, group: Group, cut: str, store: str) -> None:
    read(stack, group, cut, MESSAGES - 8)
    order = Order(store, At(cut, {0: 3}), as_far_as_possible=True)
    assert plan(order, log, group).starts == {(cut, 0): 8}
    with pytest.raises(GroupStuck):  # nobody reads, so the run fails after the move …
        replay(order, means(stack, log, group, []))
    assert group.committed()[cut, 0] == 8
    compared: list[str] = []
    read(stack, group, cut, MESSAGES - 8)
    # … and a later one, of what nobody has to read, ends as its comparison does
    done = replay(Order(store, At(cut, {0: MESSAGES})), means(stack, log, group, compared))
    assert (done.result.verdict, done.course.messages, compared) == (Verdict.CLEAN, 0, ["compared"])
    assert (run_of(stack, store)["state"], run_of(stack, store)["verdict"]) == ("finished", "clean")


def test_a_moment_within_the_retention_is_reached_though_older_messages_are_gone(log: KafkaLog, group: Group, cut: str) -> None:
    order = Order("redis", At(cut, {}))
    moment = datetime.now(UTC) - timedelta(hours=1)
    partitions = log.partitions(order.topics)
    course = chart(Since(moment), partitions, {(cut, 0): MESSAGES, (cut, 1): 0}, log.offsets.at(order.topics, moment))
    assert (course.starts, course.gaps) == ({(cut, 0): 8, (cut, 1): 0}, [])
    assert chart(Beginning(), partitions, {}, {}).gaps == [f"{cut} partition 0: offsets 0 to 7 are gone"]
