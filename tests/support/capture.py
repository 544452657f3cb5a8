"""A capture of a test's own: database, topics, connector, slot and subjects under one prefix, made from the product's own definition, removed afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from aegis.codec import Codec
from aegis.errors import Undecodable
from aegis.registry import Registry
from aegis.settings import Settings
from aegis.topics import Topic, create, topics
from connectors.definition import Definition, definitions
from connectors.registration import apply
from connectors.rest import Connect
from connectors.schemas import hold_compatibility
from connectors.slot import Slot, observe_slot
from connectors.values import placeholder_values
from tests.support.wait import until


@dataclass(frozen=True, slots=True)
class Logged:
    """One record of the log, decoded."""

    topic: str
    partition: int
    offset: int
    key_bytes: bytes
    value_bytes: bytes | None
    value: Mapping[str, Any]
    headers: Mapping[str, bytes | None]

    @property
    def op(self) -> str:
        return str(self.value["op"])


@dataclass
class Capture:
    """One running capture. `prefix` stands where the product says `aegis`."""

    prefix: str
    dsn: str = field(repr=False)
    definition: Definition
    connect: Connect
    registry_url: str
    bootstrap: str
    codec: Codec
    topics: tuple[Topic, ...] = ()
    read: list[Logged] = field(default_factory=list, repr=False)
    _consumer: Consumer | None = None

    def execute(self, statement: Any, *parameters: Any) -> list[tuple[Any, ...]]:
        """One transaction as the owner; its rows, where it returns any."""
        with psycopg.connect(self.dsn) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def slot(self, name: str) -> Slot | None:
        """The slot `name` in the test's own database."""
        return observe_slot(self.dsn, name)

    def topic(self, table: str) -> str:
        return f"{self.prefix}.public.{table}"

    def subject(self, table: str) -> str:
        return f"{self.topic(table)}-value"

    def of_key(self, table: str, key: str) -> list[Logged]:
        """What was read so far of one row, in order."""
        column = {"policies": "policy_id", "users": "user_id", "business_rules": "rule_id"}[table]
        return [
            logged
            for logged in self.read
            if logged.topic == self.topic(table) and key in {(logged.value[side] or {}).get(column) for side in ("before", "after")}
        ]

    def await_changes(self, table: str, key: str, count: int, seconds: float = 30) -> list[Logged]:
        """The first `count` records of one row, once they have arrived."""

        def enough() -> list[Logged]:
            self._poll()
            found = self.of_key(table, key)
            return found if len(found) >= count else []

        return until(enough, seconds, f"{count} changes of {table} {key}")

    def await_event(self, key: str, seconds: float = 30) -> Logged:
        """The first event of aggregate `key` on the events topic."""

        def found() -> Logged | None:
            self._poll()
            return next((each for each in self.read if each.topic == f"{self.prefix}-events" and key.encode() in each.key_bytes), None)

        logged = until(found, seconds, f"an event of {key}")
        assert logged is not None
        return logged

    def _poll(self) -> None:
        if self._consumer is None:
            self._consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": f"{self.prefix}-reader", "enable.auto.commit": False, "log_level": 0})
            self._consumer.assign([TopicPartition(topic.name, number, 0) for topic in self.topics for number in range(topic.partitions)])
        for message in self._consumer.consume(500, timeout=0.2):
            assert message.error() is None, message.error()
            if "heartbeat" in str(message.topic()):
                continue
            try:
                value: Mapping[str, Any] = self.codec.decode(message.value()) if message.value() else {}
            except Undecodable:  # what a test put there to see what others make of it
                continue
            self.read.append(
                Logged(
                    str(message.topic()),
                    message.partition() or 0,
                    message.offset() or 0,
                    message.key() or b"",
                    message.value(),
                    value,
                    dict(message.headers() or ()),
                )
            )

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()


def _renamed(topic: Topic, prefix: str) -> Topic:
    name = topic.name.replace("aegis", prefix).replace("policy-events", f"{prefix}-events").replace("data-pipeline", prefix)
    return Topic(name, topic.partitions, topic.retention_days)


def _definition(dsn: str, registry_url: str, prefix: str) -> Definition:
    (definition,) = definitions(placeholder_values(dsn, registry_url))
    changed = {
        "topic.prefix": prefix,
        "slot.name": f"{prefix}_slot",
        "transforms.outbox.route.topic.replacement": f"{prefix}-events",
        "predicates.isEvent.pattern": f"{prefix}-events",
    }
    return Definition(f"{prefix}-connector", {**definition.config, **changed})


@contextmanager
def capture(stack: Settings, dsn: str, prefix: str) -> Iterator[Capture]:
    """Capture the database of `dsn` under `prefix`."""
    hold_compatibility(stack.schema_registry_url)
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers, "log_level": 0})
    made = tuple(_renamed(topic, prefix) for topic in topics(2))
    create(admin, made)
    definition = _definition(dsn, stack.schema_registry_url, prefix)
    with closing(Connect(stack.connect_url)) as connect, closing(Registry(stack.schema_registry_url)) as registry:
        running = Capture(prefix, dsn, definition, connect, stack.schema_registry_url, stack.kafka_bootstrap_servers, registry.codec(), made)
        try:
            apply(connect, definition, running.slot, deadline_seconds=60)
            yield running
        finally:
            running.close()
            _remove(running)
            for done in admin.delete_topics([topic.name for topic in made]).values():
                done.result(30)


def _remove(running: Capture) -> None:
    connect, name = running.connect, running.definition.name
    if connect.config(name) is not None:
        connect.stop(name)
        until(lambda: (status := connect.status(name)) is not None and status.state == "STOPPED" and not status.tasks, 60, f"{name} stopped")
        connect.delete_offsets(name)
        connect.delete(name)
    slot = running.definition.config["slot.name"]
    if running.slot(slot) is not None:
        until(lambda: (found := running.slot(slot)) is not None and not found.active, 60, f"slot {slot} released")
        running.execute("SELECT pg_drop_replication_slot(%s)", slot)
    for subject in httpx.get(f"{running.registry_url}/subjects", timeout=30).json():
        if running.prefix in subject:
            for permanent in ("false", "true"):
                httpx.delete(f"{running.registry_url}/subjects/{subject}", params={"permanent": permanent}, timeout=30)
