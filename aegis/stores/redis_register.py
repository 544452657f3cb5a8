"""How a record lies in Redis: its register, a hash beside the value that readers get."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from aegis.claim import Claim
from aegis.errors import ChangeRejected, Code
from aegis.position import SourcePosition
from aegis.record import Record, StoredRecord
from aegis.stamp import Stamp

TOMBSTONE = b""
"""Stands for the value of a record that readers do not see; no JSON text is empty."""


def value_of(record: Record, max_bytes: int) -> bytes:
    """The JSON that readers get. Raises `ChangeRejected` where the content has none, or a longer one than `max_bytes`."""
    if record.content is None:
        return TOMBSTONE
    try:
        value = orjson.dumps(record.content)
    except TypeError as error:
        raise ChangeRejected(
            Code.REDIS_SYNC_FAILED, f"{record.table} {record.key}: content is no JSON: {error}; make its projection into redis give JSON values"
        ) from error
    if len(value) > max_bytes:
        field, size = max(((name, len(orjson.dumps(part))) for name, part in record.content.items()), key=lambda sized: sized[1])
        raise ChangeRejected(
            Code.REDIS_SYNC_FAILED,
            f"{record.table} {record.key}: {len(value)} bytes as JSON, {size} of them in field {field}; one value may have {max_bytes}: shorten {field}",
        )
    return value


def arguments_of(record: Record, value: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """What `redis_apply.lua` takes for one record: stamp, bucket, claim, position, value."""
    bucket, claim = record.claim
    return b"%d" % record.stamp.packed, b"%d" % bucket, b"%d" % claim, _position_text(record.position), value


def stored_record(table: str, key: str, register: Mapping[bytes, bytes], value: bytes | None) -> StoredRecord:
    """What the register and the value beside it say. The value alone decides what readers see: without one, the record is a tombstone."""
    return StoredRecord(
        table=table,
        key=key,
        stamp=Stamp.unpack(int(register[b"stamp"])),
        content=None if value is None else orjson.loads(value),
        position=_position(register[b"position"]),
        applied_at=datetime.fromisoformat(register[b"applied_at"].decode()),
        claim=Claim(int(register[b"bucket"]), int(register[b"claim"])),
    )


def _position_text(position: SourcePosition) -> bytes:
    return orjson.dumps(
        {
            "topic": position.topic,
            "partition": position.partition,
            "offset": position.offset,
            "lsn": position.lsn,
            "transaction_id": position.transaction_id,
            "committed_at": position.committed_at,
        }
    )


def _position(text: bytes) -> SourcePosition:
    fields = orjson.loads(text)
    committed_at = fields.pop("committed_at")
    return SourcePosition(**fields, committed_at=None if committed_at is None else datetime.fromisoformat(committed_at))
