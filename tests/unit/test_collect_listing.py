"""Nothing is archived but after a listing that is known to be whole and believable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.listing import Listing, Standing, refusal_to_archive
from collectors.portals.portal import Page


def pages(*sizes: int, total: int | None) -> Listing:
    listing, first = Listing(), 0
    for size in sizes:
        ids = [str(number) for number in range(first, first + size)]
        listing = listing.with_page(Page(tuple(ids), total), ids)
        first += size
    return listing


@pytest.mark.parametrize(
    ("listing", "words"),
    [
        (pages(10, 5, total=15), None),
        (pages(10, 5, 0, total=None), None),
        (pages(0, total=0), None),
        (pages(10, total=15), "left after 1 pages"),
        (pages(10, 0, total=15), "states 15 records and listed 10"),
        (pages(10, 10, total=15), "states 15 records and listed 20"),
        (pages(10, total=20).with_page(Page(("x",) * 11, 21), "x"), "changed it while it was read"),
        (pages(10, 5, total=None), "left after 2 pages"),
    ],
)
def test_a_listing_is_whole_or_says_what_it_lacks(listing: Listing, words: str | None) -> None:
    assert (words is None and listing.gap is None) or (words is not None and words in (listing.gap or ""))


def test_a_listing_that_moved_while_it_was_read_is_told_by_the_record_that_came_twice() -> None:
    """One was put in front and another taken away: the total is as it was, the last record of page 1 comes again, and whoever moved past the pages does not."""
    moved = Listing().with_records(3, 6, "abc").with_records(3, 6, "cde")
    assert (moved.gap, moved.twice) == (None, 1)
    assert "1 records came twice" in (refusal_to_archive(moved, Standing(known=6, absent=1)) or "")
    assert refusal_to_archive(moved, Standing(known=6, absent=1), force=True) is None
    assert refusal_to_archive(moved, Standing(known=5, absent=0)) is None
    within_a_page = Listing().with_records(3, 3, "ab")
    assert (within_a_page.gap, within_a_page.twice) == (None, 1)


def test_records_without_an_identifier_came_once_each() -> None:
    listing = Listing().with_records(3, 5, "a", strangers=2).with_records(2, 5, "b", strangers=1)
    assert (listing.gap, listing.twice) == (None, 0)


def test_a_portal_that_ignores_page_numbers_ends_the_listing() -> None:
    first = Page(("a", "b"), None)
    listing = Listing().with_page(first, "ab").with_page(first, "ab")
    assert listing.ended
    assert (listing.rows, listing.gap) == (2, None)


def test_a_capped_page_size_does_not_end_the_listing() -> None:
    assert not pages(500, total=1840).ended


def least(*sizes: int, total: int, size: int = 10) -> Listing:
    """Pages of at most `size` records of a portal that states fewer records than it has."""
    listing, first = Listing(), 0
    for count in sizes:
        ids = [str(number) for number in range(first, first + count)]
        listing = listing.with_page(Page(tuple(ids), total, is_least=True, is_last=count < size), ids)
        first += count
    return listing


@pytest.mark.parametrize(
    ("listing", "ended", "words"),
    [
        (least(10, 5, total=14), True, None),  # 84 were stated, 85 came
        (least(10, 5, total=15), True, None),
        (least(10, total=10), False, "left after 1 pages"),  # full: more may follow
        (least(10, 1, total=10), True, None),
        (least(10, 0, total=10), True, None),
        (least(10, 5, total=16), False, "left after 2 pages"),  # short, but the stated total is not reached
        (least(10, 5, 0, total=16), True, "states 16 records and listed 15"),
        (least(10, total=10).with_page(Page(("x",), 11, is_least=True, is_last=True), "x"), True, "changed it while it was read"),
    ],
)
def test_a_total_that_is_too_low_ends_a_listing_together_with_a_short_page(listing: Listing, ended: bool, words: str | None) -> None:
    assert listing.ended is ended
    assert (words is None and listing.gap is None) or (words is not None and words in (listing.gap or ""))


WHOLE = pages(10, total=10)
EMPTY = pages(0, total=0)


@pytest.mark.parametrize(
    ("listing", "standing", "words"),
    [
        (WHOLE, Standing(known=10, absent=0), None),
        (WHOLE, Standing(known=20, absent=10), None),
        (WHOLE, Standing(known=21, absent=11), "11 of 21"),
        (EMPTY, Standing(known=3, absent=3), "empty"),
        (EMPTY, Standing(known=0, absent=0), None),
        (WHOLE, Standing(known=10, absent=1, strangers=1), "usable identifier"),
        (pages(10, total=12), Standing(known=10, absent=1), "not complete"),
    ],
)
def test_archiving_is_refused_with_a_reason(listing: Listing, standing: Standing, words: str | None) -> None:
    reason = refusal_to_archive(listing, standing)
    assert (words is None and reason is None) or (words is not None and words in (reason or ""))


def test_force_overrides_doubt_but_not_a_gap() -> None:
    assert refusal_to_archive(EMPTY, Standing(3, 3), force=True) is None
    assert refusal_to_archive(WHOLE, Standing(100, 99, 5), force=True) is None
    assert "not complete" in (refusal_to_archive(pages(10, total=12), Standing(100, 1), force=True) or "")


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 60))
def test_a_listing_that_lacks_pages_is_never_whole(total: int, size: int, served: int) -> None:
    listing, start = Listing(), 0
    while not listing.ended:
        ids = [str(number) for number in range(start, min(start + size, served, total))]
        listing = listing.with_page(Page(tuple(ids), total), ids)
        start += size
    assert (listing.gap is None) == (served >= total)
