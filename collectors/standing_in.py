"""What stands in for a source while it is down: its mirror, else its last good listing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.progress import Progress

from aegis.korea import KOREA
from aegis.settings import Settings
from collectors.last_good import LastGood
from collectors.portals import MIRRORS, Portal
from collectors.reading_first import ReadFirst
from collectors.run import Writing, write
from collectors.session import gated, mirror_settings, opened_client, opened_store, pages_of
from collectors.showing import reporter, watched
from collectors.staging import Order, staged
from collectors.summary import Summary


def stood_in(configured: Settings, portal: Portal, failed: Summary, progress: Progress, page_size: int) -> Summary:
    """What stood in for a portal whose own run ended with `failed`, the best that can; `failed` where nothing can. Raises ClickException as `opened_store`.

    `page_size`: records that a mirror is asked for in one request.
    """
    return next(_instead(configured, portal, failed, progress, page_size), failed)


def _instead(configured: Settings, portal: Portal, failed: Summary, progress: Progress, page_size: int) -> Iterator[Summary]:
    mirror = _mirror(configured, portal, page_size)
    if mirror is not None:
        summary = _from_mirror(configured, mirror, failed, progress)
        if summary.error is None:
            yield summary
    good = LastGood(configured.collect_spool_dir, failed.source)
    begun = good.begun()
    if begun is not None:
        words = f"its last good listing, of {begun.astimezone(KOREA):%Y-%m-%d %H:%M} in Korea, was taken instead: it only adds policies that are missing"
        with opened_store(configured, failed.source, dry_run=False, only_new=True) as store:
            yield write(_writing(failed, words), staged(portal, good.pages()), store, reporter(progress, portal.title))


def _mirror(configured: Settings, portal: Portal, page_size: int) -> Order | None:
    """The order to the portal's mirror; None where it has none, or none that there is a key for."""
    mirror = MIRRORS.get(portal.name)
    if mirror is None:
        return None
    url, api_key = mirror_settings(configured, mirror)
    return Order(mirror, url, api_key, min(page_size, mirror.page_size)) if api_key else None


def _from_mirror(configured: Settings, mirror: Order, failed: Summary, progress: Progress) -> Summary:
    source, name, title = failed.source, f"{failed.source}_mirror", mirror.portal.title
    aside = LastGood(configured.collect_spool_dir, name)
    with opened_store(configured, source, dry_run=False) as store, opened_client(configured, mirror, name) as client:
        first = ReadFirst(aside, watched(pages_of(mirror, client, store), progress, f"{title} (read)"), time.time())
        pages = gated(configured, store, source, dry_run=False, name=name, beforehand=first.shapes)(staged(mirror.portal, first.again()))
        summary = write(_writing(failed, f"{title} was read instead"), pages, store, reporter(progress, title))
        aside.discard()
    return summary


def _writing(failed: Summary, words: str) -> Writing:
    return Writing(failed.source, instead=f"{words} ({failed.error_code}: {failed.error})", instead_code=failed.error_code)
