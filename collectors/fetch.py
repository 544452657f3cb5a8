"""Pages from a portal, through the polite client."""

from __future__ import annotations

from collectors.answer import Answer
from collectors.http.client import PoliteClient
from collectors.http.redirect import without_query
from collectors.portals.portal import Page, Portal, Request
from collectors.source import shows_newest_only
from collectors.validators import NO_VALIDATORS, Validators


class Fetcher:
    """Asks one source for pages.

    Where `remembers`, a source that shows its newest records alone (a feed) is asked whether its one page changed since it was stored; if not, the page is
    empty. Lists of several pages are always read: a first page that did not change says nothing about the others.
    """

    def __init__(self, client: PoliteClient, *, remembers: bool = False) -> None:
        self._client = client
        self._remembers = remembers
        self._received: dict[str, Validators] = {}

    def page(self, portal: Portal, request: Request) -> Page:
        """The page that `request` asks for, after at most three attempts. Raises the last `SourceFailed`."""
        if not (self._remembers and shows_newest_only(portal)):
            return self._client.read(request, portal.read)
        resource = without_query(request.url)

        def read(answer: Answer) -> Page:
            if answer.is_unchanged and known:
                return Page((), 0)
            page = portal.read(answer)
            self._received[resource] = answer.validators
            return page

        known = self._client.state.validators(resource)
        return self._client.read(request, read, known or NO_VALIDATORS)

    def stored(self) -> None:
        """Everything that was handed out has been stored: remember what vouches for it."""
        for resource, validators in self._received.items():
            self._client.state.remember(resource, validators)
        self._received.clear()
