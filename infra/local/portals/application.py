"""The simulator as one web application, and as a server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from aiohttp import web

from infra.local.portals.admin import Admin, explain
from infra.local.portals.feeds import FeedShelf
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.interface import Interface
from infra.local.portals.interfaces import Interfaces
from infra.local.portals.notices import NoticeBoard
from infra.local.portals.recorded import recorded_days
from infra.local.portals.registry import INTERFACES
from infra.local.portals.shelf import Row, Shelf

HOST = "127.0.0.1"
API_KEY = "simulator-key+/="
"""Has every character that breaks when a key is encoded twice."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """The portals' shelves by source, the feeds and the notice board of a simulator, and where it listens."""

    shelves: dict[str, Shelf]
    url: str = ""
    feeds: FeedShelf = field(default_factory=FeedShelf)
    board: NoticeBoard = field(default_factory=NoticeBoard)

    @property
    def bizinfo(self) -> Shelf:
        """기업마당."""
        return self.shelves["bizinfo"]

    @property
    def gov24(self) -> Shelf:
        """보조금24."""
        return self.shelves["gov24"]

    @property
    def urls(self) -> dict[str, str]:
        """Source → address of its interface, as a collector is given it."""
        return {source: self.url + (each.address or each.path) for source, each in INTERFACES.items()}


def simulator(data: Path | None = None, seed: int = 1, api_key: str = API_KEY) -> Simulator:
    """A simulator of recorded records from the folder `data`, on their first day, and of generated ones where none are recorded."""
    recorded = {} if data is None else recorded_days(data)
    shelves = {}
    for source, interface in INTERFACES.items():
        shelf = shelves[source] = Shelf(source, interface.id_field, interface.views_field, api_key, [])
        if source in recorded:
            shelf.days = recorded[source].rows
            shelf.turn_to(recorded[source].first)
        else:
            shelf.make = partial(_example, interface, seed)
            for _ in range(PER_PORTAL):
                shelf.add()
            shelf.rows.reverse()
    return Simulator(shelves)


def _example(interface: Interface, seed: int, number: int) -> Row:
    return interface.example(number, seed)


def application(made: Simulator) -> web.Application:
    """The web application over a simulator's shelves."""
    app = web.Application(middlewares=[explain])
    app.add_routes([*Interfaces(INTERFACES, made.shelves).routes(), *Admin(made.shelves).routes()])
    app.add_routes([*made.feeds.routes(), *made.board.routes()])
    return app


@contextmanager
def running(made: Simulator, port: int = 0) -> Iterator[Simulator]:
    """The simulator served from a thread, on a free port where none is given."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application(made), access_log=None)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        return f"http://{HOST}:{runner.addresses[0][1]}"

    thread = threading.Thread(target=loop.run_forever, name="portals", daemon=True)
    thread.start()
    try:
        url = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        yield replace(made, url=url)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
