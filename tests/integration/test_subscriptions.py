"""Telling services of events: what is enqueued, delivered, tried again and given up, on a real database and real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Event
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, TopicPartition
from psycopg.rows import dict_row

from aegis.codec import Codec, Encoder
from aegis.durable_log import DurableLog, open_producer
from aegis.events.signature import HEADER, verify
from aegis.message import Message
from aegis.offsets import admin_client
from aegis.registry import committed_schema
from aegis.settings import Settings
from aegis.topics import Topic, create
from stream_apps.subscriptions import cli, delivering, post
from stream_apps.subscriptions.delivering import AT_ONCE, Delivering
from stream_apps.subscriptions.inbox import Inbox
from stream_apps.subscriptions.post import Post
from stream_apps.subscriptions.sending import sender_of
from stream_apps.subscriptions.subscription import subscription_of
from tests.support.database import in_database
from tests.support.events import JUDGED, VALIDATED
from tests.support.services import Service, service
from tests.support.wait import patient, until

pytestmark = pytest.mark.stack

SCHEMA = committed_schema("policy-events-value")
SECRETS = {"AEGIS_WEBHOOK_SECRET_A": "key of a", "AEGIS_WEBHOOK_SECRET_B": "key of b"}


def event(number: int, kind: str = "policy.validated", payload: str = VALIDATED) -> Message:
    envelope = {"payload": payload, "id": f"id-{number}", "type": kind, "schema_version": "1.0", "occurred_at": "2026-11-21T03:04:05.678901Z"}
    return Message("policy-events", 0, number, b"", Encoder(1, SCHEMA).encode(envelope), {"ce_subject": f"P-{number % 3}".encode()})


class World:
    """The app's parts over a database of the test's own, as the operator; the command line over the same."""

    def __init__(self, dsn: str, owner: psycopg.Connection[dict[str, Any]]) -> None:
        self.dsn = dsn
        self.owner = owner
        self.hosts: set[str] = set()
        self.settings: Any = None
        self.log: Any = None

    def tell(self, *messages: Message) -> dict[str, int]:
        with closing(Inbox(self.dsn, Codec(lambda _: SCHEMA), 10)) as inbox:
            inbox.open()
            return inbox.apply(inbox.prepare(messages)).verdicts

    def sender(self, subscription: Any) -> Any:
        return sender_of(subscription, SECRETS.get, self.hosts, lambda: self.log)

    def step(self, name: str, times: int = 1) -> float:
        """Let the service's thread look `times` times; pauses between attempts take no time."""
        row = self.owner.execute("SELECT * FROM ops.subscriptions WHERE name = %s", (name,)).fetchone()
        assert row is not None
        subscription = subscription_of(row)
        delivering = Delivering(subscription, self.sender, self.dsn, Event(), lambda _attempts: 0.0)
        with closing(delivering), psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
            return [delivering.step(connection) for _ in range(times)][-1]

    def states(self, name: str) -> list[tuple[str, str, int]]:
        rows = self.owner.execute("SELECT event_id, state, attempts FROM ops.deliveries WHERE subscription = %s ORDER BY id", (name,)).fetchall()
        return [(row["event_id"], row["state"], row["attempts"]) for row in rows]

    def run(self, *arguments: str) -> Result:
        self.settings = self.settings.model_copy(update={"aegis_webhook_hosts": ",".join(self.hosts)})
        return CliRunner().invoke(cli.command, arguments)

    def add(self, name: str, to: Service, *options: str) -> None:
        self.hosts.add(to.address)
        added = self.run("add", name, "--webhook", to.url, "--secret-env", f"AEGIS_WEBHOOK_SECRET_{name.upper()}", *options)
        assert added.exit_code == 0, added.output


