"""Answers with data that go wrong on the way: cut off, in another encoding, far too large, far too slow, or of a list that changes while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from infra.local.portals.interface import XML, Body
from infra.local.portals.shelf import Shelf

HUGE_BYTES = 50 * 1024 * 1024
DRIP_SECONDS = 0.05
"""Between one byte and the next."""
_CHUNK = b"x" * 65536

SHIFTS: dict[str, Callable[[Shelf], object]] = {"inserted": lambda shelf: shelf.add(), "removed": lambda shelf: shelf.remove(None)}
"""Kind → what becomes of the list before the page is cut: a record at the front is one more, or one less, so that all others move."""


def whole(body: Body, encoding: str = "utf-8") -> bytes:
    """The body as bytes; what the encoding lacks is escaped as the format has it."""
    return body.text.encode(encoding, "xmlcharrefreplace" if body.content_type == XML else "backslashreplace")


def _halved(body: Body) -> tuple[bytes, str]:
    sent = whole(body)
    return sent[: len(sent) // 2], "utf-8"


def _declared_as_euc_kr(body: Body) -> tuple[bytes, str]:
    return whole(Body(body.text.replace('encoding="UTF-8"', 'encoding="EUC-KR"', 1), body.content_type)), "euc-kr"


_BODIES: dict[str, Callable[[Body], tuple[bytes, str]]] = {
    "halved": _halved,
    "euc_kr": lambda body: (whole(body, "cp949"), "utf-8"),  # declared as UTF-8
    "not_euc_kr": _declared_as_euc_kr,
}
"""Kind → bytes and the charset that is declared for them."""

STREAMS = frozenset({"huge", "drip"})
TWISTS = frozenset({*SHIFTS, *_BODIES, *STREAMS})
"""Kinds of faults that are not a form of error."""


async def answer(kind: str | None, body: Body, request: web.Request) -> web.StreamResponse:
    """The answer to a request, twisted by the kind of fault."""
    if kind in STREAMS:
        return await _streamed(kind, whole(body), request)
    sent, charset = _BODIES[kind](body) if kind in _BODIES else (whole(body), "utf-8")
    return web.Response(body=sent, headers={"Content-Type": f"{body.content_type}; charset={charset}"})


async def _streamed(kind: str | None, sent: bytes, request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    await response.prepare(request)
    try:
        if kind == "huge":
            await response.write(sent[:100])
            for _ in range(HUGE_BYTES // len(_CHUNK)):
                await response.write(_CHUNK)
        else:
            for byte in sent:
                await response.write(bytes((byte,)))
                await asyncio.sleep(DRIP_SECONDS)
    except ConnectionResetError:  # the client has had enough
        return response
    await response.write_eof()
    return response
