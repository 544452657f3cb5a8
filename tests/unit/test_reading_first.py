"""A listing that is read to its end first comes again as it came, also where its folder cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.failures import TRANSIENT, SourceFailed
from collectors.last_good import LastGood
from collectors.portals.portal import Page
from collectors.reading_first import ReadFirst

PAGES = [Page(({"id": 1},), 3), Page(({"id": 2, "name": "가"},), 3), Page(({"id": 3},), 3, is_last=True)]


@pytest.fixture(params=["a folder", "no folder"])
def good(request: pytest.FixtureRequest, tmp_path: Path) -> LastGood:
    if request.param == "no folder":
        (tmp_path / "in the way").write_text("")
    return LastGood(tmp_path / "in the way", "gov24")


def test_what_was_read_comes_again_after_its_shapes(good: LastGood) -> None:
    first = ReadFirst(good, iter(PAGES), 0.0)
    assert [shape.records for shape in first.shapes()] == [1, 1, 1]
    assert list(first.again()) == PAGES


def test_a_listing_that_broke_off_breaks_off_again_at_the_same_place(good: LastGood) -> None:
    def broken() -> Iterator[Page]:
        yield from PAGES[:2]
        raise SourceFailed(TRANSIENT, "no answer")

    first = ReadFirst(good, broken(), 0.0)
    with pytest.raises(SourceFailed):
        list(first.shapes())
    again = first.again()
    assert [next(again), next(again)] == PAGES[:2]
    with pytest.raises(SourceFailed, match="no answer"):
        next(again)


def test_what_is_of_no_more_use_is_removed(tmp_path: Path) -> None:
    good = LastGood(tmp_path, "gov24")
    list(ReadFirst(good, iter(PAGES), 0.0).shapes())
    good.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
