"""The quality gate: which changes of a listing's columns are refused, which are told, and which are neither."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import Code
from collectors.gate import new_columns, refusals
from collectors.shape import NOTHING, Shape, shape_of
from tests.support.servers import REPOSITORY

BOKJIRO = REPOSITORY.parent / "shared" / "data" / "bokjiro"
RECORD: dict[str, Any] = {"id": "A1", "name": "창업 지원", "tags": ["가"], "views": 7, "memo": None}


def listing(number: int = 100, **changed: Any) -> Shape:
    """A listing of like records; a column changed to `...` is left out."""
    record = {name: value for name, value in {**RECORD, **changed}.items() if value is not ...}
    return shape_of([record] * number)


def partly(share: float, number: int = 100) -> Shape:
    """A listing in which `share` of the records have no name."""
    empty = round(number * share)
    return listing(empty, name="  ") + listing(number - empty)


CASES = [
    ("the same again", listing(), listing(30), False, []),
    ("the same again, whole", listing(), listing(), True, []),
    ("nothing known yet", NOTHING, listing(name=...), True, []),
    ("a column is gone", listing(), listing(name=...), False, [("name", Code.INVALID_FORMAT)]),
    ("a column is gone from a small page", listing(), listing(5, name=...), False, [("name", Code.INVALID_FORMAT)]),
    ("too few records to say", listing(), listing(4, name=...), False, []),
    ("a text became a list", listing(), listing(name=["창업 지원"]), False, [("name", Code.INVALID_FORMAT)]),
    ("a number became a text", listing(), listing(views="7"), False, [("views", Code.INVALID_FORMAT)]),
    ("a column that was always empty says something", listing(), listing(memo=3), True, []),
    ("most names are empty on a page", listing(), partly(0.6), False, [("name", Code.QUALITY_TOO_LOW)]),
    ("some names are empty on a page", listing(), partly(0.4), False, []),
    ("a third more names are empty in the listing", listing(), partly(0.4), True, [("name", Code.QUALITY_TOO_LOW)]),
    ("as many names are empty as before", partly(0.4), partly(0.5), True, []),
    ("a column of half the records is gone from a page", listing(50) + listing(50, name=...), listing(name=...), False, []),
    ("a column of half the records is gone from the listing", listing(50) + listing(50, name=...), listing(name=...), True, [("name", Code.INVALID_FORMAT)]),
    ("a new column", listing(), listing(more=1), True, []),
]


@pytest.mark.parametrize(("last", "now", "whole", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_change_of_the_columns_is_refused_where_it_is_no_accident(last: Shape, now: Shape, whole: bool, expected: list[tuple[str, Code]]) -> None:
    found = refusals(last, now, whole=whole)
    assert [(each.column, each.code) for each in found] == expected
    assert all(each.column in str(each) and len(each.reason) > 20 for each in found)


def test_new_columns_are_told() -> None:
    assert new_columns(listing(), listing(more=1, another="x")) == ("another", "more")
    assert new_columns(NOTHING, listing()) == ()


RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from([None, "", "x", 1, True, [], ["x"], {"y": 1}])), max_size=30)


@given(RECORDS, RECORDS)
def test_the_shape_of_pages_together_is_that_of_the_listing(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    whole = shape_of([*first, *second])
    assert shape_of(first) + shape_of(second) == whole
    assert Shape.from_document(json.loads(json.dumps(whole.as_document()))) == whole


@given(RECORDS)
def test_a_listing_that_did_not_change_passes_always(records: list[dict[str, Any]]) -> None:
    shape = shape_of(records)
    assert refusals(shape, shape, whole=True) == ()
    assert refusals(shape, shape, whole=False) == ()


def test_records_that_are_no_objects_have_no_columns() -> None:
    assert shape_of(["text", 5, None]) == NOTHING


@pytest.mark.skipif(not BOKJIRO.is_dir(), reason=f"no recorded records at {BOKJIRO}")
def test_the_recorded_change_of_bokjiro_is_told_and_its_undoing_refused() -> None:
    before, _, after = (local_shape(path.name) for path in sorted(BOKJIRO.glob("rebuilt_*.jsonl.gz")))
    assert "sprtTrgtCn" in new_columns(before, after)
    assert refusals(before, after, whole=True) == ()
    undone = {each.column: each.code for each in refusals(after, before, whole=True)}
    assert undone["sprtTrgtCn"] is Code.INVALID_FORMAT
    assert undone["srvPvsnNm"] is Code.QUALITY_TOO_LOW


def local_shape(name: str) -> Shape:
    """The shape of the local governments' programmes in one snapshot."""
    with gzip.open(BOKJIRO / name, "rt", encoding="utf-8") as lines:
        return shape_of(row for line in lines if "_region" in (row := json.loads(line)))
