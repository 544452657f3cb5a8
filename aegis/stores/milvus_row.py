"""A record as a row of a collection, and back. Pure: what no collection can hold is refused here, since the servers' own answers differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aegis.claim import CLAIM_BITS, Claim
from aegis.embedding.text import embedding_text_hash
from aegis.errors import ChangeRejected, Code
from aegis.inspection import BUCKETS, LOWEST_STAMP
from aegis.position import SourcePosition
from aegis.projections.shapes import VectorCollection, VectorField
from aegis.record import Content, Record, StoredRecord
from aegis.stamp import Stamp

VECTOR: Final = "embedding"
KEY_BYTES: Final = 512
TOPIC_BYTES: Final = 256
MODEL_BYTES: Final = 256
HASH_BYTES: Final = 64
NONE: Final = -1
"""Stands for a coordinate that a position does not have: no field is null."""
BOOKKEEPING: Final = ("stamp", "bucket", "claim", "topic", "partition_", "offset_", "lsn", "tx_id", "committed_at", "applied_at")
"""Fields of every row, tombstones included. Times are microseconds since 1970, UTC."""
INT64: Final = range(-(2**63), 2**63)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
NORM_TOLERANCE: Final = 1e-2


def cut(text: str, limit: int) -> str:
    """`text`, or as many of its characters as fit `limit` bytes of UTF-8."""
    raw = text.encode()
    return text if len(raw) <= limit else raw[:limit].decode(errors="ignore")


def require_key(record: Record, shape: VectorCollection) -> None:
    """Raises `ChangeRejected` for a key that no collection can hold, nor any filter name."""
    if not _is_text(record.key) or len(record.key.encode()) > KEY_BYTES or any(character < " " for character in record.key):
        raise _refused(record, shape.key, f"a primary key has at most {KEY_BYTES} bytes and no control character", "shorten the key in PostgreSQL")


def require_content(record: Record, shape: VectorCollection) -> None:
    """Raises `ChangeRejected` naming the field that the collection cannot hold. Long texts are cut, but arrays are not: filters on them would lie."""
    content = record.content or {}
    if not _is_text(content.get("text")):
        raise _refused(record, "text", "there is no text to embed", "mend the projection")
    for field in shape.fields:
        _require(record, field, content["fields"].get(field.name))


def _require(record: Record, field: VectorField, value: Any) -> None:
    match field.kind:
        case "text":
            fits = _is_text(value)
        case "texts":
            fits = isinstance(value, (list, tuple)) and all(_is_text(item) for item in value)
            if fits and len(value) > field.max_items:
                what = f"{len(value)} items, and the collection holds {field.max_items}"
                raise _refused(record, field.name, what, "raise max_items in the shape and make the collection anew, or mend the row")
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool) and value in INT64
        case _:
            fits = isinstance(value, bool)
    if not fits:
        raise _refused(record, field.name, f"a field of kind {field.kind} cannot hold this {type(value).__name__}", "mend the projection, or the row")


def usable(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of the vectors [n, dimension] are of length 1, and so finite: milvus-lite would store others and let them spoil searches."""
    # Written so that NaN, which compares false with everything, is not usable.
    return np.asarray(np.abs(np.linalg.norm(vectors, axis=1) - 1) <= NORM_TOLERANCE)


def fields(content: Content, shape: VectorCollection) -> dict[str, Any]:
    """The scalar fields as the collection keeps them: texts, and the items of arrays, cut to their length."""
    given = content["fields"]
    return {field.name: _kept(field, given[field.name]) for field in shape.fields}


def _kept(field: VectorField, value: Any) -> Any:
    match field.kind:
        case "text":
            return cut(value, field.max_bytes)
        case "texts":
            return [cut(item, field.max_bytes) for item in value]
        case _:
            return value


def stored_form(content: Content, shape: VectorCollection, model: str) -> Content:
    """What a collection gives back for a projection's content: fields, and for the text what says that its vector is the right one."""
    return {"fields": fields(content, shape), "text_hash": embedding_text_hash(content["text"], model), "model": model}


def bookkeeping(record: Record, shape: VectorCollection, applied_at: datetime) -> dict[str, Any]:
    """Primary key, stamp, claim and position: all that a tombstone has."""
    position, claim = record.position, record.claim
    return {
        shape.key: record.key,
        "stamp": record.stamp.packed,
        "bucket": claim.bucket,
        "claim": claim.claim,
        "topic": cut(position.topic, TOPIC_BYTES),
        "partition_": position.partition,
        "offset_": position.offset,
        "lsn": NONE if position.lsn is None else position.lsn,
        "tx_id": NONE if position.transaction_id is None else position.transaction_id,
        "committed_at": NONE if position.committed_at is None else _micros(position.committed_at),
        "applied_at": _micros(applied_at),
    }


def stored_record(table: str, shape: VectorCollection, visible: Mapping[str, Any] | None, tombstone: Mapping[str, Any] | None) -> StoredRecord | None:
    """The record of a key that is in either collection, or in both; None where the bookkeeping of its rows cannot be read.

    In both it is after a crash between the two writes. Then the higher stamp is the record's, and what readers see is its content: a comparison shall see
    a delete that left something behind, and a repair of it must carry a stamp that wins.
    """
    rows = [row for row in (visible, tombstone) if row is not None and sound(row)]
    if not rows:
        return None
    newest = max(rows, key=lambda row: int(row["stamp"]))
    content = None
    if visible is not None and sound(visible):
        held = {field.name: list(visible[field.name]) if field.kind == "texts" else visible[field.name] for field in shape.fields}
        content = {"fields": held, "text_hash": visible["text_hash"], "model": visible["model"]}
    try:
        committed_at = None if newest["committed_at"] == NONE else _time(newest["committed_at"])
        applied_at = _time(newest["applied_at"])
    except OverflowError:
        return None
    position = SourcePosition(newest["topic"], newest["partition_"], newest["offset_"], _given(newest["lsn"]), _given(newest["tx_id"]), committed_at)
    claim = Claim(newest["bucket"], newest["claim"])
    return StoredRecord(table, newest[shape.key], Stamp.unpack(newest["stamp"]), content, position, applied_at, claim)


def sound(row: Mapping[str, Any]) -> bool:
    """Whether the row is a record's or a tombstone's: stamp, bucket and claim are such as a row of PostgreSQL can have."""
    return bool(row["stamp"] >= LOWEST_STAMP and 0 <= row["bucket"] < BUCKETS and 0 <= row["claim"] < 2**CLAIM_BITS)


def _is_text(value: Any) -> bool:
    """Whether it is text that UTF-8 can carry: no lone surrogate."""
    return isinstance(value, str) and (value.isascii() or value.encode(errors="replace").decode() == value)


def _given(value: int) -> int | None:
    return None if value == NONE else value


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _refused(record: Record, field: str, what: str, remedy: str) -> ChangeRejected:
    return ChangeRejected(Code.MILVUS_SYNC_FAILED, f"{record.table} {record.key}: field {field}: {what}; {remedy}")
