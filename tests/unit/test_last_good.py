"""A listing is the last good one once it is whole and known to be good; a folder that cannot be written holds up nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.failures import TRANSIENT, SourceFailed
from collectors.last_good import LastGood
from collectors.portals.portal import Page

FIRST, SECOND = (Page(({"id": 1},), 2), Page(({"id": 2},), 2)), (Page(({"id": 3},), 1),)


def received(folder: Path, pages: tuple[Page, ...], begun: float = 0.0) -> LastGood:
    good = LastGood(folder, "gov24")
    assert tuple(good.receiving(pages, begun)) == pages
    return good


def test_what_was_received_is_kept_when_it_is_good_and_not_before(tmp_path: Path) -> None:
    good = received(tmp_path, FIRST, 60.0)
    assert good.begun() is None
    good.keep()
    assert tuple(LastGood(tmp_path, "gov24").pages()) == FIRST
    assert good.begun() == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    received(tmp_path, SECOND).keep()
    assert tuple(LastGood(tmp_path, "gov24").pages()) == SECOND
    assert LastGood(tmp_path, "bizinfo").begun() is None


def test_a_listing_that_breaks_off_cannot_be_kept(tmp_path: Path) -> None:
    received(tmp_path, FIRST).keep()

    def broken() -> Iterator[Page]:
        yield SECOND[0]
        raise SourceFailed(TRANSIENT, "no answer")

    good = LastGood(tmp_path, "gov24")
    with pytest.raises(SourceFailed):
        list(good.receiving(broken(), 0.0))
    good.keep()
    assert tuple(LastGood(tmp_path, "gov24").pages()) == FIRST


def test_a_folder_that_cannot_be_written_holds_up_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    good = received(tmp_path / "file", FIRST)
    good.keep()
    assert good.begun() is None


def test_what_was_received_is_closed_to_others(tmp_path: Path) -> None:
    received(tmp_path, FIRST).keep()
    assert (tmp_path / "gov24" / "pages").stat().st_mode & 0o077 == 0


def test_a_listing_that_begins_to_come_in_before_the_one_before_was_kept_does_not_mix_with_it(tmp_path: Path) -> None:
    first, second = received(tmp_path, FIRST), LastGood(tmp_path, "gov24")
    coming = second.receiving((*SECOND, *FIRST), 60.0)
    assert next(coming) == SECOND[0]
    first.keep()
    assert LastGood(tmp_path, "gov24").begun() is None
    assert len(list(coming)) == 2
    second.keep()
    assert tuple(LastGood(tmp_path, "gov24").pages()) == (*SECOND, *FIRST)
