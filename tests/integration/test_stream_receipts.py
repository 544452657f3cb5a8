"""The sink of the receipts' app, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from aegis.errors import StoreUnavailable
from aegis.message import Message
from aegis.receipt import RECEIPTS_SUBJECT, RECEIPTS_TOPIC, Receipt
from aegis.settings import Settings
from aegis.stamp import Rank, Stamp
from stream_apps.receipts import RefusedReceipts, SyncProgress
from tests.support import debezium
from tests.support.database import in_database
from tests.support.wait import until

pytestmark = pytest.mark.stack

STORES = ("milvus", "neo4j", "elasticsearch", "redis")


def given(*held: tuple[str, str, int, Rank]) -> list[Message]:
    """A message per (store, key, version, rank)."""
    encode = debezium.encoder(RECEIPTS_SUBJECT).encode
    receipts = [Receipt(store, debezium.COMMITTED_AT, [(key, Stamp(version, rank))]) for store, key, version, rank in held]
    return [Message(RECEIPTS_TOPIC, 0, offset, one.store.encode(), encode(one.record())) for offset, one in enumerate(receipts)]


def by_all(key: str, version: int, rank: Rank = Rank.UPSERT, stores: tuple[str, ...] = STORES) -> list[Message]:
    return given(*((store, key, version, rank) for store in stores))


class Table:
    """The sink as the operator, and what the owner sees."""

    def __init__(self, sink: SyncProgress, owner: psycopg.Connection[dict[str, Any]]) -> None:
        self.sink = sink
        self.owner = owner

    def deliver(self, messages: list[Message]) -> dict[str, int]:
        return self.sink.apply(self.sink.prepare(messages)).verdicts

    def events(self) -> list[tuple[str, int, str]]:
        rows = self.owner.execute("SELECT aggregateid, type, payload FROM outbox ORDER BY occurred_at, (payload -> 'version')::bigint").fetchall()
        assert {row["type"] for row in rows} <= {"data.sync_completed"}
        return [(row["aggregateid"], row["payload"]["version"], row["payload"]["outcome"]) for row in rows]


@pytest.fixture
def table(stack: Settings, own_database: str, owner_dsn: str) -> Iterator[Table]:
    made = SyncProgress(in_database(stack.postgres_operator_dsn.get_secret_value(), own_database), debezium.codec(), 10)
    made.open()
    with psycopg.connect(owner_dsn, autocommit=True, row_factory=dict_row) as owner:
        yield Table(made, owner)
    made.close()


def test_a_version_is_announced_when_the_last_store_holds_it_and_once_however_often_receipts_come(table: Table) -> None:
    assert table.deliver(by_all("P-1", 3, stores=STORES[:3])) == {"applied": 1}
    assert table.events() == []
    last = by_all("P-1", 3, stores=STORES[3:])
    assert table.deliver(last) == {"applied": 1, "completed": 1}
    assert table.deliver(last) == {"stale": 1}
    assert table.deliver(by_all("P-1", 3)) == {"stale": 1}
    assert table.events() == [("P-1", 3, "stored")]
    assert table.owner.execute("SELECT completed_version FROM ops.sync_progress").fetchall() == [{"completed_version": 3}]


def test_what_was_superseded_is_not_announced(table: Table) -> None:
    table.deliver(by_all("P-1", 3, stores=STORES[:3]))
    table.deliver(by_all("P-1", 5))
    table.deliver(by_all("P-1", 3, stores=STORES[3:]))
    assert table.events() == [("P-1", 5, "stored")]


def test_a_version_that_was_stored_and_then_deleted_is_announced_as_both(table: Table) -> None:
    table.deliver(by_all("P-1", 3))
    table.deliver(by_all("P-1", 3, Rank.DELETE, STORES[:2]))
    table.deliver(by_all("P-1", 3, Rank.DELETE, STORES[2:]))
    assert table.events() == [("P-1", 3, "stored"), ("P-1", 3, "deleted")]


def test_a_compensated_version_is_announced_as_such(table: Table) -> None:
    table.deliver(by_all("P-1", 3, stores=STORES[:3]))
    table.deliver(by_all("P-1", 3, Rank.COMPENSATION))
    [payload] = [row["payload"] for row in table.owner.execute("SELECT payload FROM outbox").fetchall()]
    assert payload == {"policy_id": "P-1", "version": 3, "outcome": "compensated", "stores": dict.fromkeys(STORES, "compensation")}


def test_many_policies_are_announced_in_one_batch(table: Table) -> None:
    held = [(f"P-{number}", Stamp(number, Rank.UPSERT)) for number in range(1, 1001)]
    encode = debezium.encoder(RECEIPTS_SUBJECT).encode
    messages = [Message(RECEIPTS_TOPIC, 0, place, b"", encode(Receipt(store, debezium.COMMITTED_AT, held).record())) for place, store in enumerate(STORES)]
    assert table.deliver(messages) == {"applied": 1000, "completed": 1000}
    assert len(table.events()) == 1000


def test_an_event_whose_mark_was_lost_is_not_written_twice(table: Table) -> None:
    table.deliver(by_all("P-1", 3))
    table.owner.execute("DELETE FROM ops.sync_progress")
    table.deliver(by_all("P-1", 3))
    assert table.events() == [("P-1", 3, "stored")]


def test_a_batch_that_fails_leaves_neither_its_receipts_nor_an_event(table: Table) -> None:
    table.owner.execute("ALTER TABLE outbox ADD CONSTRAINT broken CHECK (aggregateid <> 'P-2')")
    batch = [*by_all("P-1", 3), *by_all("P-2", 4)]
    with pytest.raises(RefusedReceipts, match="broken") as caught:
        table.deliver(batch)
    assert "P-2" not in str(caught.value)
    assert (table.events(), table.owner.execute("SELECT * FROM ops.sync_progress").fetchall()) == ([], [])
    table.owner.execute("ALTER TABLE outbox DROP CONSTRAINT broken")
    table.deliver(batch)
    assert table.events() == [("P-1", 3, "stored"), ("P-2", 4, "stored")]


def test_a_database_that_is_away_is_tried_again_on_a_new_connection(table: Table) -> None:
    table.owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aegis receipts' AND datname = current_database()")
    with pytest.raises(StoreUnavailable):
        table.deliver(by_all("P-1", 3))
    table.sink.open()
    assert table.deliver(by_all("P-1", 3)) == {"applied": 1, "completed": 1}


def test_what_is_no_receipt_is_passed_over_and_counted(table: Table) -> None:
    other = debezium.create("policies", "P-1", 3)
    messages = [Message(RECEIPTS_TOPIC, 0, 0, None, b"junk"), Message(RECEIPTS_TOPIC, 0, 1, None, None), other, *by_all("P-1", 3)]
    assert table.deliver(messages) == {"applied": 1, "completed": 1, "undecodable": 2}


def test_housekeeping_that_postgresql_refuses_holds_up_no_completion(table: Table) -> None:
    table.owner.execute("REVOKE DELETE ON outbox FROM aegis_operator")
    assert table.deliver(by_all("P-1", 3)) == {"applied": 1, "completed": 1}
    assert table.deliver(by_all("P-1", 4)) == {"applied": 1, "completed": 1}
    assert [version for _, version, _ in table.events()] == [3, 4]


def test_a_policy_that_comes_back_while_it_is_forgotten_is_announced(table: Table, owner_dsn: str) -> None:
    """Another worker has folded a receipt of the new row, and not yet committed it."""
    table.deliver(by_all("P-1", 3, Rank.DELETE))
    table.owner.execute("UPDATE ops.sync_progress SET completed_at = now() - interval '15 days'")
    table.sink._forget_at = 0
    waiting = "SELECT FROM pg_stat_activity WHERE application_name = 'aegis receipts' AND datname = current_database() AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(owner_dsn) as other:
        other.execute("UPDATE ops.sync_progress SET milvus = %s", (Stamp(7, Rank.UPSERT).packed,))
        delivered = pool.submit(table.deliver, by_all("P-2", 4, stores=STORES[:1]))
        until(lambda: table.owner.execute(waiting).fetchall(), 5, "the forgetting to wait for the other worker")
        other.commit()
        delivered.result(10)
    table.deliver(by_all("P-1", 7, stores=STORES[1:]))
    assert table.events() == [("P-1", 3, "deleted"), ("P-1", 7, "stored")]


def test_policies_that_were_long_deleted_everywhere_and_events_of_long_ago_are_forgotten_and_no_others(table: Table) -> None:
    table.deliver([*by_all("gone", 3, Rank.DELETE), *by_all("again", 3, Rank.DELETE), *by_all("kept", 4)])
    table.owner.execute("UPDATE ops.sync_progress SET completed_at = now() - interval '15 days'")
    table.owner.execute("UPDATE outbox SET occurred_at = now() - interval '15 days'")
    table.deliver([*by_all("again", 7, stores=STORES[:1]), *by_all("fresh", 5, Rank.DELETE)])
    table.sink._forget_at = 0  # an hour later
    table.deliver(by_all("other", 6, stores=STORES[:1]))
    events = {key for key, _, _ in table.events()}
    assert events == {"fresh"}
    kept = [row["policy_id"] for row in table.owner.execute("SELECT policy_id FROM ops.sync_progress ORDER BY 1").fetchall()]
    assert kept == ["again", "fresh", "kept", "other"]