@pytest.fixture
def world(stack: Settings, own_database: str, owner_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    dsn = in_database(stack.postgres_operator_dsn.get_secret_value(), own_database)
    with psycopg.connect(owner_dsn, autocommit=True, row_factory=dict_row) as owner:
        made = World(dsn, owner)
        made.settings = stack.model_copy(update={"postgres_operator_dsn": type(stack.postgres_operator_dsn)(dsn)})
        monkeypatch.setattr(cli, "settings", lambda: made.settings)
        for name, secret in SECRETS.items():
            monkeypatch.setenv(name, secret)
        yield made


@pytest.fixture
def services() -> Iterator[list[Service]]:
    with ExitStack() as both:
        yield [both.enter_context(service()) for _ in range(2)]


def ids(told: Service) -> list[str]:
    return [headers["ce-id"] for headers, _ in told.told]


def test_each_service_gets_what_it_wants_once_signed_and_in_order(world: World, services: list[Service]) -> None:
    world.add("a", services[0])
    world.add("b", services[1], "--type", "data.quality_updated", "--equals", "data.status", "active", "--prefix", "data.source", "te")
    messages = [event(0), event(1, "data.quality_updated", JUDGED), event(2)]
    assert world.tell(*messages) == {"applied": 4}
    assert world.tell(*messages) == {"ignored": 4}
    world.step("a")
    world.step("b")
    world.step("a")
    assert (ids(services[0]), ids(services[1])) == (["id-0", "id-1", "id-2"], ["id-1"])
    headers, body = services[1].told[0]
    assert json.loads(body) == json.loads(JUDGED)
    assert (headers["ce-type"], headers["ce-specversion"], headers["ce-source"]) == ("data.quality_updated", "1.0", "/aegis")
    assert (headers["ce-subject"], headers["ce-dataschema"]) == ("P-1", "urn:aegis:events:data.quality_updated:1.0")
    assert headers["content-type"] == "application/json"
    verify("key of b", headers[HEADER], headers["ce-id"], body, time.time())


def test_a_service_that_fails_is_told_the_same_again_and_then_the_rest(world: World, services: list[Service]) -> None:
    world.add("a", services[0])
    world.tell(event(0), event(1))
    services[0].status = 503
    world.step("a", 2)
    assert world.states("a") == [("id-0", "waiting", 2), ("id-1", "waiting", 0)]
    services[0].status = 200
    world.step("a")
    assert world.states("a") == [("id-0", "delivered", 2), ("id-1", "delivered", 0)]
    assert ids(services[0]) == ["id-0", "id-0", "id-0", "id-1"]


def test_what_a_service_never_takes_is_given_up_listed_and_tried_again_when_asked(world: World, services: list[Service]) -> None:
    world.add("a", services[0], "--attempts", "2")
    world.tell(event(0), event(1))
    services[0].status = 500
    world.step("a", 2)
    services[0].status = 200
    world.step("a")
    assert world.states("a") == [("id-0", "dead", 2), ("id-1", "delivered", 0)]
    [letter] = json.loads(world.run("deadletters", "a", "--json").stdout)
    assert (letter["event_id"], letter["error"], letter["attempts"]) == ("id-0", "HTTP 500", 2)
    assert "HTTP 500" in world.run("deadletters").output
    assert "1 dead letters of a would be" in world.run("retry", "a", "--dry-run").output
    assert world.states("a")[0] == ("id-0", "dead", 2)
    assert "1 dead letters of a are tried again" in world.run("retry", "a", "--delivery", str(letter["id"])).output
    world.step("a")
    assert world.states("a")[0] == ("id-0", "delivered", 0)


def test_a_redirect_is_not_followed_and_a_host_that_is_no_longer_allowed_is_not_called(world: World, services: list[Service]) -> None:
    world.add("a", services[0])
    world.tell(event(0))
    services[0].status, services[0].headers = 302, {"location": services[1].url}
    world.step("a")
    assert services[1].told == []
    world.hosts.clear()
    world.step("a")
    assert len(services[0].told) == 1
    row = world.owner.execute("SELECT error FROM ops.deliveries").fetchone()
    assert row is not None
    assert "AEGIS_WEBHOOK_HOSTS" in row["error"]


def test_a_pause_is_kept_and_a_full_round_is_followed_by_the_next_at_once(world: World, services: list[Service]) -> None:
    world.add("a", services[0])
    world.tell(*(event(number) for number in range(AT_ONCE + 1)))
    assert world.step("a") == 0.0
    world.owner.execute("UPDATE ops.deliveries SET due_at = now() + interval '1 hour' WHERE state = 'waiting'")
    assert world.step("a") > 0
    assert len(services[0].told) == AT_ONCE


def test_a_service_that_hangs_holds_up_nobody_else(world: World, services: list[Service]) -> None:
    world.add("a", services[0])
    world.add("b", services[1])
    services[0].hold.clear()
    with closing(Post(world.dsn, world.sender).start()):
        world.tell(event(0), event(1))
        until(lambda: services[0].told, 20, "the hanging service to be called")
        until(lambda: [state for _, state, _ in world.states("b")] == ["delivered"] * 2, 20, "the other service to be told")
        assert [state for _, state, _ in world.states("a")] == ["waiting"] * 2
        services[0].hold.set()
        until(lambda: [state for _, state, _ in world.states("a")] == ["delivered"] * 2, 20, "the hanging service to be told")
    assert ids(services[0]) == ["id-0", "id-1"]


def test_tables_that_are_not_there_yet_are_waited_for(world: World, services: list[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that is started before `aegis migrate`, or while a table is out of its reach."""
    world.add("a", services[0])
    world.tell(event(0))
    told: list[str] = []
    monkeypatch.setattr(post.log, "warning", lambda name, **_fields: told.append(name))
    monkeypatch.setattr(delivering.log, "warning", lambda name, **_fields: told.append(name))
    world.owner.execute("ALTER TABLE ops.deliveries RENAME TO elsewhere")
    with closing(Post(world.dsn, world.sender).start()):
        until(lambda: "deliveries.unavailable" in told, 20, "the deliveries to be missed")
        world.owner.execute("ALTER TABLE ops.subscriptions RENAME TO nowhere")
        until(lambda: "subscriptions.unavailable" in told, 20, "the subscriptions to be missed")
        world.owner.execute("ALTER TABLE ops.nowhere RENAME TO subscriptions")
        world.owner.execute("ALTER TABLE ops.elsewhere RENAME TO deliveries")
        until(lambda: ids(services[0]) == ["id-0"], 20, "the service to be told")


def test_what_was_delivered_long_ago_is_forgotten_however_much_it_is(world: World, services: list[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("a", services[0])
    world.tell(*(event(number) for number in range(4)))
    world.owner.execute("UPDATE ops.deliveries SET state = 'delivered', finished_at = now() - interval '15 days' WHERE event_id <> 'id-3'")
    monkeypatch.setattr(post, "FORGOTTEN_AT_ONCE", 1)
    with closing(Post(world.dsn, world.sender).start()):
        until(lambda: world.states("a") == [("id-3", "delivered", 0)], 20, "the others to be forgotten")


def test_two_processes_deliver_to_a_service_one_at_a_time(world: World, services: list[Service]) -> None:
    world.add("a", services[0])
    with closing(Post(world.dsn, world.sender).start()), closing(Post(world.dsn, world.sender).start()):
        world.tell(*(event(number) for number in range(30)))
        until(lambda: {state for _, state, _ in world.states("a")} == {"delivered"}, 20, "everything to be delivered")
    assert ids(services[0]) == [f"id-{number}" for number in range(30)]


def test_a_subscription_is_added_listed_tested_and_removed(world: World, services: list[Service]) -> None:
    world.add("a", services[0], "--in", "data.status", "active,archived")
    assert "there is a subscription a already" in world.run("add", "a", "--topic", "mine").output
    assert world.run("test", "a").exit_code == 0
    [(headers, body)] = services[0].told
    verify("key of a", headers[HEADER], headers["ce-id"], body, time.time())
    [listed] = json.loads(world.run("list", "--json").stdout)
    assert (listed["name"], listed["target"], listed["waiting"], listed["dead"]) == ("a", services[0].url, 0, 0)
    assert listed["filters"] == [{"field": "data.status", "operator": "in", "values": ["active", "archived"]}]
    assert "would be removed" in world.run("remove", "a", "--dry-run").output
    assert "removed  a" in world.run("remove", "a").output
    assert json.loads(world.run("list", "--json").stdout) == []
    assert "there is no subscription a" in world.run("test", "a").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--webhook", "https://elsewhere.example.org/", "--secret-env", "AEGIS_WEBHOOK_SECRET_A"], "AEGIS_WEBHOOK_HOSTS"),
        (["--webhook", "https://elsewhere.example.org/"], "--webhook with --secret-env"),
        (["--topic", "aegis.corrections"], "Aegis's own"),
        ([], "or --topic"),
    ],
)
def test_what_cannot_be_a_subscription_is_refused(world: World, arguments: list[str], said: str) -> None:
    refused = world.run("add", "a", *arguments)
    assert (refused.exit_code != 0, said in refused.output) == (True, True)
    assert world.owner.execute("SELECT * FROM ops.subscriptions").fetchall() == []


@pytest.fixture
def topic(stack: Settings) -> Iterator[str]:
    name = f"test-service-{uuid4().hex[:8]}"
    admin = admin_client(stack.kafka_bootstrap_servers)
    create(admin, [Topic(name, 1)])
    yield name
    admin.delete_topics([name])[name].result(30)


def test_a_service_may_be_told_through_a_topic_of_its_own(world: World, stack: Settings, topic: str) -> None:
    assert world.run("add", "a", "--topic", topic).exit_code == 0
    world.tell(event(0), event(1, "data.quality_updated", JUDGED))
    world.log = DurableLog(open_producer(stack.kafka_bootstrap_servers, "test", 20), 20)
    world.step("a")
    assert [state for _, state, _ in world.states("a")] == ["delivered"] * 2
    with closing(Consumer({"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": topic, "enable.auto.commit": False})) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        first, second = consumer.consume(2, timeout=patient(20))
    assert (first.key(), json.loads(first.value())) == (b"P-0", json.loads(VALIDATED))
    headers = dict(second.headers())
    assert (headers["ce_id"], headers["ce_type"], headers["content-type"]) == (b"id-1", b"data.quality_updated", b"application/json")
