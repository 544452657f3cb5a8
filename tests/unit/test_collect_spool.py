"""What a page says of its listing survives the folder between the steps: without it a whole listing would not be known for one."""

from __future__ import annotations

from pathlib import Path

from collectors.listing import Listing
from collectors.portals import PORTALS
from collectors.portals.portal import Page
from collectors.spool import Spool
from collectors.staging import staged
from infra.local.portals.mss import mss_row

ROWS = tuple(mss_row(number) for number in (1, 2, 3))
PAGES = [Page(ROWS[:2], 2, is_least=True), Page(ROWS[2:], 2, is_least=True, is_last=True)]


def test_pages_come_back_as_they_were_fetched(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "mss")
    spool.keep_fetched(PAGES, begun=0.0)
    assert list(Spool(tmp_path, "mss").pages()) == PAGES


def test_a_staged_listing_is_as_whole_as_the_fetched_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "mss")
    spool.keep_fetched(PAGES, begun=0.0)
    spool.keep_staged(staged(PORTALS["mss"], spool.pages()))
    listing = Listing()
    for page in Spool(tmp_path, "mss").staged():
        listing = listing.with_records(page.records, page.total, page.ids, is_least=page.is_least, is_last=page.is_last)
    assert (listing.ended, listing.gap, listing.rows) == (True, None, 3)
