"""How a record lies in Redis: its register, JSON beside the value that readers get.

    {"stamp":164,"bucket":1433,"claim":519246999,"applied_at":"…","topic":"…","partition":3,"offset":7,"lsn":…,"transaction_id":…,"committed_at":"…"}

The stamp comes first: `redis_apply.lua` reads it there. A string and not a hash, so that one MGET and one MSET serve many records.
"""

from __future__ import annotations

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


def register_of(record: Record, applied_at: str) -> bytes:
    """The register that goes beside the value."""
    bucket, claim = record.claim
    position = record.position
    return orjson.dumps(
        {
            "stamp": record.stamp.packed,
            "bucket": bucket,
            "claim": claim,
            "applied_at": applied_at,
            "topic": position.topic,
            "partition": position.partition,
            "offset": position.offset,
            "lsn": position.lsn,
            "transaction_id": position.transaction_id,
            "committed_at": position.committed_at,
        }
    )


def stamp_of(register: bytes) -> Stamp:
    """The stamp in a register."""
    return Stamp.unpack(orjson.loads(register)["stamp"])


def stored_record(table: str, key: str, register: bytes, value: bytes | None) -> StoredRecord:
    """What the register and the value beside it say. The value alone decides what readers see: without one, the record is a tombstone."""
    fields = orjson.loads(register)
    return StoredRecord(
        table=table,
        key=key,
        stamp=Stamp.unpack(fields["stamp"]),
        content=None if value is None else orjson.loads(value),
        position=SourcePosition.of(fields),
        applied_at=datetime.fromisoformat(fields["applied_at"]),
        claim=Claim(fields["bucket"], fields["claim"]),
    )
