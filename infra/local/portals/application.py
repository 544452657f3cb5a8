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
from infra.local.portals.generated import PER_PORTAL, bizinfo_row, gov24_row
from infra.local.portals.interfaces import BIZINFO_PATH, GOV24_PATH, Interfaces
from infra.local.portals.notices import NoticeBoard
from infra.local.portals.recorded import GOV24_ID, Recordings
from infra.local.portals.shelf import Shelf

HOST = "127.0.0.1"
API_KEY = "simulator-key+/="
"""Has every character that breaks when a key is encoded twice."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """The two shelves of a running simulator, and where it listens."""

    bizinfo: Shelf
    gov24: Shelf
    url: str = ""
    feeds: FeedShelf = field(default_factory=FeedShelf)
    board: NoticeBoard = field(default_factory=NoticeBoard)

    @property
    def urls(self) -> dict[str, str]:
        """Source → address of its interface."""
        return {"bizinfo": self.url + BIZINFO_PATH, "gov24": self.url + GOV24_PATH}


def simulator(data: Path | None = None, seed: int = 1, api_key: str = API_KEY) -> Simulator:
    """A simulator of recorded records from the folder `data`, on their first day, or of generated ones."""
    bizinfo = Shelf("bizinfo", "pblancId", "inqireCo", api_key, [])
    gov24 = Shelf("gov24", GOV24_ID, "조회수", api_key, [])
    if data is None:
        bizinfo.make, gov24.make = partial(bizinfo_row, seed=seed), partial(gov24_row, seed=seed)
        for shelf in (bizinfo, gov24):
            for _ in range(PER_PORTAL):
                shelf.add()
            shelf.rows.reverse()
    else:
        recordings = Recordings(data)
        bizinfo.days, gov24.days = recordings.bizinfo, recordings.gov24
        for shelf in (bizinfo, gov24):
            shelf.turn_to(recordings.first_days[shelf.source])
    return Simulator(bizinfo, gov24)


def application(made: Simulator) -> web.Application:
    """The web application over a simulator's shelves."""
    app = web.Application(middlewares=[explain])
    app.add_routes([*Interfaces(made.bizinfo, made.gov24).routes(), *Admin({"bizinfo": made.bizinfo, "gov24": made.gov24}).routes()])
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
