"""Messages as Debezium and Aegis publish them, encoded under the committed schemas: for tests and benchmarks without a connector."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aegis.change import Change
from aegis.codec import Codec, Encoder
from aegis.correction import CORRECTIONS_SUBJECT, CORRECTIONS_TOPIC, correction_record
from aegis.dead_letter import DEAD_LETTERS_SUBJECT
from aegis.derivations import CAPTURED
from aegis.envelope import table_topic
from aegis.errors import Code, Undecodable
from aegis.message import Message
from aegis.receipt import RECEIPTS_SUBJECT
from aegis.registry import committed_schema

SUBJECTS = (
    *(f"{table_topic(table)}-{part}" for table in CAPTURED for part in ("key", "value")),
    CORRECTIONS_SUBJECT,
    DEAD_LETTERS_SUBJECT,
    RECEIPTS_SUBJECT,
)
"""A subject's number here is its place in this list, counted from one: what a registry would have given it."""

COMMITTED_AT = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)
TIMESTAMP = "2026-11-21T03:04:05.678901Z"

ROWS: Mapping[str, Mapping[str, Any]] = {
    "policies": {
        "source": "bizinfo",
        "source_id": "S-1",
        "title": "소상공인 정책자금 융자",
        "content": "경영애로를 겪는 소상공인에게 정책자금을 융자합니다. " * 8,
        "issuing_organization": "중소벤처기업부",
        "operating_organization": None,
        "category": "금융",
        "target_regions": ["11", "41"],
        "target_industries": ["C"],
        "funding_amount_min": None,
        "funding_amount_max": 70_000_000,
        "interest_rate": "2.96",
        "application_start_date": 20_000,
        "application_end_date": 20_300,
        "application_period_text": None,
        "detail_url": None,
        "tags": ["금융"],
        "status": "active",
        "quality_score": None,
        "is_active": True,
    },
    "users": {
        "region_code": "26",
        "industry_code": "I",
        "business_type": "소상공인",
        "employee_range": "1-4",
        "preferences_tags": ["창업"],
        "is_active": True,
    },
    "business_rules": {
        "name": "청년 창업 우대",
        "description": "",
        "rule_type": "scoring",
        "condition": "{}",
        "policy_ids": ["P-1"],
        "priority": 10,
        "is_active": True,
    },
}


def lookup(number: int) -> str:
    """The committed schema with `number`, as a registry answers. Raises Undecodable for another number."""
    if not 1 <= number <= len(SUBJECTS):
        raise Undecodable(Code.INVALID_FORMAT, f"no schema {number}")
    return committed_schema(SUBJECTS[number - 1])


def codec() -> Codec:
    """A codec of the committed schemas."""
    return Codec(lookup)


@cache
def encoder(subject: str) -> Encoder:
    """The encoder of `subject`."""
    return Encoder(SUBJECTS.index(subject) + 1, committed_schema(subject))


def row(table: str, key: str, version: int, **columns: Any) -> dict[str, Any]:
    """An ordinary row of `table` in Debezium's encoding."""
    return {CAPTURED[table].key: key, **ROWS[table], "created_at": TIMESTAMP, "updated_at": TIMESTAMP, "version": version} | columns


def key_bytes(table: str, key: str) -> bytes:
    """The key as the connector writes it."""
    return encoder(f"{table_topic(table)}-key").encode({CAPTURED[table].key: key})


def envelope(operation: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, table: str = "policies") -> dict[str, Any]:
    """A change envelope: operation c, u, d or r."""
    source = {
        "version": "3.7.0.Final",
        "connector": "postgresql",
        "name": "aegis",
        "ts_ms": int(COMMITTED_AT.timestamp() * 1000),
        "snapshot": "false",
        "db": "aegis",
        "sequence": None,
        "ts_us": int(COMMITTED_AT.timestamp() * 1_000_000),
        "ts_ns": None,
        "schema": "public",
        "table": table,
        "txId": 700,
        "lsn": 4242,
        "xmin": None,
        "origin": None,
        "origin_lsn": None,
    }
    return {"before": before, "after": after, "source": source, "transaction": None, "op": operation, "ts_ms": None, "ts_us": None, "ts_ns": None}


def message(table: str, key: str, record: Mapping[str, Any], offset: int = 0, partition: int = 0, **headers: bytes) -> Message:
    """The message that carries the envelope `record`."""
    topic = table_topic(table)
    return Message(topic, partition, offset, key_bytes(table, key), encoder(f"{topic}-value").encode(record), headers)


def create(table: str, key: str, version: int, offset: int = 0, **columns: Any) -> Message:
    """An insert."""
    return message(table, key, envelope("c", None, row(table, key, version, **columns), table), offset)


def update(table: str, key: str, old: int, version: int, offset: int = 0, *, before: Mapping[str, Any] | None = None, **columns: Any) -> Message:
    """An update from version `old` to `version`; `before`: columns of the row before it."""
    return message(table, key, envelope("u", row(table, key, old, **(before or {})), row(table, key, version, **columns), table), offset)


def delete(table: str, key: str, version: int, offset: int = 0, **columns: Any) -> Message:
    """A delete of the row at `version`."""
    return message(table, key, envelope("d", row(table, key, version, **columns), None, table), offset)


def correction(change: Change, offset: int = 0) -> Message:
    """The message that carries `change` on the corrections' topic."""
    value = encoder(CORRECTIONS_SUBJECT).encode(correction_record(change, COMMITTED_AT))
    return Message(CORRECTIONS_TOPIC, 0, offset, change.key_bytes, value, {})
