"""What one broken subscription does to its own deliveries, and to nobody else's, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from aegis.durable_log import DurableLog, open_producer
from aegis.offsets import admin_client
from aegis.settings import Settings
from aegis.topics import Topic, create
from stream_apps.subscriptions import post
from stream_apps.subscriptions.delivering import Delivering
from stream_apps.subscriptions.post import Post
from stream_apps.subscriptions.sending import DeliveryFailed, KafkaTopic, Sender
from stream_apps.subscriptions.subscription import Subscription, subscription_of
from tests.support.database import in_database
from tests.support.wait import until

pytestmark = pytest.mark.stack

EVENT = {"id": "1", "source": "/aegis", "specversion": "1.0", "type": "policy.validated", "subject": "P-1", "time": "2026-11-21T03:04:05+00:00"}


@dataclass
class Recording:
    """A sender that remembers; `fails`: what it raises for an event, if anything."""

    target: str
    sent: list[str] = field(default_factory=list)
    fails: Callable[[str], Exception | None] = lambda _event: None
    closed: int = 0

    def send(self, attributes: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        error = self.fails(attributes["id"])
        if error is not None:
            raise error
        self.sent.append(attributes["id"])

    def close(self) -> None:
        self.closed += 1


@dataclass
class World:
    """Subscriptions and what waits for them; `opened`: the senders, in the order in which they were made."""

    dsn: str
    owner: psycopg.Connection[dict[str, Any]]
    opened: list[Recording] = field(default_factory=list)
    refused: dict[str, Exception] = field(default_factory=dict)
    """Subscription → why no sender can be made for it."""

    def subscribe(self, name: str, events: int, attempts: int = 8) -> None:
        self.owner.execute("INSERT INTO ops.subscriptions (name, kind, target, most_attempts) VALUES (%s, 'kafka', 'old', %s)", (name, attempts))
        self.owner.execute(
            "INSERT INTO ops.deliveries (subscription, event_id, attributes, data) "
            "SELECT %s, 'id-' || n, jsonb_build_object('id', 'id-' || n), '{}' FROM generate_series(1, %s) n",
            (name, events),
        )

    def open_sender(self, subscription: Subscription) -> Sender:
        if subscription.name in self.refused:
            raise self.refused[subscription.name]
        self.opened.append(Recording(subscription.target))
        return self.opened[-1]

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self.owner.execute("SELECT state, attempts, error FROM ops.deliveries WHERE subscription = %s ORDER BY id", (name,)).fetchall()

    def step(self, name: str, sender: Recording, times: int = 1) -> None:
        row = self.owner.execute("SELECT * FROM ops.subscriptions WHERE name = %s", (name,)).fetchone()
        assert row is not None
        delivering = Delivering(subscription_of(row), lambda _: sender, self.dsn, Event(), lambda _: 0.0)
        with closing(delivering), psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
            for _ in range(times):
                delivering.step(connection)


@pytest.fixture
def world(stack: Settings, own_database: str, owner_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(post, "LOOK_SECONDS", 0.1)
    with psycopg.connect(owner_dsn, autocommit=True, row_factory=dict_row) as owner:
        yield World(in_database(stack.postgres_operator_dsn.get_secret_value(), own_database), owner)


def test_a_service_that_nothing_can_be_opened_for_is_told_when_it_can_and_holds_up_nobody(world: World) -> None:
    world.subscribe("a", 1)
    world.subscribe("b", 1)
    world.refused = {"a": ValueError('No such configuration property: "acks\0"')}
    with closing(Post(world.dsn, world.open_sender).start()):
        until(lambda: world.rows("b")[0]["state"] == "delivered", 20, "the other service to be told")
        until(lambda: world.rows("a")[0]["attempts"] >= 1, 20, "the failure to be written down")
        assert 'ValueError: No such configuration property: "acks"' in world.rows("a")[0]["error"]
        world.refused = {}
        until(lambda: world.rows("a")[0]["state"] == "delivered", 20, "the mended service to be told")


def test_what_nobody_foresaw_about_one_event_is_given_up_and_the_next_one_is_sent(world: World) -> None:
    world.subscribe("a", 2, attempts=2)
    sender = Recording("old", fails=lambda event: RuntimeError("secret contents") if event == "id-1" else None)
    world.step("a", sender, 3)
    assert [(row["state"], row["attempts"]) for row in world.rows("a")] == [("dead", 2), ("delivered", 0)]
    assert world.rows("a")[0]["error"] == "RuntimeError: see the log of the app subscriptions"
    assert sender.closed == 3  # after each failure, and in the end
    assert sender.sent == ["id-2"]


def test_filters_that_are_no_texts_do_not_stop_what_goes_to_others(world: World) -> None:
    world.subscribe("a", 0)
    world.subscribe("b", 1)
    world.owner.execute("""UPDATE ops.subscriptions SET filters = '[{"field": "subject", "operator": "prefix", "values": [{"a": 1}]}]' WHERE name = 'a'""")
    with closing(Post(world.dsn, world.open_sender).start()):
        until(lambda: world.rows("b")[0]["state"] == "delivered", 20, "the other service to be told")


def test_a_message_that_can_never_be_taken_is_dead_at_once_and_others_keep_their_attempts(world: World) -> None:
    world.subscribe("a", 3)
    failures = {"id-1": DeliveryFailed("MSG_SIZE_TOO_LARGE", permanent=True), "id-2": DeliveryFailed("no broker")}
    world.step("a", Recording("old", fails=failures.get), 2)
    assert [(row["state"], row["attempts"], row["error"]) for row in world.rows("a")] == [
        ("dead", 1, "MSG_SIZE_TOO_LARGE"),
        ("waiting", 1, "no broker"),
        ("waiting", 0, None),
    ]


def test_a_topic_that_takes_small_messages_only_goes_on_taking_them(stack: Settings) -> None:
    name = f"test-small-{uuid4().hex[:8]}"
    admin = admin_client(stack.kafka_bootstrap_servers)
    create(admin, [Topic(name, 1, extra={"max.message.bytes": "2000"})])
    try:
        topic = KafkaTopic(name, DurableLog(open_producer(stack.kafka_bootstrap_servers, "test", 20, **{"compression.type": "none"}), 20))
        topic.send(EVENT, {"text": "small"})
        with pytest.raises(DeliveryFailed, match="MSG_SIZE_TOO_LARGE: topic test-small") as raised:
            topic.send(EVENT, {"text": "x" * 100_000})
        assert raised.value.permanent
        topic.send(EVENT, {"text": "small"})
        topic.close()
    finally:
        admin.delete_topics([name])[name].result(30)


def test_a_subscription_that_changes_or_is_removed_gives_its_sender_back(world: World) -> None:
    world.subscribe("a", 1)
    with closing(Post(world.dsn, world.open_sender).start()):
        until(lambda: world.rows("a")[0]["state"] == "delivered", 20, "the service to be told")
        world.owner.execute("UPDATE ops.subscriptions SET target = 'new'")
        until(lambda: world.opened[0].closed == 1, 20, "the old sender to be closed")
        world.owner.execute("INSERT INTO ops.deliveries (subscription, event_id, attributes, data) VALUES ('a', 'id-2', '{\"id\": \"id-2\"}', '{}')")
        until(lambda: world.rows("a")[-1]["state"] == "delivered", 20, "the service to be told at its new place")
        world.owner.execute("DELETE FROM ops.subscriptions")
        until(lambda: [(one.target, one.closed) for one in world.opened] == [("old", 1), ("new", 1)], 20, "both senders to be closed")
