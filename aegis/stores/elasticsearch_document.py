"""How a record lies in Elasticsearch: its content's fields, and the register under `aegis`.

The stamp is the document's external version too, and that is what the server compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from aegis.claim import Claim
from aegis.errors import ChangeRejected, Code
from aegis.position import SourcePosition
from aegis.record import Record, StoredRecord
from aegis.stamp import Stamp
from aegis.stores.elasticsearch_index import REGISTER_FIELD

ID_BYTES = 512
"""The server's own bound on a document's id, in UTF-8."""


def operation_of(record: Record, index: str, applied_at: str) -> bytes:
    """The two lines of the bulk interface that write `record`. Raises `ChangeRejected` for a key that is no id and for content that is no JSON."""
    size = len(record.key.encode())
    if not 0 < size <= ID_BYTES:
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


def stored_record(table: str, hit: Mapping[str, Any]) -> StoredRecord:
    """What a hit (`_id`, `_version`, `_source`) says. Its stamp is the version, since that is what the server compares."""
    content = dict(hit["_source"])
    register = content.pop(REGISTER_FIELD)
    return StoredRecord(
        table=table,
        key=hit["_id"],
        stamp=Stamp.unpack(hit["_version"]),
        content=None if register["deleted"] else content,
        position=SourcePosition.of(register),
        applied_at=datetime.fromisoformat(register["applied_at"]),
        claim=Claim(register["bucket"], register["claim"]),
    )


def _register(record: Record, applied_at: str) -> dict[str, Any]:
    bucket, claim = record.claim
    position = record.position
    return {
        "key": record.key,
        "deleted": record.content is None,
        "stamp": record.stamp.packed,
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
