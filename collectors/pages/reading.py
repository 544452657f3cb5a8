"""A site's notices, politely: robots.txt first, page after page of the list, and the page of a notice only where the list says something new of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from zlib import crc32

import structlog

from aegis.errors import Code
from collectors.answer import Answer
from collectors.failures import SourceFailed
from collectors.http.manners import host_of
from collectors.http.state import MemoryState
from collectors.pages.board import Listed, board_in, detail_in
from collectors.pages.robots import Robots, robots_in
from collectors.pages.site import Site
from collectors.portals.portal import Page
from collectors.request import Request
from collectors.validation import usable_id
from collectors.validators import NO_VALIDATORS, Validators

MOST_BROKEN = 3
"""Notices of one run whose pages cannot be read before the run is given up: then it is the site that changed."""
_GONE = frozenset({404, 410})
_ACCEPT = {"Accept": "text/html, application/xhtml+xml;q=0.9, text/plain;q=0.5"}

T = TypeVar("T")
Known = Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]
"""Identifiers → the records that were stored of them last; one round trip."""

log = structlog.get_logger(__name__)


class NoDetail(Enum):
    """Why asking for a notice's page brought none."""

    GONE = "gone"
    """It was taken away since it was listed."""
    UNCHANGED = "unchanged"
    """What vouches for the stored one still holds."""


class Ask(Protocol):
    """Asks a source, and lets `reader` make of the answer what it makes; retries what may pass. Raises `SourceFailed`. `PoliteClient.read` is one."""

    def __call__(self, request: Request, reader: Callable[[Answer], T], known: Validators = NO_VALIDATORS, /) -> T: ...


class Memory(Protocol):
    """Remembers what vouches for a notice's page. `SourceState` is one."""

    def validators(self, resource: str) -> Validators: ...

    def remember(self, resource: str, validators: Validators) -> None: ...


@dataclass(slots=True)
class Reading:
    """One run through a site. `today` decides which known notices are opened again; `sleep` waits between requests."""

    site: Site
    ask: Ask
    known: Known
    today: date
    sleep: Callable[[float], None] = time.sleep
    memory: Memory = field(default_factory=MemoryState)
    opened: int = 0
    """Notices whose pages were asked for."""
    _rules: dict[str, Robots] = field(default_factory=dict)
    _received: dict[str, Validators] = field(default_factory=dict)
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
            self._remember()  # whoever asks for more has stored it
            if not any(each.source_id for each in fresh) or (board.total is not None and len(seen) >= board.total):
                return

    def _records(self, listed: Sequence[Listed]) -> Iterator[Mapping[str, Any]]:
        known = self.known([each.source_id for each in listed if each.source_id])
        for each in listed:
            record = known.get(each.source_id)
            if record is not None and is_kept(record, each, self.today, self.site.description.recheck_days):
                yield record
            elif (opened := self._opened(each, record)) is not None:
                yield opened

    def _opened(self, listed: Listed, before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The record of a notice; None where there is no page for it, or no more may be opened in this run. `before`: what is stored of it."""
        record: dict[str, Any] = {"id": listed.source_id, "link": listed.link, "row": listed.row, "detail": None}
        if usable_id(self.site, record) is None:
            return record
        if (host := host_of(listed.link)) not in self.site.description.places:
            return {**record, "problem": f"the notice stands at {host or 'no address'}, which is none of the site's hosts"}
        if self.opened >= self.site.description.pages.details:
            return None
        self.opened += 1
        kept = before if before is not None and before.get("row") == listed.row and before.get("detail") else None
        try:
            detail = self._detail(listed, asks_for_change=kept is not None)
        except SourceFailed as error:
            self._broken += 1
            if error.code is not Code.INVALID_FORMAT or self._broken >= MOST_BROKEN:
                raise
            return {**record, "problem": error.message}
        if detail is NoDetail.UNCHANGED:
            return kept
        return None if detail is NoDetail.GONE else {**record, "detail": detail}

    def _detail(self, listed: Listed, *, asks_for_change: bool) -> dict[str, Any] | NoDetail:
        """What the page of a notice says."""

        def read(answer: Answer) -> dict[str, Any] | NoDetail:
            if answer.is_unchanged and known:
                return NoDetail.UNCHANGED
            if answer.status in _GONE:
                log.info("collect.notice_gone", source=self.site.name, source_id=listed.source_id)
                return NoDetail.GONE
            self._received[resource] = answer.validators
            return detail_in(answer, self.site.description, listed.source_id)

        resource = f"notice {listed.source_id}"
        known = self.memory.validators(resource) if asks_for_change else NO_VALIDATORS
        return self._get(listed.link, read, known)

    def _remember(self) -> None:
        for resource, validators in self._received.items():
            if validators:
                self.memory.remember(resource, validators)
        self._received.clear()

    def _get(self, url: str, reader: Callable[[Answer], T], known: Validators = NO_VALIDATORS) -> T:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        rules = self._rules.get(origin)
        if rules is None:
            rules = self._rules[origin] = self.ask(Request(f"{origin}/robots.txt", headers={"Accept": "text/plain, */*;q=0.5"}), robots_in)
        rules.expect_allowed(url)
        self.sleep(max(rules.delay, self.site.description.seconds_between))
        return self.ask(Request(url, headers=_ACCEPT), reader, known)


def is_kept(record: Mapping[str, Any], listed: Listed, today: date, recheck_days: int) -> bool:
    """Whether a stored record serves once more: its row is the one that is listed, its page was read, and it is not its turn to be opened again."""
    if record.get("row") != listed.row or not record.get("detail"):
        return False
    return not recheck_days or crc32(listed.source_id.encode()) % recheck_days != today.toordinal() % recheck_days
