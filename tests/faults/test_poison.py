from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from confluent_kafka import Producer
from neo4j import GraphDatabase

from aegis.derivations import STORES
from aegis.envelope import table_topic
from aegis.settings import Settings
from aegis.stores.opening import opened
from tests.faults.load import INSERT, policy
from tests.faults.watching import held_by
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import until

pytestmark = pytest.mark.stack

TOO_LONG_FOR_A_TERM = "가" * 11_000
"""33,000 bytes: Elasticsearch indexes no keyword of more than 32,766."""
CONSTRAINT = "fault_poison"
TOGETHER = ("source", "title", "category", "application_period_text", "detail_url")
"""Properties of which no two policies that anybody else writes have all five equal."""


def insert(owner: str, *rows: dict[str, object]) -> None:
    with psycopg.connect(owner) as connection, connection.cursor() as cursor:
        cursor.executemany(INSERT, rows)


def execute(owner: str, query: str, *parameters: object) -> None:
    with psycopg.connect(owner) as connection:
        connection.execute(query, parameters)


def held(owner: str, prefix: str) -> set[tuple[str, str]]:
    """Key and store."""
    with psycopg.connect(owner) as connection:
        return set(connection.execute("SELECT key, store FROM ops.held_keys WHERE starts_with(key, %s)", (prefix,)).fetchall())


def test_a_create_that_elasticsearch_rejects_is_held_and_shown_nowhere_until_its_row_is_mended(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN one poison row among good ones, of one transaction
    poison = f"{prefix}poison"
    insert(owner, *(policy(f"{prefix}{number}", number) for number in range(5)), policy(poison, 6, tags=[TOO_LONG_FOR_A_TERM]), policy(f"{prefix}9", 9))
    # THEN it is held, its neighbours are everywhere, it is nowhere
    until(lambda: held(owner, prefix) == {(poison, "elasticsearch")}, 30, "the key to be held")
    assert_equal_everywhere(stack, prefix, absent=[poison])
    for store in STORES:
        with opened(store, stack) as reader:
            until(lambda reader=reader: [record.content for record in held_by(reader, poison)] == [None], 30, f"the tombstone in {store}")
    # WHEN the row is mended, THEN its new version resolves the hold by itself
    execute(owner, "UPDATE policies SET tags = '{}' WHERE policy_id = %s", poison)
    assert_equal_everywhere(stack, prefix)
    assert held(owner, prefix) == set()


def test_an_update_that_elasticsearch_rejects_leaves_every_store_at_what_was_before(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN a row that is everywhere
    key = f"{prefix}updated"
    insert(owner, policy(key, 1))
    assert_equal_everywhere(stack, prefix)
    # WHEN an update poisons it
    execute(owner, "UPDATE policies SET title = '독', tags = %s WHERE policy_id = %s", [TOO_LONG_FOR_A_TERM], key)
    # THEN it is held, and every store shows the row before
    until(lambda: held(owner, prefix) == {(key, "elasticsearch")}, 30, "the key to be held")
    with psycopg.connect(owner) as connection:
        [[version]] = connection.execute("SELECT version FROM policies WHERE policy_id = %s", (key,)).fetchall()
    for store in STORES:
        with opened(store, stack) as reader:
            until(lambda reader=reader: [record.stamp.packed for record in held_by(reader, key)] == [version * 4 + 1], 30, f"the compensation in {store}")
            assert "지원 공고 1" in str(held_by(reader, key))
    # AND a delete beats it
    execute(owner, "DELETE FROM policies WHERE policy_id = %s", key)
    assert_equal_everywhere(stack, prefix)
    assert held(owner, prefix) == set()


@contextmanager
def unique_in_neo4j(stack: Settings) -> Iterator[None]:
    """A constraint made by hand, which the schema of Aegis knows nothing of."""
    auth = (stack.neo4j_user, stack.neo4j_password.get_secret_value())
    drop = f"DROP CONSTRAINT {CONSTRAINT} IF EXISTS"
    with GraphDatabase.driver(stack.neo4j_uri, auth=auth) as driver:
        driver.execute_query(drop)
        driver.execute_query(f"CREATE CONSTRAINT {CONSTRAINT} FOR (n:PolicyRecord) REQUIRE ({', '.join(f'n.{name}' for name in TOGETHER)}) IS UNIQUE")
        try:
            yield
        finally:
            driver.execute_query(drop)


def test_a_row_that_a_constraint_of_neo4j_rejects_is_applied_by_a_touch_once_the_constraint_is_gone(stack: Settings, owner: str, prefix: str) -> None:
    first, second = f"{prefix}first", f"{prefix}second"
    complete = "UPDATE policies SET application_period_text = '상시', detail_url = %s WHERE policy_id = %s"
    # GIVEN a constraint, and a row that it lets in
    with unique_in_neo4j(stack):
        insert(owner, policy(first, 1), policy(second, 1), policy(f"{prefix}third", 3))
        execute(owner, complete, prefix, first)
        assert_equal_everywhere(stack, prefix)
        # WHEN another row becomes the same to it
        execute(owner, complete, prefix, second)
        # THEN that one is held, and nobody else is touched
        until(lambda: held(owner, prefix) == {(second, "neo4j")}, 30, "the key to be held")
    # WHEN the cause is gone and an operator retries
    execute(owner, "SELECT ops.touch('policies', %s)", second)
    # THEN it is as in PostgreSQL, everywhere, and nothing is held
    assert_equal_everywhere(stack, prefix)
    assert held(owner, prefix) == set()


def test_bytes_that_are_no_change_become_one_dead_letter_of_each_store(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN bytes that somebody produced by mistake, between good changes
    insert(owner, policy(f"{prefix}a", 1))
    placed: list[tuple[str, int, int]] = []
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap_servers, "partitioner": "murmur2_random"})
    producer.produce(
        table_topic("policies"),
        key=prefix.encode(),
        value=b"\xffno avro",
        on_delivery=lambda error, message: placed.append((message.topic(), message.partition(), message.offset())),
    )
    assert producer.flush(30) == 0
    insert(owner, policy(f"{prefix}b", 2))
    # THEN every store that reads the topic has recorded them with their position, and goes on
    [position] = placed
    query = 'SELECT store, code, value_bytes, version FROM ops.dead_letters WHERE (topic, partition, "offset") = (%s, %s, %s)'

    def letters() -> set[tuple[object, ...]]:
        with psycopg.connect(owner) as connection:
            return set(connection.execute(query, position).fetchall())

    try:
        until(lambda: letters() == {(store, "DP_1004", b"\xffno avro", None) for store in STORES}, 30, "four dead letters")
        assert_equal_everywhere(stack, prefix)
    finally:
        execute(owner, 'DELETE FROM ops.dead_letters WHERE (topic, partition, "offset") = (%s, %s, %s)', *position)
