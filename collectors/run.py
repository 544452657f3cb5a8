"""One run of a collector: fetch, map, validate, store page by page; archive at the end of a complete listing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from aegis.telemetry.metrics import data_collection, data_collection_latency_seconds
from collectors.draft import Outcome
from collectors.failures import SourceFailed
from collectors.fetch import Fetcher
from collectors.listing import Listing, Standing, refusal_to_archive
from collectors.portals.portal import Page
from collectors.source import shows_newest_only
from collectors.staging import Order, Staged, Visit, fetched, staged
from collectors.store import PolicyStore
from collectors.summary import Summary

log = structlog.get_logger(__name__)

Report = Callable[[Summary, int | None], None]
"""Told the counts so far and the listing's stated total after each page."""
Keep = Callable[[Iterable[Staged]], Iterable[Staged]]
"""Hands pages on as they come, and may write them down on the way."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a listing is written."""

    source: str
    dry_run: bool = False
    force_archive: bool = False
    begun: float | None = None
    """When its first page was asked for, in seconds since the epoch; None: now."""
    newest_only: bool = False
    """The listing is a window on the newest records (a feed): what it lacks is not gone, and nothing is archived."""
    instead: str | None = None
    """Why the listing is not the source's own of today; nothing is archived then, and nothing leaves the quarantine."""
    instead_code: str | None = None
    """Of what keeps the source from being asked."""


def collect(order: Order, fetcher: Fetcher, store: PolicyStore, report: Report = lambda _summary, _total: None, keep: Keep = lambda pages: pages) -> Summary:
    """Run one collection. A portal's failure ends it with what was stored until then and is told in the summary; nothing is archived then.

    Raises `AlreadyRunning`, and psycopg's errors.
    """
    return collect_pages(order, fetched(order, fetcher), store, report, keep)


def collect_pages(
    order: Order | Visit, pages: Iterable[Page], store: PolicyStore, report: Report = lambda _summary, _total: None, keep: Keep = lambda pages: pages
) -> Summary:
    """The same of pages that somebody reads."""
    writing = Writing(order.source.name, order.dry_run, order.force_archive, newest_only=shows_newest_only(order.source))
    return write(writing, keep(staged(order.source, pages)), store, report)


def write(writing: Writing, pages: Iterable[Staged], store: PolicyStore, report: Report = lambda _summary, _total: None) -> Summary:
    """Store what was staged, page by page. Where `pages` raises `SourceFailed`, that ends it as in `collect`.

    Raises `AlreadyRunning`, `Outdated` where a listing that was begun later has been written already, and psycopg's errors.
    """
    begun = time.time() if writing.begun is None else writing.begun
    with store.alone():
        if writing.begun is not None:
            store.expect_nothing_newer(writing.begun)
        summary = _Run(writing, store, report).summary_of_all(pages)
        seconds = max(time.time() - begun, 0.0)
        if not writing.dry_run:
            counts = summary.counts() | ({"stood_in": True} if writing.instead else {})
            store.record(summary.status, counts, seconds, summary.error_code, summary.error or summary.instead or summary.withheld)
            data_collection_latency_seconds.labels(summary.source).observe(seconds)
    log.info("collect.ended", source=summary.source, status=summary.status, dry_run=summary.dry_run, seconds=round(seconds, 3), **summary.counts())
    return summary


class _Run:
    """The state of one run, page after page."""

    def __init__(self, writing: Writing, store: PolicyStore, report: Report) -> None:
        self._writing = writing
        self._store = store
        self._report = report
        self._summary = Summary(writing.source, writing.dry_run)
        self._listing = Listing()
        self._known = store.known()
        self._strangers = 0
        self._passed: set[str] = set()
        self._failed: set[str] = set()

    def summary_of_all(self, pages: Iterable[Staged]) -> Summary:
        try:
            for page in pages:
                self._take(page)
        except SourceFailed as error:
            return self._step(replace(self._summary, error=error.message, error_code=str(error.code), is_down=error.is_down))
        if self._writing.instead:
            return self._step(replace(self._summary, instead=self._writing.instead, error_code=self._writing.instead_code))
        self._store.release(frozenset(self._passed - self._failed))
        return self._step(self._summary if self._writing.newest_only else self._archive())

    def _take(self, page: Staged) -> None:
        rows = self._listing.rows
        strangers = sum(each.document.content_hash in page.unidentified for each in page.rejected)
        self._listing = self._listing.with_records(page.records, page.total, page.ids, is_least=page.is_least, is_last=page.is_last, strangers=strangers)
        if self._listing.rows == rows and not (page.records and self._writing.newest_only):  # empty, or the same page once more
            return
        stored = self._store.store(page.accepted, page.rejected, page.unidentified)
        self._strangers += stored.strangers
        self._passed |= _ids(page.accepted)
        self._failed |= _ids(page.rejected)
        summary = self._summary.with_page(fetched=page.records, accepted=len(page.accepted), quarantined=len(page.rejected), stored=stored)
        self._report(self._step(summary), page.total)

    def _step(self, summary: Summary) -> Summary:
        _count(self._summary, summary)
        self._summary = summary
        return summary

    def _archive(self) -> Summary:
        standing = Standing(self._known, self._store.absent(self._listing), self._strangers)
        complete = self._listing.gap is None
        withheld = refusal_to_archive(self._listing, standing, force=self._writing.force_archive)
        if withheld or not standing.absent:
            return replace(self._summary, complete=complete, withheld=withheld)
        archived = standing.absent if self._writing.dry_run else self._store.archive(self._listing)
        return replace(self._summary, complete=complete, archived=archived)


def _ids(outcomes: Sequence[Outcome]) -> set[str]:
    return {outcome.document.source_id for outcome in outcomes}


def _count(before: Summary, after: Summary) -> None:
    """Count what one step did; nothing was done in a dry run."""
    if after.dry_run:
        return
    for status in ("new", "changed", "unchanged", "archived", "quarantined"):
        data_collection.labels(after.source, status).inc(getattr(after, status) - getattr(before, status))
    if after.error:
        data_collection.labels(after.source, "error").inc()
