"""The feeds of korea.kr as simulated: RSS of generated items, the newest first and no more than a feed shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

from aiohttp import web

FEEDS_PATH = "/rss"
SHOWN = 20
"""Items that a feed shows; older ones vanish from it."""
_FIRST = datetime(2026, 6, 1, tzinfo=UTC)
_BEGINNING = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'


def item(number: int) -> dict[str, Any]:
    """The `number`-th item, counted from 1."""
    return {
        "newsId": f"9{number:08d}",
        "title": f"[예시] 소상공인 경영안정 지원 소식 {number}",
        "description": f"<p>실제 소식이 아닌 예시 {number}입니다.</p><p>최대 {number % 9 + 1}천만원을 지원합니다.</p>",
        "author": "중소벤처기업부",
        "pubDate": format_datetime((_FIRST + timedelta(hours=number)).astimezone()),
    }


@dataclass(slots=True)
class FeedShelf:
    """What the simulated feeds have, each by its name; and how they misbehave."""

    items: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [item(n) for n in range(12, 0, -1)] for name in ("policy", "expdoc")})
    """Name → items, the newest first."""
    answer: tuple[int, str] | None = None
    """Status and body instead of a feed, for tests of errors."""
    requests: int = 0

    def routes(self) -> list[web.RouteDef]:
        """The path of the feeds."""
        return [web.get(FEEDS_PATH + "/{name}.xml", self.feed)]

    async def feed(self, request: web.Request) -> web.Response:
        """One feed; pressrelease and the ministries' are empty until somebody adds to `items`."""
        self.requests += 1
        if self.answer is not None:
            return web.Response(status=self.answer[0], text=self.answer[1], content_type="application/xml")
        items = self.items.get(request.match_info["name"], [])[:SHOWN]
        text = f"{_BEGINNING}<title>정책브리핑</title>{''.join(map(_item, items))}</channel></rss>"
        return web.Response(body=text.encode(), content_type="application/xml")


def _item(known: dict[str, Any]) -> str:
    link = f"https://www.korea.kr/briefing/pressReleaseView.do?newsId={known['newsId']}&call_from=rss"
    files = f'<a href="/common/download.do?fileId={known["newsId"]}&amp;tblKey=GMN">붙임.hwpx</a>'
    return (
        f"<item><title><![CDATA[{known['title']}]]></title><link><![CDATA[{link}]]></link><description><![CDATA[{known['description']}{files}]]></description>"
        f"<dc:creator>{escape(known['author'])}</dc:creator><pubDate>{known['pubDate']}</pubDate></item>"
    )
