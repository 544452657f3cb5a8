"""A record as received, and the hash that says whether it is the same as before. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from collectors.draft import Document
from collectors.wording import storable

MOST_DEPTH = 64
"""Levels of lists and objects within each other; records have three. With hundreds, no reader and writer of JSON agree on what is still one."""
_CUT = "…"


def document_of(source: str, source_id: str, raw: object, volatile: frozenset[str]) -> Document:
    """The document of one record.

    The hash is SHA-256 over the record's JSON with sorted keys, without the `volatile` fields: a portal counts views in its records, and a view is no change
    of the policy. The body keeps every field, with the counters of the day on which the record was first seen in this form; of a record that `is_deep`, what
    lies deeper is left out of both.
    """
    raw = _shallow(raw) if is_deep(raw) else raw
    lasting = {name: value for name, value in raw.items() if name not in volatile} if isinstance(raw, Mapping) else raw
    return Document(source, source_id, sha256(_text(lasting, sort=True).encode()).hexdigest(), _text(raw, sort=False))


def is_deep(value: object) -> bool:
    """Whether lists and objects lie within each other more than `MOST_DEPTH` levels deep."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [child for each in level if isinstance(each, dict | list) for child in (each.values() if isinstance(each, dict) else each)]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def _shallow(value: Any, levels: int = MOST_DEPTH) -> Any:
    if isinstance(value, dict):
        return {name: _shallow(each, levels - 1) for name, each in value.items()} if levels else _CUT
    if isinstance(value, list):
        return [_shallow(each, levels - 1) for each in value] if levels else _CUT
    return value


def _text(value: Any, *, sort: bool) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=sort, separators=(",", ":"))
    # json escapes NUL, which jsonb refuses as much as the character itself; lone surrogates come through unescaped.
    return storable(text.replace("\\u0000", "�"))
