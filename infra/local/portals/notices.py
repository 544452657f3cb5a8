"""A notice board of a municipality that does not exist, in three of the forms that such boards have: a table, cards, and one behind a script's links.

Everything on it is generated and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from html import escape
from zlib import crc32

from aiohttp import web

NOTICES_PATH = "/haneul"
PER_PAGE = 10
ROBOTS = "User-agent: *\nDisallow: /haneul/admin/\nAllow: /\n"
_FIRST = date(2026, 6, 1)
_DEPARTMENTS = ("기업지원과", "청년정책과", "농업정책과")


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice of the board."""

    number: int
    title: str
    content: str
    """HTML."""
    department: str
    day: date
    files: tuple[str, ...] = ()
    pinned: bool = False
    views: int = 0


def notice(number: int) -> Notice:
    """The `number`-th notice, counted from 1."""
    content = f"<p>실제 공고가 아닌 예시 {number}입니다.</p><p>지원금액: 업체당 최대 {number % 9 + 1}백만원<br>신청기간: 2026.07.01 ~ 2026.07.31</p>"
    files = (f"공고문 {number}.hwp", "신청서.pdf") if number % 3 == 0 else ()
    return Notice(number, f"[예시] 하늘시 중소기업 지원사업 공고 {number}", content, _DEPARTMENTS[number % 3], _FIRST + timedelta(days=number), files)


@dataclass(slots=True)
class NoticeBoard:
    """The notices, the newest first; what was asked for; and how the board misbehaves."""

    notices: list[Notice] = field(default_factory=lambda: [notice(number) for number in range(25, 0, -1)])
    robots: tuple[int, str] = (200, ROBOTS)
    answer: tuple[int, str] | None = None
    """Status and body instead of every page but robots.txt."""
    details: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Number → status and body instead of a notice."""
    asked: list[str] = field(default_factory=list)
    """Paths with their queries, in the order in which they were asked for."""

    def routes(self) -> list[web.RouteDef]:
        """robots.txt, and the pages of the three boards."""
        return [
            web.get("/robots.txt", self.rules),
            web.get(NOTICES_PATH + "/{form:table|cards|script}/list", self.listing),
            web.get(NOTICES_PATH + "/{form:table|cards|script}/view", self.view),
        ]

    def change(self, number: int, **fields: object) -> None:
        """Set fields of a notice."""
        self.notices = [replace(each, **fields) if each.number == number else each for each in self.notices]  # type: ignore[arg-type]

    async def rules(self, request: web.Request) -> web.Response:
        """The file robots.txt."""
        self.asked.append(request.path_qs)
        return web.Response(status=self.robots[0], text=self.robots[1])

    async def listing(self, request: web.Request) -> web.Response:
        """One page of the board, ten notices long; pinned ones stand on every page."""
        self.asked.append(request.path_qs)
        if self.answer is not None:
            return _page(*self.answer)
        page = max(1, int(request.query.get("page", "1")))
        self.notices = [replace(each, views=each.views + 1) for each in self.notices]
        pinned = [each for each in self.notices if each.pinned] if request.match_info["form"] == "table" else []
        shown = self.notices[(page - 1) * PER_PAGE : page * PER_PAGE]
        return _page(200, _LISTS[request.match_info["form"]](pinned, shown, len(self.notices)))

    async def view(self, request: web.Request) -> web.Response:
        """One notice."""
        self.asked.append(request.path_qs)
        number = int(request.query.get("no", "0"))
        if (answer := self.answer or self.details.get(number)) is not None:
            return _page(*answer)
        found = next((each for each in self.notices if each.number == number), None)
        if found is None:
            return _page(404, "<p>없는 게시물입니다.</p>")
        tag = f'"{crc32(repr(replace(found, views=0)).encode()):08x}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        shown = _page(200, _view(found))
        shown.headers["ETag"] = tag
        return shown


def _table(pinned: list[Notice], shown: list[Notice], total: int) -> str:
    rows = [_row(each, "공지") for each in pinned] + [_row(each, str(each.number)) for each in shown]
    none = "" if rows else '<tr><td class="none" colspan="5">등록된 게시물이 없습니다.</td></tr>'
    return f'<p class="total">총 <b>{total:,}</b>건</p><table class="board"><tbody>{"".join(rows)}{none}</tbody></table>'


def _row(each: Notice, first: str) -> str:
    link = f'<a href="view?no={each.number}&amp;menu=1">{escape(each.title)}</a>'
    return (
        f'<tr class="{"pinned" if first == "공지" else ""}"><td>{first}</td><td class="title">{link}</td><td class="dept">{each.department}</td>'
        f'<td class="date">{each.day:%Y-%m-%d}</td><td class="views">{each.views}</td></tr>'
    )


def _cards(_pinned: list[Notice], shown: list[Notice], _total: int) -> str:
    cards = "".join(
        f'<li><a href="/haneul/cards/view?no={each.number}"><strong>{escape(each.title)}</strong></a><span class="when">등록일 {each.day:%Y.%m.%d}</span></li>'
        for each in shown
    )
    return f'<ul class="cards">{cards}</ul>' if cards else '<ul class="cards"></ul><p class="nothing">검색 결과가 없습니다.</p>'


def _script(_pinned: list[Notice], shown: list[Notice], _total: int) -> str:
    rows = "".join(
        f"""<div class="item"><a href="#" onclick="fnView('{each.number}'); return false;">{escape(each.title)}</a><em>{each.department}</em></div>"""
        for each in shown
    )
    return f'<div id="list">{rows or "<p>게시물이 없습니다</p>"}</div>'


_LISTS = {"table": _table, "cards": _cards, "script": _script}


def _view(each: Notice) -> str:
    files = "".join(f'<li><a href="/haneul/file?no={each.number}&amp;seq={n}">{escape(name)}</a> (34 KB)</li>' for n, name in enumerate(each.files))
    return (
        f'<article class="view"><h3>{escape(each.title)}</h3><dl><dt>담당부서</dt><dd class="dept">{each.department}</dd></dl>'
        f'<div class="body">{each.content}</div><ul class="files">{files}</ul><p class="views">조회 {each.views}</p></article>'
    )


def _page(status: int, body: str) -> web.Response:
    html = f'<!DOCTYPE html><html lang="ko"><head><meta charset="utf-8"><title>하늘시 (예시)</title></head><body>{body}</body></html>'
    return web.Response(status=status, text=html, content_type="text/html")
