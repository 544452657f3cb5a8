"""What a page says of its listing survives the folder between the steps: without it a whole listing would not be known for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.failures import REFUSED, SPENT, TRANSIENT, SourceFailed, Verdict
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


@pytest.mark.parametrize(("verdict", "is_down"), [(TRANSIENT, True), (SPENT, True), (REFUSED, False)])
def test_whether_something_may_stand_in_survives_the_folder(tmp_path: Path, verdict: Verdict, is_down: bool) -> None:
    def pages() -> Iterator[Page]:
        yield PAGES[0]
        raise SourceFailed(verdict, "no second page")

    spool = Spool(tmp_path, "mss")
    assert spool.keep_fetched(pages(), begun=0.0).is_down == is_down
    spool.keep_staged(staged(PORTALS["mss"], spool.pages()))
    with pytest.raises(SourceFailed, match="no second page") as failed:
        list(Spool(tmp_path, "mss").staged())
    assert (failed.value.is_down, failed.value.code) == (is_down, verdict.code)


def test_a_folder_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    Spool(tmp_path, "mss").keep_fetched(PAGES, begun=0.0)
    known = tmp_path / "mss" / "fetched.json"
    known.write_text(json.dumps({name: value for name, value in json.loads(known.read_text()).items() if name != "is_down"}))
    fetched = Spool(tmp_path, "mss").fetched()
    assert fetched is not None
    assert (fetched.records, fetched.is_down) == (3, False)
