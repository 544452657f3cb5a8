"""A body, whole or not at all, within bounds."""

from __future__ import annotations

from io import BytesIO

import httpx

from collectors.failures import MALFORMED, TOO_LARGE, SourceFailed

ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""Encodings of encodings grow a thousandfold at each layer, within one chunk: they are refused unread."""
ACCEPTED = "gzip, deflate"


def whole(response: httpx.Response, most_bytes: int) -> bytes:
    """The body, decompressed, of at most `most_bytes`. Memory: little more than that, whatever the source sends. Raises `SourceFailed`, httpx's errors."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise SourceFailed(MALFORMED, f"HTTP {response.status_code} with a body encoded as {encoding[:40]!r}, which was not asked for")
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise SourceFailed(TOO_LARGE, f"HTTP {response.status_code} with a body of {int(declared):,} bytes, more than {most_bytes:,}")
    body = BytesIO()
    for chunk in response.iter_bytes():
        body.write(chunk)
        if body.tell() > most_bytes:
            raise SourceFailed(TOO_LARGE, f"HTTP {response.status_code} with a body of more than {most_bytes:,} bytes")
    return body.getvalue()
