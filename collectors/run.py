"""One run of a collector: fetch, map, validate, store page by page; archive at the end of a complete listing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from aegis.errors import Code
from aegis.telemetry.metrics import data_collection, data_collection_latency_seconds
from collectors.draft import Accepted, Outcome, Problem, Rejected
from collectors.failures import SourceFailed
from collectors.fetch import Fetcher
from collectors.listing import Listing, Standing, refusal_to_archive
from collectors.portals.portal import Page, Portal
from collectors.store import PolicyStore
from collectors.summary import Summary
from collectors.validation import usable_id, validate

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What to collect, and from where."""

    portal: Portal
    url: str
    api_key: str
    page_size: int
    dry_run: bool = False
    force_archive: bool = False


@dataclass(frozen=True, slots=True)
class Sorted:
    """The records of one page by what becomes of them; what the listing had before, word for word, is in neither."""

    accepted: tuple[Accepted, ...]
    rejected: tuple[Rejected, ...]
    ids: frozenset[str]
    """Usable identifiers, of accepted and rejected records."""
    unidentified: frozenset[str]
    """Content hashes of the records that have none."""


Report = Callable[[Summary, int | None], None]
"""Told the counts so far and the listing's stated total after each page."""


def sort(portal: Portal, page: Page, before: dict[str, str]) -> Sorted:
    """Validate a page. `before` maps the identifiers met in this run to the hash of their record, and is added to.

    A second record under an identifier is a duplicate (DP_2003) unless it says the same: which of the two is right, the portal has to say.
    """
    accepted, rejected, ids, unidentified = [], [], set(), set()
    for raw in page.records:
        outcome = validate(portal, raw)
        source_id, content_hash = usable_id(portal, raw), outcome.document.content_hash
        if source_id is None:
            unidentified.add(content_hash)
        else:
            ids.add(source_id)
            first = before.get(source_id)
            if first == content_hash:
                continue
            before.setdefault(source_id, content_hash)
            outcome = outcome if first is None else _duplicate(portal, outcome)
        if isinstance(outcome, Accepted):
            accepted.append(outcome)
        else:
            rejected.append(outcome)
    return Sorted(tuple(accepted), tuple(rejected), frozenset(ids), frozenset(unidentified))


def collect(order: Order, fetcher: Fetcher, store: PolicyStore, report: Report = lambda _summary, _total: None) -> Summary:
    """Run one collection. A portal's failure ends it with what was stored until then and is told in the summary; nothing is archived then.

    Raises `AlreadyRunning`, and psycopg's errors.
    """
    started = time.monotonic()
    with store.alone():
        summary = _Run(order, fetcher, store, report).summary_of_all()
        seconds = time.monotonic() - started
        if not order.dry_run:
            store.record(summary.status, summary.counts(), seconds, summary.error_code, summary.error or summary.withheld)
            data_collection_latency_seconds.labels(summary.source).observe(seconds)
    log.info("collect.ended", source=summary.source, status=summary.status, dry_run=summary.dry_run, seconds=round(seconds, 3), **summary.counts())
    return summary


class _Run:
    """The state of one run, page after page."""

    def __init__(self, order: Order, fetcher: Fetcher, store: PolicyStore, report: Report) -> None:
        self._order = order
        self._fetcher = fetcher
        self._store = store
        self._report = report
        self._summary = Summary(order.portal.name, order.dry_run)
        self._listing = Listing()
        self._known = store.known()
        self._strangers = 0
        self._hashes: dict[str, str] = {}
        self._passed: set[str] = set()
        self._failed: set[str] = set()

    def summary_of_all(self) -> Summary:
        while not self._listing.ended:
            request = self._order.portal.request(self._order.url, self._order.api_key, self._listing.pages + 1, self._order.page_size)
            try:
                page = self._fetcher.page(self._order.portal, request)
            except SourceFailed as error:
                return self._step(replace(self._summary, error=error.message, error_code=str(error.code)))
            self._take(page)
        self._store.release(frozenset(self._passed - self._failed))
        return self._step(self._archive())

    def _take(self, page: Page) -> None:
        rows = self._listing.rows
        found = sort(self._order.portal, page, self._hashes)
        self._listing = self._listing.with_page(page, found.ids)
        if self._listing.rows == rows:  # empty, or the same page once more
            return
        stored = self._store.store(found.accepted, found.rejected, found.unidentified)
        self._strangers += stored.strangers
        self._passed |= _ids(found.accepted)
        self._failed |= _ids(found.rejected)
        summary = self._summary.with_page(fetched=len(page.records), accepted=len(found.accepted), quarantined=len(found.rejected), stored=stored)
        self._report(self._step(summary), page.total)

    def _step(self, summary: Summary) -> Summary:
        _count(self._summary, summary)
        self._summary = summary
        return summary

    def _archive(self) -> Summary:
        standing = Standing(self._known, self._store.absent(self._listing), self._strangers)
        complete = self._listing.gap is None
        withheld = refusal_to_archive(self._listing, standing, force=self._order.force_archive)
        if withheld or not standing.absent:
            return replace(self._summary, complete=complete, withheld=withheld)
        archived = standing.absent if self._order.dry_run else self._store.archive(self._listing)
        return replace(self._summary, complete=complete, archived=archived)


def _ids(outcomes: Sequence[Outcome]) -> set[str]:
    return {outcome.document.source_id for outcome in outcomes}


def _duplicate(portal: Portal, outcome: Outcome) -> Rejected:
    reason = "another record of the same listing has this identifier and says something else; the first one is kept"
    return Rejected((Problem(Code.DUPLICATE, portal.id_field, reason, "have the portal tell them apart"),), outcome.document)


def _count(before: Summary, after: Summary) -> None:
    """Count what one step did; nothing was done in a dry run."""
    if after.dry_run:
        return
    for status in ("new", "changed", "unchanged", "archived", "quarantined"):
        data_collection.labels(after.source, status).inc(getattr(after, status) - getattr(before, status))
    if after.error:
        data_collection.labels(after.source, "error").inc()
