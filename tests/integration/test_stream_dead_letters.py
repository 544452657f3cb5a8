"""The sink of the dead-letter app, on a real database."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from aegis.collapse import decode
from aegis.dead_letter import DEAD_LETTERS_SUBJECT, DEAD_LETTERS_TOPIC, DeadLetter, dead_letter
from aegis.errors import ChangeRejected, Code, StoreUnavailable
from aegis.message import Message
from stream_apps.dead_letters import DeadLettersTable, RefusedLetter
from tests.support import debezium

pytestmark = pytest.mark.stack


def letter(version: int, offset: int, key: str = "P-1", store: str = "elasticsearch") -> DeadLetter:
    source = debezium.create("policies", key, version, offset=offset)
    reason = ChangeRejected(Code.ELASTICSEARCH_SYNC_FAILED, "no\0t this")
    return dead_letter(store, source, decode(source, debezium.codec()), reason, debezium.COMMITTED_AT)


def published(*letters: DeadLetter) -> list[Message]:
    encode = debezium.encoder(DEAD_LETTERS_SUBJECT).encode
    return [Message(DEAD_LETTERS_TOPIC, 0, number, one.key_bytes, encode(one.record()), {"traceparent": b"00-aa-bb-01"}) for number, one in enumerate(letters)]


@pytest.fixture
def table(owner_dsn: str):
    made = DeadLettersTable(owner_dsn, debezium.codec(), 10)
    made.open()
    yield made
    made.close()


def rows(dsn: str, columns: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(f"SELECT {columns} FROM ops.dead_letters ORDER BY id").fetchall()


def test_a_letter_is_recorded_once_however_often_it_comes(table: DeadLettersTable, owner_dsn: str) -> None:
    batch = table.prepare(published(letter(3, 10)))
    assert table.apply(batch).verdicts == {"applied": 1}
    assert table.apply(batch).verdicts == {"stale": 1}
    [row] = rows(owner_dsn, 'store, table_name, key, version, rank, "offset", attempt, traceparent, message')
    assert row == ("elasticsearch", "policies", "P-1", 3, "UPSERT", 10, 1, "00-aa-bb-01", "no\N{REPLACEMENT CHARACTER}t this")


def test_an_attempt_is_counted_per_key_store_and_version(table: DeadLettersTable, owner_dsn: str) -> None:
    letters = [letter(3, 10), replace(letter(3, 11), rank="COMPENSATION"), letter(7, 12), letter(7, 13, store="redis"), letter(8, 14, key="P-2"), letter(9, 15)]
    table.apply(table.prepare(published(*letters)))
    assert [attempt for (attempt,) in rows(owner_dsn, "attempt")] == [1, 1, 2, 1, 1, 3]


def test_what_is_no_dead_letter_is_passed_over_and_counted(table: DeadLettersTable, owner_dsn: str) -> None:
    junk = Message(DEAD_LETTERS_TOPIC, 0, 5, None, b"junk")
    report = table.apply(table.prepare([junk, *published(letter(3, 10)), Message(DEAD_LETTERS_TOPIC, 0, 6, None, None)]))
    assert report.verdicts == {"applied": 1, "undecodable": 1}
    assert len(rows(owner_dsn, "id")) == 1


def test_a_letter_that_the_table_refuses_stops_the_app_without_quoting_the_row(table: DeadLettersTable) -> None:
    batch = table.prepare(published(replace(letter(3, 10), code="nonsense")))
    with pytest.raises(RefusedLetter, match="code_is_a_code") as caught:
        table.apply(batch)
    assert "P-1" not in str(caught.value)


def test_a_database_that_is_away_is_tried_again_on_a_new_connection(table: DeadLettersTable, owner_dsn: str) -> None:
    batch = table.prepare(published(letter(3, 10)))
    with psycopg.connect(owner_dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aegis dead letters' AND datname = current_database()")
    with pytest.raises(StoreUnavailable):
        table.apply(batch)
    table.open()
    assert table.apply(batch).verdicts == {"applied": 1}
