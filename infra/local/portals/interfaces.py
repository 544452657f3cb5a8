"""The two portals' own interfaces, at their own paths."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import unquote

from aiohttp import web

from infra.local.portals.faults import FORMS
from infra.local.portals.shelf import Row, Shelf

BIZINFO_PATH = "/uss/rss/bizinfoApi.do"
GOV24_PATH = "/api/gov24/v3"


class Interfaces:
    """Request handlers over the two shelves."""

    def __init__(self, bizinfo: Shelf, gov24: Shelf) -> None:
        self._bizinfo = bizinfo
        self._gov24 = gov24

    def routes(self) -> list[web.RouteDef]:
        """The portals' paths."""
        return [web.get(BIZINFO_PATH, self.bizinfo_list), web.get(f"{GOV24_PATH}/serviceList", self.gov24_list)]

    async def bizinfo_list(self, request: web.Request) -> web.StreamResponse:
        """`jsonArray` of rows, each with the total; a page beyond the end is an empty list."""
        shelf, page = self._bizinfo, _number(request, "pageIndex", 1)
        size = min(_number(request, "pageUnit", 100), shelf.limits.largest_page)
        if (refused := await _refused(shelf, request, page, request.query.get("crtfcKey", ""), "bizinfo_key")) is not None:
            return refused
        rows = [{**row, "totCnt": len(shelf.rows)} for row in shelf.view(_cut(shelf, page, size))]
        return _json({"jsonArray": rows})

    async def gov24_list(self, request: web.Request) -> web.StreamResponse:
        """One page in the envelope of odcloud."""
        shelf, page = self._gov24, _number(request, "page", 1)
        size = min(_number(request, "perPage", 10), shelf.limits.largest_page)
        given = request.query.get("serviceKey") or request.headers.get("Authorization", "").removeprefix("Infuser ")
        if (refused := await _refused(shelf, request, page, given, "odcloud_key_401")) is not None:
            return refused
        rows = shelf.view(_cut(shelf, page, size))
        counts = {"page": page, "perPage": size, "totalCount": len(shelf.rows), "currentCount": len(rows), "matchCount": len(shelf.rows)}
        return _json({**counts, "data": rows})


async def _refused(shelf: Shelf, request: web.Request, page: int, given_key: str, key_form: str) -> web.StreamResponse | None:
    """The error that this request is to be answered with; None where it gets data."""
    await asyncio.sleep(shelf.limits.latency_seconds)
    kind = shelf.exceeded() or shelf.due_fault(page)
    if kind is None and "User-Agent" not in request.headers:
        kind = "blocked"
    if kind is None and unquote(given_key) != shelf.api_key:
        kind = key_form
    if kind is None:
        return None
    form = FORMS[kind]
    await asyncio.sleep(form.seconds)
    if form.hang_up and request.transport is not None:
        request.transport.close()
    return web.Response(status=form.status, text=form.body, content_type=form.content_type)


def _cut(shelf: Shelf, page: int, size: int) -> list[Row]:
    return shelf.rows[(page - 1) * size : page * size]


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return max(1, int(text)) if text.isdecimal() else default


def _json(value: object) -> web.Response:
    return web.Response(text=json.dumps(value), content_type="application/json")
