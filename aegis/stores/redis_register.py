"""How a record lies in Redis: its register, JSON in the hash of its bucket, and the value that readers get.

    {"stamp":164,"bucket":1433,"claim":519246999,"applied_at":"…","topic":"…","partition":3,"offset":7,"lsn":…,"transaction_id":…,"committed_at":"…"}

Stamp, bucket and claim come first: the scripts read them there.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

import orjson

from aegis.claim import CLAIM_BITS, Claim, claim_of
from aegis.errors import ChangeRejected, Code
from aegis.inspection import BUCKETS, LOWEST_STAMP
from aegis.position import SourcePosition
from aegis.record import Content, Record, StoredRecord
from aegis.stamp import VERSION_LIMIT, Rank, Stamp

BEGINNING_BYTES = 64
_BEGINNING = re.compile(rb'\{"stamp":(\d{1,19}),"bucket":(\d{1,4}),"claim":(\d{1,10}),')
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


def register_of(record: Record, claim: Claim, applied_at: str) -> bytes:
    """The register of `record`. `claim`: its own, which the caller needs too."""
    position = record.position
    return orjson.dumps(
        {
            "stamp": record.stamp.packed,
            "bucket": claim.bucket,
            "claim": claim.claim,
            "applied_at": applied_at,
            "topic": position.topic,
            "partition": position.partition,
            "offset": position.offset,
            "lsn": position.lsn,
            "transaction_id": position.transaction_id,
            "committed_at": position.committed_at,
        }
    )


class Beginning(NamedTuple):
    """What a register begins with: all that a comparison sums."""

    stamp: int
    """Packed."""
    bucket: int
    claim: int

    @property
    def is_delete(self) -> bool:
        """Whether the stamp is that of a delete."""
        return self.stamp % 4 == Rank.DELETE

    def is_of(self, key: str) -> bool:
        """Whether bucket and claim are those of `key` at this stamp; not so in a copy."""
        return (self.bucket, self.claim) == claim_of(key, self.stamp // 4)


def beginning(register: bytes) -> Beginning | None:
    """What `register` begins with; None where Aegis has not written it so. Its first `BEGINNING_BYTES` are enough."""
    found = _BEGINNING.match(register)
    if found is None:
        return None
    start = Beginning(*map(int, found.groups()))
    return start if LOWEST_STAMP <= start.stamp < 4 * VERSION_LIMIT and start.bucket < BUCKETS and start.claim < 2**CLAIM_BITS else None


def stored_record(table: str, key: str, register: bytes, value: bytes | None) -> StoredRecord | None:
    """What register and value say; None where the register cannot be read, or is a copy of another key's.

    The value alone decides what readers see: without one, the record is a tombstone.
    """
    start = beginning(register)
    if start is None or not start.is_of(key):
        return None
    try:
        fields = orjson.loads(register)
        return StoredRecord(
            table=table,
            key=key,
            stamp=Stamp.unpack(start.stamp),
            content=None if value is None else _content(value),
            position=SourcePosition.of(fields),
            applied_at=datetime.fromisoformat(fields["applied_at"]),
            claim=Claim(start.bucket, start.claim),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _content(value: bytes) -> Content:
    """The value's JSON object; of what is none, something that no projection makes."""
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        content = None
    return content if isinstance(content, dict) else {"": "no JSON object"}
