"""Reading events, and keeping what was handled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from aegis.codec import Codec, Encoder
from aegis.events import Event, Ledger, PolicyValidated, UnreadableEvent
from aegis.events.event import read
from aegis.events.payloads import PAYLOADS, payload_of
from aegis.message import Message
from aegis.registry import committed_schema
from tests.support.events import COMPLETED, JUDGED, VALIDATED

SCHEMA = committed_schema("policy-events-value")
CODEC = Codec(lambda _number: SCHEMA)
ENVELOPE = {"payload": VALIDATED, "id": "6f2f", "type": "policy.validated", "schema_version": "1.0", "occurred_at": "2026-11-21T03:04:05.678901Z"}
HEADERS = {
    "id": b"6f2f",
    "ce_id": b"6f2f",
    "ce_source": b"/aegis",
    "ce_specversion": b"1.0",
    "ce_type": b"policy.validated",
    "ce_subject": b"x",
    "ce_time": b"2026-11-21T03:04:05.678901Z",
    "ce_dataschema": b"urn:aegis:events:policy.validated:1.0",
    "content-type": b"application/avro",
    "traceparent": b"00-aa-bb-01",
}


def message(headers: dict[str, bytes] | None = None, **changed: Any) -> Message:
    return Message("policy-events", 2, 77, b"key", Encoder(1, SCHEMA).encode(ENVELOPE | changed), HEADERS if headers is None else headers)


def test_an_event_has_the_attributes_of_cloudevents_and_its_payload_typed() -> None:
    event = read(message(), CODEC)
    payload = PolicyValidated("x", "test", "1", "pending_validation", 7, "created")
    assert event == Event(
        id="6f2f",
        source="/aegis",
        type="policy.validated",
        subject="x",
        time=datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC),
        dataschema="urn:aegis:events:policy.validated:1.0",
        schema_version="1.0",
        data=orjson.loads(VALIDATED),
        payload=payload,
        partition=2,
        offset=77,
        trace="00-aa-bb-01",
    )


def test_an_event_of_before_there_were_headers_is_read_alike() -> None:
    assert read(message({"id": b"6f2f"}), CODEC) == replace(read(message(), CODEC), trace=None)


@pytest.mark.parametrize(("kind", "text"), [("policy.validated", VALIDATED), ("data.quality_updated", JUDGED), ("data.sync_completed", COMPLETED)])
def test_a_payload_has_the_fields_of_its_newest_schema(kind: str, text: str) -> None:
    folder = committed_schema(f"events/{kind}/1.0")
    assert {one.name for one in fields(PAYLOADS[kind])} == {one["name"] for one in orjson.loads(folder)["fields"]}
    found = payload_of(kind, orjson.loads(text) | {"added_in_1_1": 5})
    assert found is not None
    assert found.version in {7, 9}


def test_an_unknown_type_keeps_its_data_and_has_no_typed_payload() -> None:
    event = read(message(HEADERS | {"ce_type": b"policy.archived"}, type="policy.archived", payload='{"policy_id": "x", "why": 1}'), CODEC)
    assert (event.payload, event.data) == (None, {"policy_id": "x", "why": 1})


@pytest.mark.parametrize(
    ("unreadable", "reason"),
    [
        (Message("policy-events", 2, 77, None, b"junk"), "too few"),
        (Message("policy-events", 2, 77, None, None), "0 bytes"),
        (message(payload="[1"), "JSONDecodeError"),
        (message(payload="[]"), "payload is list"),
        (message(payload='{"policy_id": "x"}'), "without source, source_id, status, version, operation"),
        (message(HEADERS | {"ce_time": b"yesterday"}), "ValueError"),
        (message(HEADERS | {"ce_specversion": b"0.1"}), "specversion"),
        (message(HEADERS | {"ce_id": b""}), "id"),
    ],
)
def test_what_is_no_event_is_named_by_its_place(unreadable: Message, reason: str) -> None:
    with pytest.raises(UnreadableEvent, match=rf"policy-events\[2\]@77: no event of Aegis: .*({reason})"):
        read(unreadable, CODEC)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    yield made
    made.close()


def test_an_event_is_taken_once_and_moves_its_partitions_position(connection: sqlite3.Connection) -> None:
    ledger, event = Ledger(connection), read(message(), CODEC)
    with connection:
        assert ledger.take(event)
    with connection:
        assert not ledger.take(replace(event, offset=80))
    assert ledger.positions() == {2: 81}


def test_what_failed_is_not_taken(connection: sqlite3.Connection) -> None:
    ledger, event = Ledger(connection), read(message(), CODEC)

    def fail() -> None:
        with connection:
            ledger.take(event)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ledger.positions() == {}
    with connection:
        assert ledger.take(event)


def test_a_replay_does_not_move_the_position_back(connection: sqlite3.Connection) -> None:
    ledger, event = Ledger(connection), read(message(), CODEC)
    with connection:
        ledger.take(event)
        ledger.take(replace(event, id="other", offset=3))
    assert ledger.positions() == {2: 78}


def test_old_identities_are_forgotten(connection: sqlite3.Connection) -> None:
    ledger, event = Ledger(connection), read(message(), CODEC)
    with connection:
        ledger.take(event)
        ledger.take(replace(event, id="later", time=datetime(2026, 12, 1, tzinfo=UTC)))
    assert ledger.forget(datetime(2026, 11, 30, tzinfo=UTC)) == 1
    with connection:
        assert not ledger.take(replace(event, id="later"))
