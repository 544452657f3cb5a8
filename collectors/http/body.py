"""A body, whole or not at all, within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO

import httpx

from collectors.failures import MALFORMED, TOO_LARGE, TRANSIENT, SourceFailed

ACCEPTED = "gzip"
_GZIP = frozenset({"gzip", "x-gzip"})
_PLAIN = frozenset({"", "identity"})
_GZIP_WINDOW = 31
_PIECE = 1 << 20


def whole(response: httpx.Response, most_bytes: int) -> bytes:
    """The body, decompressed, of at most `most_bytes`. Memory: little more than that, whatever the source sends. Raises `SourceFailed`, httpx's errors."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _GZIP | _PLAIN:
        raise SourceFailed(MALFORMED, f"HTTP {response.status_code} with a body encoded as {encoding[:40]!r}, which was not asked for")
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise SourceFailed(TOO_LARGE, f"HTTP {response.status_code} with a body of {int(declared):,} bytes, more than {most_bytes:,}")
    pieces = response.iter_raw() if encoding in _PLAIN else _inflated(response.iter_raw())
    body = BytesIO()
    for piece in pieces:
        body.write(piece)
        if body.tell() > most_bytes:
            raise SourceFailed(TOO_LARGE, f"HTTP {response.status_code} with a body of more than {most_bytes:,} bytes")
    return body.getvalue()


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a megabyte at most. httpx inflates a chunk at once, a thousandfold at worst, and takes a stream that breaks off for whole."""
    inflate = None
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                inflate = zlib.decompressobj(_GZIP_WINDOW) if inflate is None or inflate.eof else inflate
                yield inflate.decompress(rest, _PIECE)
                rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        while inflate is not None and not inflate.eof:
            piece = inflate.decompress(b"", _PIECE)
            if not piece:
                raise SourceFailed(TRANSIENT, "a compressed body breaks off")
            yield piece
    except zlib.error as error:
        raise SourceFailed(TRANSIENT, "a body that says gzip and is none") from error
