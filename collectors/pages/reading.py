"""A site's notices, politely: robots.txt first, page after page of the list, and the page of a notice only where the list says something new of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from zlib import crc32

import structlog

from aegis.errors import Code
from collectors.answer import Answer
from collectors.failures import SourceFailed
from collectors.pages.board import Listed, board_in, detail_in
from collectors.pages.robots import Robots, robots_in
from collectors.pages.site import Site
from collectors.portals.portal import Page
from collectors.request import Request

MOST_BROKEN = 3
"""Notices of one run whose pages cannot be read before the run is given up: then it is the site that changed."""
_GONE = frozenset({404, 410})
_ACCEPT = {"Accept": "text/html, application/xhtml+xml;q=0.9, text/plain;q=0.5"}

T = TypeVar("T")
Known = Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]
"""Identifiers → the records that were stored of them last; one round trip."""

log = structlog.get_logger(__name__)


class Ask(Protocol):
    """Asks a source, and lets `reader` make of the answer what it makes; retries what may pass. Raises `SourceFailed`. `PoliteClient.read` is one."""

    def __call__(self, request: Request, reader: Callable[[Answer], T], /) -> T: ...


@dataclass(slots=True)
class Reading:
    """One run through a site. `today` decides which known notices are opened again; `sleep` waits between requests."""

    site: Site
    ask: Ask
    known: Known
    today: date
    sleep: Callable[[float], None] = time.sleep
    opened: int = 0
    """Notices whose pages were asked for."""
    _rules: dict[str, Robots] = field(default_factory=dict)
    _broken: int = 0

    def pages(self) -> Iterator[Page]:
        """Pages of records, at most as many as the site's description allows; each notice once. Raises `SourceFailed`.

        The list ends with a page that has nothing new. A run that is left before that, or before all new notices were opened, states a total that it does not
        reach, or none: nothing is archived because of it.
        """
        description = self.site.description
        seen: set[str] = set()
        for number in range(description.pages.first, description.pages.first + description.pages.most):
            url = description.list.url.format(page=number)
            board = self._get(url, partial(board_in, site=description, url=url, number=number))
            fresh = [each for each in board.listed if not each.source_id or each.source_id not in seen]
            seen |= {each.source_id for each in fresh}
            yield Page(tuple(self._records(fresh)), board.total)
            if not any(each.source_id for each in fresh) or (board.total is not None and len(seen) >= board.total):
                return

    def _records(self, listed: Sequence[Listed]) -> Iterator[Mapping[str, Any]]:
        known = self.known([each.source_id for each in listed if each.source_id])
        for each in listed:
            record = known.get(each.source_id)
            if record is not None and is_kept(record, each, self.today, self.site.description.recheck_days):
                yield record
            elif (opened := self._opened(each)) is not None:
                yield opened

    def _opened(self, listed: Listed) -> Mapping[str, Any] | None:
        """The record of a notice; None where there is no page for it, or no more may be opened in this run."""
        record: dict[str, Any] = {"id": listed.source_id, "link": listed.link, "row": listed.row, "detail": None}
        if not listed.source_id:
            return record
        if self.opened >= self.site.description.pages.details:
            return None
        self.opened += 1
        try:
            record["detail"] = self._get(listed.link, partial(_detail, site=self.site, source_id=listed.source_id))
        except SourceFailed as error:
            self._broken += 1
            if error.code is not Code.INVALID_FORMAT or self._broken >= MOST_BROKEN:
                raise
            record["problem"] = error.message
        return None if record["detail"] == {} else record

    def _get(self, url: str, reader: Callable[[Answer], T]) -> T:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        rules = self._rules.get(origin)
        if rules is None:
            rules = self._rules[origin] = self.ask(Request(f"{origin}/robots.txt", headers={"Accept": "text/plain, */*;q=0.5"}), robots_in)
        rules.expect_allowed(url)
        self.sleep(max(rules.delay, self.site.description.seconds_between))
        return self.ask(Request(url, headers=_ACCEPT), reader)


def is_kept(record: Mapping[str, Any], listed: Listed, today: date, recheck_days: int) -> bool:
    """Whether a stored record serves once more: its row is the one that is listed, its page was read, and it is not its turn to be opened again."""
    if record.get("row") != listed.row or not record.get("detail"):
        return False
    return not recheck_days or crc32(listed.source_id.encode()) % recheck_days != today.toordinal() % recheck_days


def _detail(answer: Answer, site: Site, source_id: str) -> dict[str, Any]:
    """What the notice says; nothing where it was taken away since it was listed."""
    if answer.status in _GONE:
        log.info("collect.notice_gone", source=site.name, source_id=source_id)
        return {}
    return detail_in(answer, site.description, source_id)
