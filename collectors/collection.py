"""One source collected, at once or from a folder that its listing was staged in; or what stands in for it while it is down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.progress import Progress

from aegis.settings import Settings
from collectors.http.sources import StoredState
from collectors.last_good import LastGood
from collectors.pages.site import Site
from collectors.reading_first import ReadFirst
from collectors.run import Writing, collect_pages, write
from collectors.session import gated, opened_client, opened_store, pages_of
from collectors.shape import shape_of_page
from collectors.showing import reporter, watched
from collectors.source import shows_newest_only
from collectors.sources import source_called
from collectors.spool import Spool, Spooled
from collectors.staging import Order, Staged, Visit
from collectors.standing_in import stood_in
from collectors.store import Outdated
from collectors.summary import Summary


@dataclass(frozen=True, slots=True)
class Wanted:
    """How staged listings are written."""

    dry_run: bool = False
    force_archive: bool = False
    force_gate: bool = False
    skip_outdated: bool = False
    """Pass over a listing where one that was begun later has been written."""


def collection(configured: Settings, wanted: Order | Visit, progress: Progress) -> Summary:
    """Collect what is wanted. Raises ClickException as `opened_store` does."""
    summary = _own(configured, wanted, progress)
    if not summary.is_down or wanted.dry_run or isinstance(wanted, Visit):
        return summary
    return stood_in(configured, wanted.portal, summary, progress, wanted.page_size)


def _own(configured: Settings, wanted: Order | Visit, progress: Progress) -> Summary:
    source, begun, title = wanted.source.name, time.time(), wanted.source.title
    good = LastGood(configured.collect_spool_dir, source)
    with opened_store(configured, source, dry_run=wanted.dry_run) as store, opened_client(configured, wanted) as client:
        pages, beforehand = pages_of(wanted, client, store), None
        if _is_read_first(wanted):
            first = ReadFirst(good, watched(pages, progress, f"{title} (read)"), begun)
            pages, beforehand = first.again(), first.shapes
        keep = gated(configured, store, source, dry_run=wanted.dry_run, force=wanted.force_gate, beforehand=beforehand)
        summary = collect_pages(wanted, pages, store, reporter(progress, title), keep)
        if summary.complete and summary.fetched:
            good.keep()
            client.state.listed(begun)
        good.discard()
    return summary


def _is_read_first(wanted: Order | Visit) -> bool:
    """Whether the listing is read to its end before it is written. A feed is one page, a dry run writes nothing, and a site is remembered page by page."""
    return isinstance(wanted, Order) and not wanted.dry_run and not shows_newest_only(wanted.portal)


def written(configured: Settings, spool: Spool, known: Spooled, wanted: Wanted, progress: Progress) -> Summary:
    """Write the listing that was staged in `spool`. Raises ClickException as `opened_store` does."""
    source = source_called(spool.source)
    summary = _staged(configured, spool, known, wanted, progress)
    if not summary.is_down or wanted.dry_run or isinstance(source, Site):
        return summary
    return stood_in(configured, source, summary, progress, source.page_size)


def _staged(configured: Settings, spool: Spool, known: Spooled, wanted: Wanted, progress: Progress) -> Summary:
    name, source, good = spool.source, source_called(spool.source), LastGood(configured.collect_spool_dir, spool.source)
    writing = Writing(name, wanted.dry_run, wanted.force_archive, known.begun, shows_newest_only(source))
    with opened_store(configured, name, dry_run=wanted.dry_run) as store:
        keep = gated(configured, store, name, dry_run=wanted.dry_run, force=wanted.force_gate, beforehand=lambda: map(shape_of_page, spool.staged()))
        pages = spool.staged() if wanted.dry_run or isinstance(source, Site) else _received(spool, known, good)
        try:
            summary = write(writing, keep(pages), store, reporter(progress, source.title))
        except Outdated as error:
            if not wanted.skip_outdated:
                raise
            return Summary(name, wanted.dry_run, withheld=f"nothing of this listing was written: {error}")
        if summary.complete and summary.fetched and not wanted.dry_run:
            good.keep()
            StoredState(store.connection, name).listed(known.begun)
    return summary


def _received(spool: Spool, known: Spooled, good: LastGood) -> Iterator[Staged]:
    """What was staged; its pages as they were received lie aside at the end, within the lock that holds off who else receives the source."""
    yield from spool.staged()
    for _ in good.receiving(spool.pages(), known.begun):
        pass
