"""Taking documents away from Elasticsearch for good, and putting them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic, sleep
from typing import Any

import orjson
import structlog
from elasticsearch import Elasticsearch

from aegis.stores.elasticsearch_calls import ABSENT, CALL_BYTES, CONFLICT, READ_RECORDS, bulk, documents, in_pieces
from aegis.stores.elasticsearch_document import inspected, is_id, restoring
from aegis.stores.elasticsearch_errors import gone, lacks_index, passes, unavailable
from aegis.stores.protocol import Image

log = structlog.get_logger(__name__)

_TICK, _PATIENCE = 0.05, 10.0
"""Seconds. The server reads the time for this from a clock that ticks every 200 ms."""


def forget(client: Elasticsearch, index: str, table: str, expected: Mapping[str, int]) -> int:
    """As the protocol says. What somebody writes between reading and deleting is not deleted: it has another sequence number."""
    gone = 0
    for piece in in_pieces((key for key in expected if is_id(key)), READ_RECORDS):
        found = list(documents(client, index, piece))
        doomed = [hit for hit in found if inspected(table, hit).stamp == expected[hit["_id"]]]
        if doomed:
            answers = [_status(item["delete"], table) for item in bulk(client, (_deleting(index, hit) for hit in doomed))]
            gone += sum(status not in {ABSENT, CONFLICT} for status in answers)
        # Of what is not there too: it may have gone in an earlier call whose answer was lost.
        staying = {hit["_id"] for hit in found} - {hit["_id"] for hit in doomed}
        _wait_until_forgotten(client, index, table, [key for key in piece if key not in staying])
    return gone


def images(client: Elasticsearch, index: str, keys: Sequence[str]) -> Mapping[str, Image]:
    """Version and source of each document."""
    return {hit["_id"]: {"version": hit["_version"], "source": hit["_source"]} for hit in documents(client, index, keys, source=True)}


def restore(client: Elasticsearch, index: str, table: str, images: Mapping[str, Image]) -> int:
    """As the protocol says. A document that the mapping no longer takes is left out: a row that is touched gives the index what it takes.

    The server has no "create at this version": what somebody writes after the look is kept if its stamp is higher, as the one rule has it.
    """
    there = {hit["_id"] for hit in documents(client, index, list(images), source=False)}
    lacking = {key: image for key, image in images.items() if key not in there}
    restored = 0
    for keys, lines in _calls(index, lacking):
        for key, item in zip(keys, bulk(client, lines), strict=True):
            error = item["index"].get("error")
            if error is None:
                restored += 1
            elif _status(item["index"], table) != CONFLICT:
                log.warning("restore.refused", store="elasticsearch", table=table, key=key, error=error["type"])
    return restored


def _wait_until_forgotten(client: Elasticsearch, index: str, table: str, keys: Sequence[str]) -> None:
    """Deletes once more, at the lowest version, until that is no conflict: then the server no longer knows the version that was deleted."""
    deadline, waiting = monotonic() + _PATIENCE, list(keys)
    while waiting:
        answers = bulk(client, (_deleting_at_lowest(index, key) for key in waiting))
        waiting = [key for key, item in zip(waiting, answers, strict=True) if _status(item["delete"], table) == CONFLICT]
        written_again = {hit["_id"] for hit in documents(client, index, waiting, source=False)}
        waiting = [key for key in waiting if key not in written_again]
        if not waiting:
            return
        if monotonic() > deadline:
            raise unavailable(
                f"{index} still knows the versions of {len(waiting)} deleted documents; its setting index.gc_deletes must be 0s: prepare the store"
            )
        if waiting:
            sleep(_TICK)


def _status(item: Mapping[str, Any], table: str) -> int:
    """The status of one operation. Raises `StoreUnavailable` where it may be another one later, `IndexGone` where there is no index."""
    status, error = int(item["status"]), item.get("error")
    if error is not None and lacks_index(error):
        raise gone()
    if error is not None and passes(status, error["type"]):
        raise unavailable(f"{table}: status {status}, {error['type']}")
    return status


def _deleting(index: str, hit: Mapping[str, Any]) -> bytes:
    found = {"_index": index, "_id": hit["_id"], "if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}
    return orjson.dumps({"delete": found}) + b"\n"


def _deleting_at_lowest(index: str, key: str) -> bytes:
    return orjson.dumps({"delete": {"_index": index, "_id": key, "version": 1, "version_type": "external_gte"}}) + b"\n"


def _calls(index: str, images: Mapping[str, Image]) -> Iterator[tuple[list[str], list[bytes]]]:
    keys, lines, size = list[str](), list[bytes](), 0
    for key, image in images.items():
        line = restoring(index, key, image["version"], image["source"])
        if keys and size + len(line) > CALL_BYTES:
            yield keys, lines
            keys, lines, size = [], [], 0
        keys.append(key)
        lines.append(line)
        size += len(line)
    if keys:
        yield keys, lines
