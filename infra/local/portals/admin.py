"""The simulator's own interface: turn days, add, change and remove records, order faults, limits and latency."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from aiohttp import web

from infra.local.portals.faults import FORMS
from infra.local.portals.shelf import Fault, Shelf
from infra.local.portals.twists import TWISTS


class Admin:
    """Request handlers. Each takes a JSON object with `source`, and answers what it did."""

    def __init__(self, shelves: Mapping[str, Shelf]) -> None:
        self._shelves = shelves

    def routes(self) -> list[web.RouteDef]:
        """The paths under /admin."""
        names = ("day", "add", "change", "remove", "fault", "limits")
        return [web.get("/admin/state", self.state), *(web.post(f"/admin/{name}", getattr(self, name)) for name in names)]

    async def state(self, _request: web.Request) -> web.Response:
        """Records, requests and the fault of each portal."""
        return _answer(
            {
                name: {"records": len(shelf.rows), "requests": shelf.requests, "fault": shelf.fault.kind if shelf.fault else None}
                for name, shelf in self._shelves.items()
            }
        )

    async def day(self, request: web.Request) -> web.Response:
        """{"source", "date": "2026-07-01"}: show the records as they were at the end of that day."""
        shelf, order = await self._order(request)
        day = date.fromisoformat(_text(order, "date"))
        return _answer({"source": shelf.source, "date": day.isoformat(), "records": shelf.turn_to(day)})

    async def add(self, request: web.Request) -> web.Response:
        """{"source", "record"?}: add a record; a generated one where none is given."""
        shelf, order = await self._order(request)
        return _answer({"source": shelf.source, "id": shelf.add(order.get("record"))})

    async def change(self, request: web.Request) -> web.Response:
        """{"source", "id"?, "fields"}: set fields of a record, the first one where no id is given."""
        shelf, order = await self._order(request)
        return _answer({"source": shelf.source, "id": shelf.change(order.get("id"), dict(order.get("fields", {})))})

    async def remove(self, request: web.Request) -> web.Response:
        """{"source", "id"?}: take a record away, the first one where no id is given."""
        shelf, order = await self._order(request)
        return _answer({"source": shelf.source, "id": shelf.remove(order.get("id"))})

    async def fault(self, request: web.Request) -> web.Response:
        """{"source", "kind": …|null, "times"?, "from_page"?}: answer faults of that form; null ends it."""
        shelf, order = await self._order(request)
        kind = order.get("kind")
        if kind is not None and kind not in FORMS and kind not in TWISTS:
            raise ValueError(f"no fault has the form {kind!r}: take one of {', '.join(sorted({*FORMS, *TWISTS}))}")
        shelf.fault = None if kind is None else Fault(kind, order.get("times"), order.get("from_page", 1))
        return _answer({"source": shelf.source, "kind": kind})

    async def limits(self, request: web.Request) -> web.Response:
        """{"source", "per_day"?, "per_second"?, "largest_page"?, "latency_seconds"?}: set the limits that are given."""
        shelf, order = await self._order(request)
        given = {name: value for name, value in order.items() if name != "source"}
        for name, value in given.items():
            if name not in {"per_day", "per_second", "largest_page", "latency_seconds"}:
                raise ValueError(f"no limit is called {name!r}")
            setattr(shelf.limits, name, value)
        return _answer({"source": shelf.source, **given})

    async def _order(self, request: web.Request) -> tuple[Shelf, dict[str, Any]]:
        order = await request.json()
        if not isinstance(order, dict) or order.get("source") not in self._shelves:
            raise ValueError(f'"source" must be one of {", ".join(self._shelves)}')
        return self._shelves[order["source"]], order


@web.middleware
async def explain(request: web.Request, handler: Any) -> web.StreamResponse:
    """Wrong orders are answered with what is wrong with them."""
    try:
        answer: web.StreamResponse = await handler(request)
    except (ValueError, KeyError, TypeError) as error:
        return _answer({"error": str(error)}, status=400)
    return answer


def _text(order: Mapping[str, Any], name: str) -> str:
    if not isinstance(order.get(name), str):
        raise ValueError(f'"{name}" is missing')
    return str(order[name])


def _answer(value: object, status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(value, ensure_ascii=False), content_type="application/json", status=status)
