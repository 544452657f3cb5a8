"""The last good listing of each source, as received: what can be told of a source while it is down."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog

from collectors.portals.portal import Page
from collectors.spool import Spool, Spooled

_COMING, _GOING = ".coming", ".going"
log = structlog.get_logger(__name__)


class LastGood:
    """One source's, in `folder`. A listing that comes in lies aside until it is known to be good: `keep` puts it in place of the one before.

    One process at a time may receive a source; the lock of `PolicyStore.alone` sees to that. It is let go of before `keep`, so each has a place of its own:
    what the next one finds there is left over, and goes. Where the folder cannot be written, collecting goes on.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self._folder = folder
        self._source = source
        self._aside = folder / _COMING / source / uuid4().hex
        self._is_whole = False
        self._failed = False

    def receiving(self, pages: Iterable[Page], begun: float) -> Iterator[Page]:
        """The pages, each written aside as it passes. `begun`: when the first was asked for, in seconds since the epoch."""
        aside = Spool(self._aside.parent, self._aside.name)
        count = records = 0
        shutil.rmtree(self._aside.parent, ignore_errors=True)
        for count, page in enumerate(pages, start=1):
            records += len(page.records)
            self._try(partial(aside.add, count, page))
            yield page
        self._try(lambda: aside.end(Spooled(self._source, begun, count, records, None, None)))
        self._is_whole = not self._failed

    @property
    def lies_aside(self) -> bool:
        """Whether every page so far was written aside."""
        return not self._failed

    def received(self) -> Iterator[Page]:
        """The pages that were written aside."""
        return Spool(self._aside.parent, self._aside.name).pages()

    def discard(self) -> None:
        """What was received is of no more use."""
        shutil.rmtree(self._aside, ignore_errors=True)

    def keep(self) -> None:
        """What was received is good."""
        if self._is_whole:
            self._try(self._replace)

    def begun(self) -> datetime | None:
        """When the listing that is kept was begun; None where none is."""
        known = Spool(self._folder, self._source).fetched()
        return None if known is None else datetime.fromtimestamp(known.begun, UTC)

    def pages(self) -> Iterator[Page]:
        """The pages that are kept."""
        return Spool(self._folder, self._source).pages()

    def _replace(self) -> None:
        if not self._aside.exists():  # another listing comes in since, and is newer
            return
        kept, old = self._folder / self._source, self._folder / _GOING / self._source
        shutil.rmtree(old, ignore_errors=True)
        old.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if kept.exists():
            kept.rename(old)
        self._aside.rename(kept)
        shutil.rmtree(old, ignore_errors=True)

    def _try(self, step: Callable[[], object]) -> None:
        """Once something could not be written nothing more is, and nothing is kept."""
        if self._failed:
            return
        try:
            step()
        except OSError as error:
            self._failed = True
            log.warning("collect.listing_not_kept", source=self._source, error=type(error).__name__, remedy="make COLLECT_SPOOL_DIR writable")
