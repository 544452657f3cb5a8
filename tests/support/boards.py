"""The simulator's notice boards without a network: what a site would answer, asked by function call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp.test_utils import make_mocked_request

from collectors.answer import Answer
from collectors.pages.reading import Ask
from collectors.request import Request
from collectors.validators import NO_VALIDATORS, Validators, validators_in
from infra.local.portals.notices import NoticeBoard

T = TypeVar("T")


def asking(board: NoticeBoard) -> Ask:
    """Asks `board` once, without retries."""

    def ask(request: Request, reader: Callable[[Answer], T], known: Validators = NO_VALIDATORS) -> T:
        parts = urlsplit(request.url)
        asked = make_mocked_request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=known.headers)
        if parts.path == "/robots.txt":
            answered = asyncio.run(board.rules(asked))
        else:
            asked.match_info["form"] = parts.path.split("/")[2]
            answered = asyncio.run(board.listing(asked) if parts.path.endswith("/list") else board.view(asked))
        body = answered.text.encode() if answered.text else b""
        return reader(Answer(answered.status, body, validators=validators_in({**answered.headers})))

    return ask


def knowing(*records: Mapping[str, Any]) -> Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]:
    """Records that were stored before."""
    kept = {str(record["id"]): record for record in records}
    return lambda ids: {each: kept[each] for each in ids if each in kept}
