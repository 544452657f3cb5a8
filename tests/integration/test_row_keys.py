"""Keys made from the registry's ids are those that the connector writes, byte for byte: on the stack's own topics, whose subjects these are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

from aegis.codec import schema_id
from aegis.derivations import CAPTURED
from aegis.envelope import table_topic
from aegis.offsets import Offsets
from aegis.registry import Registry, UnknownSubject
from aegis.row_keys import RowKeys
from aegis.settings import Settings
from tests.support.wait import until

pytestmark = pytest.mark.stack

COLUMNS = {"policies": "policy_id, title", "users": "user_id, region_code", "business_rules": "rule_id, name"}


@pytest.fixture
def keys(stack: Settings) -> Iterator[list[str]]:
    """Keys of a row in each table, and of one more, in Korean; deleted afterwards."""
    made = [f"rowkey-{uuid4().hex[:8]}", f"정책-{uuid4().hex[:8]}-창업😀"]
    yield made
    with psycopg.connect(stack.postgres_dsn.get_secret_value()) as connection:
        for table, captured in CAPTURED.items():
            connection.execute(f"DELETE FROM {table} WHERE {captured.key} = ANY(%s)", (made,))


@pytest.fixture
def registry(stack: Settings) -> Iterator[Registry]:
    with closing(Registry(stack.schema_registry_url)) as opened:
        yield opened


def made(registry: Registry, table: str, key: str) -> bytes | None:
    """None on a stack that has just begun: the connector registers the subject with the table's first row."""
    try:
        return RowKeys(registry).key_bytes(table, key)
    except UnknownSubject:
        return None


@pytest.mark.parametrize("table", CAPTURED)
def test_a_key_is_made_as_the_connector_writes_it(stack: Settings, registry: Registry, keys: list[str], table: str) -> None:
    ends = Offsets(stack.kafka_bootstrap_servers).ends([table_topic(table)])
    with psycopg.connect(stack.postgres_dsn.get_secret_value()) as connection:
        connection.cursor().executemany(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES (%s, '11')", [(key,) for key in keys])
    wanted = {until(lambda key=key: made(registry, table, key), 30, f"the connector to have registered the keys of {table}") for key in keys}
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap_servers, "group.id": f"test-{uuid4()}", "enable.auto.commit": False})
    with closing(consumer):
        consumer.assign([TopicPartition(topic, number, end) for (topic, number), (_, end) in ends.items()])
        found: set[bytes] = set()

        def all_came() -> bool:
            found.update(message.key() or b"" for message in consumer.consume(500, timeout=0.2))
            return wanted <= found

        until(all_came, 30, f"{wanted} among the keys of {table_topic(table)}; found {found}")


def test_a_key_of_a_subject_that_nobody_registered_is_refused_with_the_remedy(registry: Registry) -> None:
    with pytest.raises(UnknownSubject, match=r"knows no subject aegis\.public\.nothing-key.*aegis connect apply"):
        registry.registered_encoder("aegis.public.nothing-key")


def test_the_registry_is_asked_once_per_table(registry: Registry) -> None:
    row_keys = RowKeys(registry)
    first = row_keys.key_bytes("policies", "P-1")
    registry.close()
    assert schema_id(row_keys.key_bytes("policies", "P-2")) == schema_id(first)
