"""How a record lies in Elasticsearch: its content's fields, and the register under `aegis`.

The stamp is the document's external version too, and that is what the server compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from aegis.claim import Claim, claim_of
from aegis.errors import ChangeRejected, Code
from aegis.inspection import LOWEST_STAMP, NO_STAMP, Listed
from aegis.position import SourcePosition
from aegis.record import Record, StoredRecord
from aegis.stamp import Stamp
from aegis.stores.elasticsearch_index import REGISTER_FIELD

ID_BYTES = 512
"""The server's own bound on a document's id, in UTF-8."""


def is_id(key: str) -> bool:
    """Whether the server takes `key` for a document's id."""
    return 0 < len(key.encode()) <= ID_BYTES


def operation_of(record: Record, index: str, applied_at: str) -> bytes:
    """The two lines of the bulk interface that write `record`. Raises `ChangeRejected` for a key that is no id and for content that is no JSON."""
    size = len(record.key.encode())
    if not is_id(record.key):
        raise ChangeRejected(
            Code.ELASTICSEARCH_SYNC_FAILED,
            f"{record.table} {record.key[:40]}…: the key has {size} bytes and a document's id 1 to {ID_BYTES}; shorten the primary key"
            if size
            else f"{record.table}: the key is empty and a document's id has 1 to {ID_BYTES} bytes; give the row a primary key",
        )
    try:
        document = orjson.dumps({**(record.content or {}), REGISTER_FIELD: _register(record, applied_at)})
    except TypeError as error:
        raise ChangeRejected(
            Code.ELASTICSEARCH_SYNC_FAILED, f"{record.table} {record.key}: content is no JSON: {error}; make its projection into elasticsearch give JSON values"
        ) from error
    key = orjson.dumps(record.key)
    return b'{"index":{"_index":"%b","_id":%b,"version":%d,"version_type":"external_gte"}}\n%b\n' % (index.encode(), key, record.stamp.packed, document)


def restoring(index: str, key: str, version: int, source: Mapping[str, Any]) -> bytes:
    """The two lines of the bulk interface that write a document as it was, whatever it is."""
    return b'{"index":{"_index":"%b","_id":%b,"version":%d,"version_type":"external_gte"}}\n%b\n' % (
        index.encode(),
        orjson.dumps(key),
        version,
        orjson.dumps(source),
    )


def stored_record(table: str, hit: Mapping[str, Any]) -> StoredRecord | None:
    """What a hit (`_id`, `_version`, `_source`) says; None where it is no document of Aegis, or was changed by somebody else."""
    content = dict(hit["_source"])
    register = content.pop(REGISTER_FIELD, None)
    if not isinstance(register, Mapping) or not is_sound(hit["_id"], hit["_version"], register):
        return None
    try:
        return StoredRecord(
            table=table,
            key=hit["_id"],
            stamp=Stamp.unpack(register["stamp"]),
            content=None if register["deleted"] else content,
            position=SourcePosition.of(register),
            applied_at=datetime.fromisoformat(register["applied_at"]),
            claim=Claim(register["bucket"], register["claim"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def is_sound(key: str, version: int, register: Mapping[str, Any]) -> bool:
    """Whether a register was written by Aegis, for this key and as of this version."""
    stamp, deleted = register.get("stamp"), register.get("deleted")
    if type(stamp) is not int or type(deleted) is not bool:
        return False
    return agrees(key, version, register.get("key"), stamp, (register.get("bucket"), register.get("claim")))


def agrees(key: str, version: int, of: Any, stamp: int, claim: tuple[Any, Any]) -> bool:
    """Whether what a register says is of the document `key` at `version`. `of`: the key that it names; `claim`: bucket and claim.

    A copy keeps the key of its original; an unversioned write (an update by hand) raises the version, which is what the server compares, and leaves the stamp.
    """
    return of == key and stamp == version >= LOWEST_STAMP and claim == claim_of(key, stamp // 4)


def inspected(table: str, hit: Mapping[str, Any]) -> Listed:
    """What a hit says to a comparison; of its source the register is enough."""
    register = hit["_source"].get(REGISTER_FIELD)
    stamp = NO_STAMP if stored_record(table, hit) is None else hit["_version"]
    return Listed(hit["_id"], stamp, visible=isinstance(register, Mapping) and register.get("deleted") is False)


def _register(record: Record, applied_at: str) -> dict[str, Any]:
    bucket, claim = record.claim
    position = record.position
    return {
        "key": record.key,
        "deleted": record.content is None,
        "stamp": record.stamp.packed,
        "rank": int(record.stamp.rank),
        "bucket": bucket,
        "claim": claim,
        "applied_at": applied_at,
        "committed_at": position.committed_at,
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
        "lsn": position.lsn,
        "transaction_id": position.transaction_id,
    }
