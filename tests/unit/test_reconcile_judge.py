"""What is wrong with a record, and what mends it, case by case."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aegis.claim import Claim, claim_of
from aegis.inspection import NO_STAMP, Listed
from aegis.position import SourcePosition
from aegis.record import StoredRecord
from aegis.stamp import Rank, Stamp
from batch.finding import DriftClass, Judgement, Repair
from batch.judge import PLAUSIBLE_LEAD, Expected, Found, changed_fields, judge

KEY, DRAWN = "P-1", 1_000
CONTENT = {"title": "소상공인 정책자금", "edges": {"TARGETS_REGION": ["11"]}}
ROW = Expected(10, CONTENT)
WITHDRAWN = Expected(10, None)


def found(version: int, rank: Rank = Rank.UPSERT, content: Any = CONTENT, *, visible: bool | None = None, copies: int = 1, claim: Claim | None = None) -> Found:
    stamp = Stamp(version, rank)
    position = SourcePosition("aegis.public.policies", 0, 1)
    stored = StoredRecord("policies", KEY, stamp, content, position, datetime(2026, 11, 21, tzinfo=UTC), claim or claim_of(KEY, version))
    return Found(Listed(KEY, stamp.packed, content is not None if visible is None else visible, copies), stored)


def stray(*, visible: bool = True) -> Found:
    return Found(Listed(KEY, NO_STAMP, visible), None)


IMPOSSIBLE = DRAWN + PLAUSIBLE_LEAD + 1
CASES: dict[str, tuple[Expected | None, Found | None, Judgement | None]] = {
    "equal": (ROW, found(10), None),
    "equal after a repair": (ROW, found(10, Rank.REPAIR), None),
    "withdrawn": (WITHDRAWN, found(10, content=None), None),
    "nobody knows it": (None, None, None),
    "deleted": (None, found(10, Rank.DELETE, None), None),
    "a withdrawn row whose delete is lost": (
        None,
        found(10, content=None),
        Judgement(DriftClass.ORPHAN, Repair.DELETE, "withdrawn, and its delete is lost"),
    ),
    "missing": (ROW, None, Judgement(DriftClass.MISSING, Repair.WRITE)),
    "the tombstone of a withdrawn row is missing": (WITHDRAWN, None, Judgement(DriftClass.MISSING, Repair.WRITE)),
    "only a stray": (ROW, stray(), Judgement(DriftClass.MISSING, Repair.WRITE, "no readable bookkeeping", (NO_STAMP,))),
    "an orphan": (None, found(10), Judgement(DriftClass.ORPHAN, Repair.DELETE)),
    "an orphan beyond the sequence": (None, found(DRAWN + 1), Judgement(DriftClass.ORPHAN, Repair.DELETE, "beyond the sequence")),
    "an orphan with an impossible stamp": (
        None,
        found(IMPOSSIBLE),
        Judgement(DriftClass.ORPHAN, Repair.FORGET, "a stamp that no row drew", (Stamp(IMPOSSIBLE, Rank.UPSERT).packed,)),
    ),
    "a delete that left something behind": (None, found(10, Rank.DELETE), Judgement(DriftClass.ORPHAN, Repair.DELETE)),
    "a stray orphan": (None, stray(), Judgement(DriftClass.ORPHAN, Repair.FORGET, "no readable bookkeeping", (NO_STAMP,))),
    "a placeholder of nothing": (None, stray(visible=False), Judgement(DriftClass.DANGLING, Repair.FORGET, "no readable bookkeeping", (NO_STAMP,))),
    "an old version": (ROW, found(9), Judgement(DriftClass.STALE, Repair.WRITE)),
    "an old delete": (ROW, found(9, Rank.DELETE, None), Judgement(DriftClass.STALE, Repair.WRITE)),
    "a newer version": (ROW, found(11), Judgement(DriftClass.AHEAD_OF_TRUTH, Repair.TOUCH)),
    "deleted at the row's version": (ROW, found(10, Rank.DELETE, None), Judgement(DriftClass.AHEAD_OF_TRUTH, Repair.TOUCH)),
    "beyond the sequence": (ROW, found(DRAWN + 5), Judgement(DriftClass.AHEAD_OF_TRUTH, Repair.TOUCH, "beyond the sequence")),
    "impossible": (
        ROW,
        found(IMPOSSIBLE),
        Judgement(DriftClass.AHEAD_OF_TRUTH, Repair.WRITE, "a stamp that no row drew", (Stamp(IMPOSSIBLE, Rank.UPSERT).packed,)),
    ),
    "another content": (ROW, found(10, content={**CONTENT, "title": "다른 제목"}), Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "title")),
    "an edge too many": (
        ROW,
        found(10, content={**CONTENT, "edges": {"TARGETS_REGION": ["11", "26"]}}),
        Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "edges.TARGETS_REGION"),
    ),
    "an expired value": (ROW, found(10, content=None), Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "not visible")),
    "visible though withdrawn": (WITHDRAWN, found(10), Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "visible")),
    "withdrawn with edges left": (WITHDRAWN, found(10, content=None, visible=True), Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "visible")),
    "a wrong claim": (ROW, found(10, claim=Claim(1, 1)), Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "claim")),
    "compensated though nobody holds it": (ROW, found(10, Rank.COMPENSATION, None), Judgement(DriftClass.CONTENT_DIFFERS, Repair.TOUCH, "not visible")),
    "a second copy": (ROW, found(10, copies=2), Judgement(DriftClass.DUPLICATE, Repair.WRITE, "", (NO_STAMP,))),
    "a copy beside a tombstone": (None, found(10, Rank.DELETE, None, copies=2), Judgement(DriftClass.DUPLICATE, Repair.FORGET, "", (NO_STAMP,))),
}


@pytest.mark.parametrize("case", CASES)
def test_a_record_is_judged(case: str) -> None:
    row, stored, wanted = CASES[case]
    assert judge(KEY, row, stored, held=False, drawn=DRAWN, placeholders=True) == wanted


def test_what_no_reader_sees_is_an_orphan_where_there_are_no_placeholders() -> None:
    judgement = judge(KEY, None, stray(visible=False), held=False, drawn=DRAWN)
    assert judgement == Judgement(DriftClass.ORPHAN, Repair.FORGET, "no readable bookkeeping", (NO_STAMP,))


@pytest.mark.parametrize("stored", [None, found(9), found(10), found(10, Rank.COMPENSATION, None), found(11)])
def test_a_held_key_is_left_alone(stored: Found | None) -> None:
    judgement = judge(KEY, ROW, stored, held=True, drawn=DRAWN)
    assert judgement is not None
    assert (judgement.drift, judgement.repair) == (DriftClass.HELD, None)


def test_a_hold_ends_with_the_row() -> None:
    judgement = judge(KEY, None, found(10), held=True, drawn=DRAWN)
    assert judgement == Judgement(DriftClass.ORPHAN, Repair.DELETE)


def test_a_wrong_vector_is_written_again() -> None:
    stored = found(10)
    judgement = judge(KEY, ROW, Found(stored.listed, stored.stored, wrong_vector=True), held=False, drawn=DRAWN)
    assert judgement == Judgement(DriftClass.CONTENT_DIFFERS, Repair.WRITE, "vector")


def test_a_row_that_makes_no_record_is_sent_again_so_that_its_app_rejects_it() -> None:
    judgement = judge(KEY, Expected(10, None, unprojectable="field status: is missing"), found(9), held=False, drawn=DRAWN)
    assert judgement is not None
    assert judgement.repair is Repair.WRITE


def test_differing_fields_are_named() -> None:
    assert changed_fields({"a": 1, "b": {"c": 1, "d": 2}}, {"a": 1, "b": {"c": 2, "d": 2}, "e": None}) == ["b.c"]
    assert changed_fields({"a": 1}, {"a": 1, "e": 0}) == ["e"]
