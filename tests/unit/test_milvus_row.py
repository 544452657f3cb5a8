"""What a collection keeps of a record, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import ChangeRejected, Code
from aegis.position import SourcePosition
from aegis.projections.shapes import VectorCollection, VectorField
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores import milvus_row
from aegis.stores.milvus_calls import one_of

SHAPE = VectorCollection(
    "things",
    "thing_id",
    (
        VectorField("title", "text", max_bytes=10),
        VectorField("regions", "texts", max_bytes=4, max_items=2),
        VectorField("amount", "integer"),
        VectorField("is_active", "boolean"),
    ),
)
FIELDS: dict[str, Any] = {"title": "제목", "regions": ["11"], "amount": 1, "is_active": True}
RECORD = Record("things", "T-1", Stamp(7, Rank.UPSERT), {"text": "글", "fields": FIELDS}, SourcePosition("t", 0, 1))


def with_field(name: str, value: object) -> Record:
    return replace(RECORD, content={"text": "글", "fields": {**FIELDS, name: value}})


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_is_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    kept = milvus_row.cut(text, limit)
    assert text.startswith(kept)
    assert len(kept.encode()) <= limit
    assert kept == text or len(text[: len(kept) + 1].encode()) > limit


def test_long_texts_are_cut_by_bytes_between_characters() -> None:
    kept = milvus_row.fields({"fields": {**FIELDS, "title": "가나다라", "regions": ["가나"]}}, SHAPE)
    assert (kept["title"], kept["regions"]) == ("가나다", ["가"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("regions", ["11", "26", "41"]),
        ("regions", "11"),
        ("regions", [11]),
        ("title", None),
        ("title", "\ud800"),
        ("amount", 2**63),
        ("amount", True),
        ("amount", 1.5),
        ("is_active", 1),
    ],
)
def test_what_a_field_cannot_hold_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ChangeRejected, match=rf"things T-1: field {field}: .+; ") as caught:
        milvus_row.require_content(with_field(field, value), SHAPE)
    assert caught.value.code is Code.MILVUS_SYNC_FAILED


def test_a_record_that_fits_is_accepted() -> None:
    milvus_row.require_key(RECORD, SHAPE)
    milvus_row.require_content(RECORD, SHAPE)
    assert milvus_row.fields(RECORD.content or {}, SHAPE) == FIELDS  # nothing of it is cut


@pytest.mark.parametrize("key", ["한" * 171, "a\nb", "a\x00b", "\ud800"])
def test_a_key_that_no_collection_can_hold_is_refused(key: str) -> None:
    with pytest.raises(ChangeRejected, match="field thing_id"):
        milvus_row.require_key(replace(RECORD, key=key), SHAPE)


def test_only_finite_vectors_of_length_one_are_usable() -> None:
    unit = np.eye(1, 4, dtype=np.float32)[0]
    vectors = np.stack([unit, unit * 2, unit * 0, np.full(4, np.nan, dtype=np.float32), np.array([np.inf, 0, 0, 0], dtype=np.float32)])
    assert milvus_row.usable(vectors).tolist() == [True, False, False, False, False]


def test_a_row_and_back_gives_the_record_with_everything_that_it_carries() -> None:
    row = {**milvus_row.bookkeeping(RECORD, SHAPE, milvus_row._EPOCH), **FIELDS, "text_hash": "h", "model": "m"}
    stored = milvus_row.stored_record("things", SHAPE, row, None)
    assert (stored.key, stored.stamp, stored.position, stored.claim) == (RECORD.key, RECORD.stamp, RECORD.position, RECORD.claim)
    assert stored.content == {"fields": FIELDS, "text_hash": "h", "model": "m"}


def test_a_record_in_both_collections_has_the_higher_stamp_and_shows_what_readers_see() -> None:
    dead = replace(RECORD, stamp=Stamp(7, Rank.DELETE), content=None)
    visible = {**milvus_row.bookkeeping(RECORD, SHAPE, milvus_row._EPOCH), **FIELDS, "text_hash": "h", "model": "m"}
    stored = milvus_row.stored_record("things", SHAPE, visible, milvus_row.bookkeeping(dead, SHAPE, milvus_row._EPOCH))
    assert stored.stamp == dead.stamp
    assert stored.content is not None


def test_a_filter_quotes_whatever_a_key_has() -> None:
    assert one_of("id", ["a", 'q"\\', "한"]) == r'id in ["a","q\"\\","한"]'
