"""A service that is told of a policy through a topic of its own, by the running app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from aegis.offsets import admin_client
from aegis.settings import Settings
from aegis.topics import Topic, create
from tests.e2e.conftest import Cli
from tests.support.wait import patient

pytestmark = pytest.mark.stack


@pytest.fixture
def subscription(stack: Settings, cli: Cli, policy: str) -> Iterator[str]:
    """A subscription to what is told of `policy` alone; its topic has the same name."""
    name = f"test-{uuid4().hex[:8]}"
    admin = admin_client(stack.kafka_bootstrap_servers)
    create(admin, [Topic(name, 1)])
    added = cli("subscriptions", "add", name, "--topic", name, "--type", "data.sync_completed", "--equals", "subject", policy)
    assert added.exit_code == 0, added.output
    yield name
    cli("subscriptions", "remove", name)
    admin.delete_topics([name])[name].result(30)


def test_a_service_is_told_of_a_policy_that_is_deleted_everywhere(stack: Settings, owner, policy: str, subscription: str) -> None:
    owner.execute("DELETE FROM policies WHERE policy_id = %s", (policy,))
    with closing(Consumer({"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": subscription, "enable.auto.commit": False})) as consumer:
        consumer.assign([TopicPartition(subscription, 0, 0)])
        told: list[str] = []
        while "deleted" not in told:
            messages = consumer.consume(1, timeout=patient(40))
            assert messages, f"the service was told {told}, and not that the policy is deleted"
            told += [json.loads(message.value())["outcome"] for message in messages]
    assert told in (["deleted"], ["stored", "deleted"])
