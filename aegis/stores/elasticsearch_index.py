"""The index of one table: settings and mapping, from the shape that its projection declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aegis.inspection import BUCKETS
from aegis.projections.shapes import SearchIndex
from aegis.stamp import Rank
from aegis.stores.elasticsearch_names import Names

FORGETTING: dict[str, Any] = {"gc_deletes": "0s"}
"""What was forgotten may be written again at a lower stamp at once. No other document is ever really deleted, so this costs the fence nothing."""
SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "number_of_replicas": 0,
    # Searchable well within a second.
    "refresh_interval": "500ms",
    # The default of 10 GB makes recovery after a crash take minutes.
    "translog": {"flush_threshold_size": "32mb"},
    **FORGETTING,
    # A document of several MB in the result must not fail everybody's highlighted search.
    "highlight": {"max_analyzed_offset": 10_000_000},
    "analysis": {
        "tokenizer": {"korean": {"type": "nori_tokenizer", "decompound_mode": "mixed"}},
        "analyzer": {"korean": {"type": "custom", "tokenizer": "korean", "filter": ["nori_part_of_speech", "nori_readingform", "lowercase"]}},
    },
}

_NOT_SEARCHED = {"index": False, "doc_values": False}
REGISTER_FIELD = "aegis"
"""The one field beside the content."""
REGISTER_MAPPING: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "key": {"type": "keyword"},
        "deleted": {"type": "boolean"},
        "stamp": {"type": "long", "index": False},
        # Of the stamp, once more: a query cannot compute it.
        "rank": {"type": "byte"},
        "bucket": {"type": "short"},
        "claim": {"type": "long", "index": False},
        "applied_at": {"type": "date", "index": False},
        "committed_at": {"type": "date", "index": False},
        "topic": {"type": "keyword", **_NOT_SEARCHED},
        "partition": {"type": "integer", **_NOT_SEARCHED},
        "offset": {"type": "long", **_NOT_SEARCHED},
        "lsn": {"type": "long", **_NOT_SEARCHED},
        "transaction_id": {"type": "long", **_NOT_SEARCHED},
    },
}


def field(name: str) -> str:
    """The full name of a field of the register."""
    return f"{REGISTER_FIELD}.{name}"


VISIBLE: dict[str, Any] = {"term": {field("deleted"): False}}
"""What readers' alias lets through."""
HIDDEN: dict[str, Any] = {"term": {field("deleted"): True}}
"""Tombstones."""
READABLE: dict[str, Any] = {
    "bool": {
        "filter": [{"range": {field("bucket"): {"gte": 0, "lt": BUCKETS}}}, *({"exists": {"field": field(name)}} for name in ("stamp", "claim", "deleted"))]
    }
}
"""What has bookkeeping."""
DELETED: dict[str, Any] = {"bool": {"filter": [HIDDEN, {"term": {field("rank"): int(Rank.DELETE)}}]}}
"""Tombstones of deletes."""


def mapping_of(shape: SearchIndex) -> dict[str, Any]:
    """Mapping of the content's fields and of the register. A field that the shape does not name is refused, never guessed."""
    return {"dynamic": "strict", "properties": {**shape.properties, REGISTER_FIELD: REGISTER_MAPPING}}


def definition_of(shape: SearchIndex, aliases: Mapping[str, Any]) -> dict[str, Any]:
    """What creates an index."""
    return {"settings": {"index": SETTINGS}, "mappings": mapping_of(shape), "aliases": aliases}


def aliases_in_use(names: Names) -> dict[str, dict[str, Any]]:
    """The aliases of the generation in use. Nobody names an index to write into, so that a lost one is never made up by a write."""
    return {names.readers: {"filter": VISIBLE, "is_write_index": True}, names.records: {}}
