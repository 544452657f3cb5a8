"""A record as received, and the hash that says whether it is the same as before. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from collectors.draft import Document
from collectors.wording import storable


def document_of(source: str, source_id: str, raw: object, volatile: frozenset[str]) -> Document:
    """The document of one record.

    The hash is SHA-256 over the record's JSON with sorted keys, without the `volatile` fields: a portal counts views in its records, and a view is no change
    of the policy. The body keeps every field, with the counters of the day on which the record was first seen in this form.
    """
    lasting = {name: value for name, value in raw.items() if name not in volatile} if isinstance(raw, Mapping) else raw
    return Document(source, source_id, sha256(_text(lasting, sort=True).encode()).hexdigest(), _text(raw, sort=False))


def _text(value: Any, *, sort: bool) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=sort, separators=(",", ":"))
    # json escapes NUL, which jsonb refuses as much as the character itself; lone surrogates come through unescaped.
    return storable(text.replace("\\u0000", "�"))
