"""Corrections: the changes that Aegis itself publishes (compensations, repairs), to and from their Avro record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from aegis.change import Change, Image, Operation
from aegis.derivations import CAPTURED
from aegis.errors import Code, Undecodable
from aegis.message import Message
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp

CORRECTIONS_TOPIC = "aegis.corrections"
CORRECTIONS_SUBJECT = "aegis.corrections-value"


def correction_record(change: Change, published_at: datetime) -> dict[str, Any]:
    """The record of schema `aegis.corrections-value` that carries `change`."""
    return {
        "table": change.table,
        "key": change.key,
        "version": change.stamp.version,
        "rank": change.stamp.rank.name,
        "before": _text(change.before),
        "after": _text(change.after),
        "targets": sorted(change.targets or ()),
        "cause": change.cause,
        "lsn": change.position.lsn,
        "transaction_id": change.position.transaction_id,
        "committed_at": change.position.committed_at,
        "published_at": published_at,
        "operation": change.operation.value,
        "expected": change.expected,
        "restored": change.restored,
    }


def correction_for(store: str, table: str, key: str, key_bytes: bytes, cause: str) -> Change:
    """A change of nothing, for `store` alone, to be completed by what is asked of it. Its position becomes that of its message."""
    return Change(
        table=table,
        key=key,
        stamp=Stamp(1, Rank.REPAIR),
        before=None,
        after=None,
        position=SourcePosition(CORRECTIONS_TOPIC, 0, 0),
        key_bytes=key_bytes,
        targets=frozenset({store}),
        cause=cause,
    )


def correction_of(message: Message, record: Mapping[str, Any]) -> Change:
    """The change in a decoded correction; one of before the cold path, whose schema had no operations, is a write.

    Raises `Undecodable` where it names no captured table or no operation, holds no images, or lacks what its operation needs.
    """
    if record["table"] not in CAPTURED:
        raise Undecodable(Code.INVALID_FORMAT, f"correction for {record['table']}, which is no captured table")
    try:
        return Change(
            table=record["table"],
            key=record["key"],
            stamp=Stamp(record["version"], Rank[record["rank"]]),
            before=_image(record["before"]),
            after=_image(record["after"]),
            position=SourcePosition(
                message.topic, message.partition, message.offset, record["lsn"], record["transaction_id"], record["committed_at"] or record["published_at"]
            ),
            key_bytes=message.key or b"",
            targets=frozenset(record["targets"]) or None,
            cause=record["cause"],
            trace=message.trace,
            operation=_operation(record),
            expected=record.get("expected", 0),
            restored=record.get("restored"),
        )
    except ValueError as error:
        raise Undecodable(Code.INVALID_FORMAT, f"correction for {record['table']} {record['key']}: {error}") from error


def _operation(record: Mapping[str, Any]) -> Operation:
    name = record.get("operation", Operation.WRITE)
    if name not in list(Operation):
        raise ValueError(f"operation {name!r} is none of {', '.join(Operation)}: was it published by a newer Aegis? Upgrade this one, then retry")
    operation = Operation(name)
    if operation is not Operation.WRITE and not record["targets"]:
        raise ValueError(f"operation {operation} names no target store; what it asks for is one store's own business")
    if operation is Operation.RESTORE and record.get("restored") is None:
        raise ValueError("operation restore without the image to restore")
    return operation


def _text(image: Image | None) -> str | None:
    return None if image is None else orjson.dumps(image).decode()


def _image(text: str | None) -> Image | None:
    if text is None:
        return None
    image = orjson.loads(text)
    if not isinstance(image, dict):
        raise ValueError(f"image is {type(image).__name__}, not an object")
    return image
