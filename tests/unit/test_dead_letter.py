from __future__ import annotations

from aegis.collapse import decode
from aegis.dead_letter import DEAD_LETTERS_SUBJECT, dead_letter
from aegis.errors import ChangeRejected, Code, Undecodable
from aegis.message import Message
from stream_apps.dead_letters import row_of
from tests.support import debezium


def test_a_dead_letter_keeps_what_a_retry_and_a_reader_need() -> None:
    message = debezium.create("policies", "P-1", 8, offset=42)
    change = decode(message, debezium.codec())
    letter = dead_letter("elasticsearch", message, change, ChangeRejected(Code.ELASTICSEARCH_SYNC_FAILED, "term too long"), debezium.COMMITTED_AT)
    record = debezium.codec().decode(debezium.encoder(DEAD_LETTERS_SUBJECT).encode(letter.record()))
    assert (record["store"], record["table"], record["key"], record["version"], record["rank"]) == ("elasticsearch", "policies", "P-1", 8, "UPSERT")
    assert (record["topic"], record["partition"], record["offset"]) == ("aegis.public.policies", 0, 42)
    assert (record["key_bytes"], record["value_bytes"]) == (message.key, message.value)
    assert (record["code"], record["error_class"], record["message"]) == ("DP_3003", "ChangeRejected", "term too long")
    assert record["failed_at"] == debezium.COMMITTED_AT
    assert "ChangeRejected" in record["stack"]


def test_undecodable_bytes_have_a_position_and_no_row() -> None:
    message = Message("aegis.public.policies", 1, 7, None, b"\1\2")
    letter = dead_letter("redis", message, None, Undecodable(Code.INVALID_FORMAT, "no"), debezium.COMMITTED_AT)
    assert (letter.table, letter.key, letter.version, letter.rank, letter.key_bytes, letter.value_bytes) == (None, None, None, None, None, b"\1\2")


def test_its_row_has_the_trace_and_no_character_that_postgresql_refuses() -> None:
    message = debezium.create("policies", "P-1", 8)
    change = decode(message, debezium.codec())
    letter = dead_letter("neo4j", message, change, ChangeRejected(Code.NEO4J_SYNC_FAILED, "a\0b"), debezium.COMMITTED_AT)
    row = row_of(letter.record(), "00-aa-bb-01")
    assert (row["rank"], row["traceparent"]) == ("UPSERT", "00-aa-bb-01")
    assert "\0" not in row["message"]
