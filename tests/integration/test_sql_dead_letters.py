"""Dead letters and held keys as PostgreSQL sees them."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

pytestmark = pytest.mark.stack

LETTER = """
INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, topic, partition, "offset", failed_at)
VALUES (%(store)s, %(table)s, %(key)s, %(version)s, 'UPSERT', 'DP_3003', 'ChangeRejected', 'no', 'aegis.public.policies', 0,
    nextval('public.aegis_version_seq'), now())
RETURNING id
"""


@pytest.fixture
def key() -> str:
    return uuid4().hex


@pytest.fixture
def owner(shared_dsn: str):
    with psycopg.connect(shared_dsn, autocommit=True) as connection:
        yield connection


def one(connection: psycopg.Connection, statement: str, *parameters: object) -> object:
    row = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


def policy(owner: psycopg.Connection, key: str) -> object:
    return one(owner, "INSERT INTO policies (policy_id, title) VALUES (%s, 't') RETURNING version", key)


def rejected(owner: psycopg.Connection, key: str, version: object, store: str = "elasticsearch", table: str = "policies") -> int:
    row = owner.execute(LETTER, {"store": store, "table": table, "key": key, "version": version}).fetchone()
    assert row is not None
    return int(row[0])


def held(owner: psycopg.Connection, key: str) -> list[tuple[object, ...]]:
    return owner.execute("SELECT store, version, dead_letter_id FROM ops.held_keys WHERE key = %s ORDER BY store", (key,)).fetchall()


def test_a_rejected_row_is_held_once_per_store_by_its_newest_dead_letter(owner: psycopg.Connection, key: str) -> None:
    version = policy(owner, key)
    rejected(owner, key, version)
    newest = rejected(owner, key, version)
    milvus = rejected(owner, key, version, store="milvus")
    assert held(owner, key) == [("elasticsearch", version, newest), ("milvus", version, milvus)]


@pytest.mark.parametrize(
    "resolution",
    [
        "UPDATE policies SET title = 'mended' WHERE policy_id = %s",
        "DELETE FROM policies WHERE policy_id = %s",
        "SELECT ops.touch('policies', %s)",
        "UPDATE ops.dead_letters SET discarded_at = now(), discard_reason = 'known' WHERE key = %s",
        "UPDATE ops.dead_letters SET retried_at = now() WHERE key = %s",
    ],
)
def test_a_hold_is_resolved(owner: psycopg.Connection, key: str, resolution: str) -> None:
    rejected(owner, key, policy(owner, key))
    assert len(held(owner, key)) == 1
    owner.execute(resolution.encode(), (key,))
    assert held(owner, key) == []


def test_a_dead_letter_of_an_older_version_holds_nothing(owner: psycopg.Connection, key: str) -> None:
    version = policy(owner, key)
    owner.execute("UPDATE policies SET title = 'newer' WHERE policy_id = %s", (key,))
    rejected(owner, key, version)
    assert held(owner, key) == []


def test_rows_of_every_captured_table_can_be_held(owner: psycopg.Connection, key: str) -> None:
    rejected(owner, key, one(owner, "INSERT INTO users (user_id) VALUES (%s) RETURNING version", key), table="users")
    rejected(owner, key, one(owner, "INSERT INTO business_rules (rule_id, name) VALUES (%s, 'r') RETURNING version", key), "neo4j", "business_rules")
    assert [store for store, _, _ in held(owner, key)] == ["elasticsearch", "neo4j"]


def test_bytes_that_are_no_change_are_kept_and_hold_nothing(owner: psycopg.Connection) -> None:
    position = one(owner, "SELECT nextval('aegis_version_seq')")
    owner.execute(
        """INSERT INTO ops.dead_letters (store, code, error_class, message, topic, partition, "offset", value_bytes, failed_at)
        VALUES ('milvus', 'DP_1004', 'Undecodable', 'first byte is 7', 'aegis.public.policies', 1, %s, %s, now())""",
        (position, b"\x07\x00\xff"),
    )
    assert one(owner, 'SELECT value_bytes FROM ops.dead_letters WHERE partition = 1 AND "offset" = %s', position) == b"\x07\x00\xff"
    assert owner.execute("SELECT 1 FROM ops.held_keys WHERE table_name IS NULL").fetchall() == []


def test_a_redelivered_dead_letter_is_stored_once(owner: psycopg.Connection, key: str) -> None:
    version = policy(owner, key)
    number = rejected(owner, key, version)
    copy = """
        INSERT INTO ops.dead_letters (store, code, error_class, message, topic, partition, "offset", failed_at)
        SELECT store, code, error_class, message, topic, partition, "offset", failed_at FROM ops.dead_letters WHERE id = %s
    """
    with pytest.raises(errors.UniqueViolation):
        owner.execute(copy, (number,))
    owner.execute(copy + " ON CONFLICT DO NOTHING", (number,))
    assert one(owner, "SELECT count(*) FROM ops.dead_letters WHERE key = %s", key) == 1


def test_a_discard_must_say_why(owner: psycopg.Connection, key: str) -> None:
    rejected(owner, key, policy(owner, key))
    with pytest.raises(errors.CheckViolation, match="a_discard_says_why"):
        owner.execute("UPDATE ops.dead_letters SET discarded_at = now() WHERE key = %s", (key,))
