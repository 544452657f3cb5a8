"""The index of one table: settings and mapping, from the shape that its projection declares."""

from __future__ import annotations

from typing import Any

from aegis.projections.shapes import SearchIndex

GENERATION = "v1"
"""Of the settings below: what an open index cannot change needs a new one, under the same alias."""

SETTINGS: dict[str, Any] = {
    "number_of_shards": 1,
    "number_of_replicas": 0,
    # Searchable well within a second.
    "refresh_interval": "500ms",
    # The default of 10 GB makes recovery after a crash take minutes.
    "translog": {"flush_threshold_size": "32mb"},
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
VISIBLE: dict[str, Any] = {"term": {f"{REGISTER_FIELD}.deleted": False}}
"""What readers' alias lets through."""


def mapping_of(shape: SearchIndex) -> dict[str, Any]:
    """Mapping of the content's fields and of the register. A field that the shape does not name is refused, never guessed."""
    return {"dynamic": "strict", "properties": {**shape.properties, REGISTER_FIELD: REGISTER_MAPPING}}


def definition_of(shape: SearchIndex, alias: str) -> dict[str, Any]:
    """What creates the index behind `alias`. Writers go through the alias too, so that a lost index is never made up by a write."""
    return {"settings": {"index": SETTINGS}, "mappings": mapping_of(shape), "aliases": {alias: {"filter": VISIBLE, "is_write_index": True}}}
