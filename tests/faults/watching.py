"""What fault tests ask of the running system: processes, members of groups, and what a store shows."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from aegis.consumer_groups import consumer_group
from aegis.errors import StoreUnavailable
from aegis.record import StoredRecord
from aegis.settings import Settings
from aegis.stores.protocol import Store
from infra.local.folders import choose_folders
from infra.local.supervisor_client import Supervisor
from stream_apps.app import store_topics
from tests.support.wait import until

REPOSITORY = Path(__file__).parents[2]


def supervisor() -> Supervisor:
    """The supervisor of the native stack of this checkout."""
    folders = choose_folders(REPOSITORY, os.environ, is_root=os.geteuid() == 0, user_home=Path.home())
    return Supervisor(folders.supervisor_socket)


def pids(program: str) -> dict[str, int]:
    """Name → process id of the running processes of `program` (a server, or `app-<name>`, whose workers are counted)."""
    return {state.name: state.pid for state in supervisor().states() if state.name == program or state.name.startswith(f"{program}-") if state.pid}


def kill(program: str) -> dict[str, int]:
    """kill -9 every process of `program`; the process ids that they had."""
    had = pids(program)
    assert had, f"nothing of {program} runs: start the stack with `make up`"
    for pid in had.values():
        os.kill(pid, signal.SIGKILL)
    return had


def await_restart(program: str, had: dict[str, int], seconds: float = 30.0) -> None:
    """Wait until the supervisor has started every process of `program` again."""

    def restarted() -> bool:
        now = pids(program)
        return now.keys() == had.keys() and not set(now.values()) & set(had.values())

    until(restarted, seconds, f"{program} to be started again")


def groups_of(program: str) -> list[str]:
    """The supervisor's groups that `program` is in."""
    return sorted({state.group for state in supervisor().states() if state.name == program or state.name.startswith(f"{program}-")})


def stop(server: str) -> None:
    """Stop a server, as an operator would, and wait until it has ended."""
    for group in groups_of(server):
        supervisor().stop(group)
    until(lambda: not pids(server), 60, f"{server} to stop")


def start(server: str) -> None:
    """Start a server; returns at once."""
    for group in groups_of(server):
        supervisor().start(group)


def held_by(store: Store, key: str) -> list[StoredRecord]:
    """What `store` has of a policy: one record, or none, also where it does not answer in time on a busy machine."""
    try:
        return list(store.fetch("policies", [key]).values())
    except StoreUnavailable:
        return []


def behind(settings: Settings, store: str) -> int:
    """How many messages the store's app has yet to commit."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    topics: Any = admin.list_topics(timeout=10).topics
    places = [TopicPartition(topic, number) for topic in store_topics(store) for number in topics[topic].partitions]
    [committed] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(consumer_group(store), places)], request_timeout=10).values()
    ends = admin.list_offsets({place: OffsetSpec.latest() for place in places}, request_timeout=10)
    read = {(place.topic, place.partition): max(place.offset, 0) for place in committed.result(10).topic_partitions}
    return sum(future.result(10).offset - read[place.topic, place.partition] for place, future in ends.items())


def members(settings: Settings, app: str) -> set[str]:
    """Member ids of the app's consumer group. A worker that had left and come back would have a new one."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    [future] = admin.describe_consumer_groups([consumer_group(app)], request_timeout=10).values()
    described: Any = future.result(10)
    return {member.member_id for member in described.members if member.assignment.topic_partitions}
