"""One source collected, and what stands in for it while it is down: its mirror, else its last good listing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.progress import Progress

from aegis.korea import KOREA
from aegis.settings import Settings
from collectors.last_good import LastGood
from collectors.portals import MIRRORS
from collectors.run import Writing, collect_pages, write
from collectors.session import gated, mirror_settings, opened_client, opened_store, pages_of
from collectors.showing import reporter
from collectors.staging import Order, Visit, staged
from collectors.summary import Summary


def collection(configured: Settings, wanted: Order | Visit, progress: Progress) -> Summary:
    """Collect what is wanted. Raises ClickException as `opened_store` does."""
    good = LastGood(configured.collect_spool_dir, wanted.source.name)
    summary = _own(configured, wanted, good, progress)
    if not summary.is_down or wanted.dry_run or isinstance(wanted, Visit):
        return summary
    return next(_instead(configured, wanted, good, summary, progress), summary)


def _own(configured: Settings, wanted: Order | Visit, good: LastGood, progress: Progress) -> Summary:
    source, begun = wanted.source.name, time.time()
    with opened_store(configured, source, dry_run=wanted.dry_run) as store, opened_client(configured, wanted) as client:
        pages = pages_of(wanted, client, store)
        if isinstance(wanted, Order) and not wanted.dry_run:
            pages = good.receiving(pages, begun)
        keep = gated(configured, store, source, dry_run=wanted.dry_run, force=wanted.force_gate)
        summary = collect_pages(wanted, pages, store, reporter(progress, wanted.source.title), keep)
        if summary.complete and summary.fetched:
            good.keep()
            client.state.listed(begun)
    return summary


def _instead(configured: Settings, wanted: Order, good: LastGood, failed: Summary, progress: Progress) -> Iterator[Summary]:
    """What stood in, the best first; nothing where nothing can."""
    mirror = _mirror(configured, wanted)
    if mirror is not None:
        summary = _from_mirror(configured, mirror, failed, progress)
        if summary.error is None:
            yield summary
    begun = good.begun()
    if begun is not None:
        words = f"its last good listing, of {begun.astimezone(KOREA):%Y-%m-%d %H:%M} in Korea, was taken instead: it only adds policies that are missing"
        with opened_store(configured, failed.source, dry_run=False, only_new=True) as store:
            yield write(_writing(failed, words), staged(wanted.portal, good.pages()), store, reporter(progress, wanted.portal.title))


def _mirror(configured: Settings, wanted: Order) -> Order | None:
    """The order to the source's mirror; None where it has none, or none that there is a key for."""
    portal = MIRRORS.get(wanted.portal.name)
    if portal is None:
        return None
    url, api_key = mirror_settings(configured, portal)
    return Order(portal, url, api_key, min(wanted.page_size, portal.page_size)) if api_key else None


def _from_mirror(configured: Settings, mirror: Order, failed: Summary, progress: Progress) -> Summary:
    source = failed.source
    words = f"{mirror.portal.title} was read instead"
    with opened_store(configured, source, dry_run=False) as store, opened_client(configured, mirror, f"{source}_mirror") as client:
        pages = gated(configured, store, source, dry_run=False, name=f"{source}_mirror")(staged(mirror.portal, pages_of(mirror, client, store)))
        return write(_writing(failed, words), pages, store, reporter(progress, mirror.portal.title))


def _writing(failed: Summary, words: str) -> Writing:
    return Writing(failed.source, instead=f"{words} ({failed.error_code}: {failed.error})", instead_code=failed.error_code)
