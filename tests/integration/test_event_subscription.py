"""The subscribers' library and the example of docs/, on the real log: killed, resumed, and told things twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import Producer

from aegis.events import Event, SubscriptionFailed, UnreadableEvent, subscribe
from tests.support.capture import Capture
from tests.support.events import COMPLETED, VALIDATED
from tests.support.wait import until

pytestmark = pytest.mark.stack

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "consumer.py"
KINDS = {"policy.validated": VALIDATED, "data.sync_completed": COMPLETED}


@pytest.fixture
def run() -> str:
    return uuid4().hex[:10]


def tell(captured: Capture, run: str, policies: int) -> None:
    """Two events for each policy of the test, in order, each in a transaction of its own."""
    with psycopg.connect(captured.dsn, autocommit=True) as connection:
        for kind, payload in KINDS.items():
            for number in range(policies):
                key = f"{run}-{number:02}"
                own = json.dumps(json.loads(payload) | {"policy_id": key})
                connection.execute("INSERT INTO outbox (aggregateid, type, payload) VALUES (%s, %s, %s)", (key, kind, own))


@contextmanager
def example(captured: Capture, run: str, database: Path) -> Iterator[IO[str]]:
    """What the example prints while it runs; it is killed at the end."""
    options = ["--database", str(database), "--bootstrap", captured.bootstrap, "--registry", captured.registry_url, "--group", f"test-{run}"]
    command = [sys.executable, "-u", str(EXAMPLE), *options, "--topic", f"{captured.prefix}-events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()


def rows(database: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(statement).fetchall()


def test_the_example_that_is_killed_and_told_things_twice_has_each_event_once_and_in_order(captured: Capture, run: str, tmp_path: Path) -> None:
    database = tmp_path / "seen.sqlite"
    expected = [(f"{run}-{number:02}", 2, "data.sync_completed", 7) for number in range(20)]
    tell(captured, run, 20)
    with example(captured, run, database) as output:
        until(lambda: run in output.readline(), 40, "the example to handle an event of the test")
    partition, offset = repeat(captured, f"{run}-00")
    with example(captured, run, database):
        reached = f"SELECT 1 FROM aegis_events_position WHERE partition = {partition} AND next_offset > {offset}"
        until(lambda: rows(database, reached), 40, "the repetition to be handled")
        statement = f"SELECT policy_id, events, last_type, searchable_version FROM policies WHERE policy_id LIKE '{run}-%' ORDER BY 1"
        until(lambda: rows(database, statement) == expected, 40, "every event of the test to have its effect once")


def repeat(captured: Capture, key: str) -> tuple[int, int]:
    """Publish the first event of `key` once more, as a connector that was restarted does. Its place."""
    repeated = captured.await_event(key)
    places: list[tuple[int, int]] = []
    producer = Producer({"bootstrap.servers": captured.bootstrap})
    producer.produce(
        repeated.topic,
        repeated.value_bytes,
        repeated.key_bytes,
        partition=repeated.partition,
        headers=list(repeated.headers.items()),
        on_delivery=lambda _error, done: places.append((done.partition(), done.offset())),
    )
    assert producer.flush(20) == 0
    return places[0]


def listen(captured: Capture, group: str, run: str, most: int, **options: object) -> list[Event]:
    """The next events of the test, up to `most`; the last one is in hand when listening ends."""
    found = []
    with subscribe(captured.bootstrap, captured.registry_url, group, topic=f"{captured.prefix}-events", idle=20, **options) as events:  # type: ignore[arg-type]
        for event in events:
            if event.subject.startswith(run):
                found.append(event)
            if len(found) == most:
                break
    return found


def test_a_group_goes_on_behind_what_it_has_handled_and_gets_again_what_was_in_hand(captured: Capture, run: str) -> None:
    tell(captured, run, 2)
    before = listen(captured, f"test-{run}", run, 3)
    after = listen(captured, f"test-{run}", run, 2)
    assert before[2] == after[0]
    assert {(one.subject, one.type) for one in (*before, *after)} == {(f"{run}-{number:02}", kind) for number in range(2) for kind in KINDS}
    for number in range(2):
        ordered = [one.type for one in (*before[:2], *after) if one.subject == f"{run}-{number:02}"]
        assert ordered == list(KINDS)


def test_only_the_types_that_were_asked_for_come(captured: Capture, run: str) -> None:
    tell(captured, run, 2)
    found = listen(captured, f"test-{run}", run, 2, types={"data.sync_completed"})
    assert {one.type for one in found} == {"data.sync_completed"}
    assert {one.payload.outcome for one in found if one.payload is not None} == {"stored"}  # type: ignore[union-attr]


def test_what_is_no_event_ends_a_subscription_or_is_passed_over_and_told(captured: Capture, run: str) -> None:
    topic = f"{captured.prefix}-events"
    tell(captured, run, 1)
    captured.await_event(f"{run}-00")
    producer = Producer({"bootstrap.servers": captured.bootstrap})
    producer.produce(topic, b"junk", run.encode(), partition=0)
    assert producer.flush(20) == 0
    told: list[UnreadableEvent] = []
    assert len(listen(captured, f"test-{run}", run, 2, unreadable=told.append)) == 2
    with pytest.raises(UnreadableEvent, match="no event of Aegis"):
        listen(captured, f"test-{run}-strict", "nobody", 1)


def test_a_topic_that_is_not_there_is_named(captured: Capture, run: str) -> None:
    options = {"allow.auto.create.topics": False, "topic.metadata.refresh.interval.ms": 500}
    with (
        subscribe(captured.bootstrap, captured.registry_url, f"test-{run}", topic=f"absent-{run}", idle=30, **options) as events,
        pytest.raises(SubscriptionFailed, match=f"absent-{run}"),
    ):
        next(iter(events))
