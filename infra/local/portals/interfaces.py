"""The portals' own interfaces, at their own paths."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from urllib.parse import unquote

from aiohttp import web

from infra.local.portals import twists
from infra.local.portals.faults import FORMS, Form
from infra.local.portals.interface import Interface, Listed
from infra.local.portals.shelf import Row, Shelf


class Interfaces:
    """Request handlers over the shelves."""

    def __init__(self, interfaces: Mapping[str, Interface], shelves: Mapping[str, Shelf]) -> None:
        self._interfaces = interfaces
        self._shelves = shelves

    def routes(self) -> list[web.RouteDef]:
        """The portals' paths."""
        return [web.get(each.path, partial(self.page, each)) for each in self._interfaces.values()]

    async def page(self, interface: Interface, request: web.Request) -> web.StreamResponse:
        """One page, or the fault that is due."""
        shelf, page = self._shelves[interface.source], _number(request, interface.page, 1)
        size = min(_number(request, interface.size, interface.default_size), shelf.limits.largest_page)
        await asyncio.sleep(shelf.limits.latency_seconds)
        kind = shelf.exceeded() or shelf.due_fault(page) or _complaint(interface, shelf, request)
        if kind in FORMS:
            return await _error(FORMS[kind], request)
        if kind in twists.SHIFTS:
            twists.SHIFTS[kind](shelf)
        body = interface.write(Listed(shelf.view(_cut(shelf, page, size)), page, size, len(shelf.rows)), request.query)
        return await twists.answer(kind, body, request)


def _complaint(interface: Interface, shelf: Shelf, request: web.Request) -> str | None:
    """The kind of error that the request itself deserves."""
    if "User-Agent" not in request.headers:
        return "blocked"
    given = request.query.get(interface.key) or request.headers.get("Authorization", "").removeprefix("Infuser ")
    if unquote(given) != shelf.api_key:
        return interface.wrong_key
    return "parameter" if interface.needed - set(request.query) else None


async def _error(form: Form, request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(form.seconds)
    if form.hang_up and request.transport is not None:
        request.transport.close()
    return web.Response(status=form.status, text=form.body, content_type=form.content_type)


def _cut(shelf: Shelf, page: int, size: int) -> list[Row]:
    return shelf.rows[(page - 1) * size : page * size]


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return max(1, int(text)) if text.isdecimal() else default
