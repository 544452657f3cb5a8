"""Debezium's change envelopes, read into changes.

Source: Debezium's PostgreSQL connector, "change event values": `before`, `after`, `source`, `op` (c, u, d, r for a snapshot's read; t and m carry no row).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aegis.change import Change
from aegis.derivations import CAPTURED, CapturedTable
from aegis.errors import Code, Undecodable
from aegis.message import Message
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp

TABLE_TOPIC_PREFIX = "aegis.public."
_ROW_OPERATIONS = frozenset("cudr")
_OTHER_OPERATIONS = frozenset("tm")


def table_topic(table: str) -> str:
    """The topic of a captured table's changes."""
    return TABLE_TOPIC_PREFIX + table


def captured_table(topic: str) -> CapturedTable:
    """The table whose changes `topic` carries. Raises `Undecodable` for a topic of no captured table."""
    table = CAPTURED.get(topic.removeprefix(TABLE_TOPIC_PREFIX))
    if table is None or not topic.startswith(TABLE_TOPIC_PREFIX):
        raise Undecodable(Code.INVALID_FORMAT, f"topic {topic} belongs to no captured table; add the table to aegis/derivations.py")
    return table


def stamp_of(envelope: Mapping[str, Any]) -> Stamp | None:
    """The stamp of a full or peeked envelope; None for an operation that concerns no row (truncate, message).

    A delete carries the version of the row that it deleted, and outranks everything else of that version.
    """
    operation = envelope.get("op")
    if operation in _OTHER_OPERATIONS:
        return None
    if operation not in _ROW_OPERATIONS:
        raise Undecodable(Code.INVALID_FORMAT, f"operation {operation!r} is none of Debezium's: not a change envelope")
    image = envelope.get("before" if operation == "d" else "after")
    if not isinstance(image, Mapping) or not isinstance(image.get("version"), int):
        raise Undecodable(Code.INVALID_FORMAT, f"operation {operation} without a row's version: is REPLICA IDENTITY FULL set on the table?")
    return Stamp(image["version"], Rank.DELETE if operation == "d" else Rank.UPSERT)


def change_of(message: Message, envelope: Mapping[str, Any]) -> Change | None:
    """The change in a decoded envelope; None for an operation that concerns no row."""
    table = captured_table(message.topic)
    stamp = stamp_of(envelope)
    if stamp is None:
        return None
    image = envelope["before"] if stamp.rank is Rank.DELETE else envelope["after"]
    key = image.get(table.key)
    if key is None:
        raise Undecodable(Code.INVALID_FORMAT, f"row without its primary key {table.key}")
    return Change(
        table=table.name,
        key=str(key),
        stamp=stamp,
        before=envelope["before"],
        after=None if stamp.rank is Rank.DELETE else envelope["after"],
        position=_position(message, envelope["source"]),
        key_bytes=message.key or b"",
        trace=message.trace,
    )


def _position(message: Message, source: Mapping[str, Any]) -> SourcePosition:
    microseconds = source.get("ts_us")
    if microseconds is None and source.get("ts_ms") is not None:
        microseconds = source["ts_ms"] * 1000
    return SourcePosition(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        lsn=source.get("lsn"),
        transaction_id=source.get("txId"),
        committed_at=None if microseconds is None else datetime.fromtimestamp(microseconds / 1_000_000, UTC),
    )
