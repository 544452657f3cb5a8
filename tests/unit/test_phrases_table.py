"""Every phrase of the tables is read as people read it, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aegis.phrases.money import money
from tests.golden.phrases import ABSENT, money_answer, money_read, period_answer, period_read, table

MONEY, PERIOD = table("money"), table("period")


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["phrase"])[:40]


@pytest.mark.parametrize("entry", MONEY["phrases"], ids=_name)
def test_a_phrase_on_money_is_read_as_by_hand_or_not_at_all(entry: Mapping[str, Any]) -> None:
    if entry.get("unread"):
        assert money_read(entry) == ABSENT
        return
    assert money_read(entry) == money_answer(entry)
    assert sorted({each.kind for each in money(entry["phrase"]).evidence}) == entry["kinds"]


@pytest.mark.parametrize("entry", PERIOD["phrases"], ids=_name)
def test_a_phrase_on_a_period_is_read_as_by_hand_or_not_at_all(entry: Mapping[str, Any]) -> None:
    read = period_read(entry)
    if entry.get("unread"):
        assert read["start"] is read["end"] is None
        assert read["kind"] in {"none", "varies"}
        return
    assert read == period_answer(entry)


def test_the_share_that_is_read_is_the_one_that_the_tables_state() -> None:
    stating = [entry for entry in MONEY["phrases"] if money_answer(entry) != ABSENT]
    read = [entry for entry in stating if money_read(entry) == money_answer(entry)]
    _assert_counts(MONEY, stating, read)
    stating = [entry for entry in PERIOD["phrases"] if entry["kind"] != "none"]
    read = [entry for entry in stating if period_read(entry) == period_answer(entry)]
    _assert_counts(PERIOD, stating, read)
    assert len(MONEY["phrases"]) + len(PERIOD["phrases"]) >= 300


def _assert_counts(whole: Mapping[str, Any], stating: list[Any], read: list[Any]) -> None:
    counts, phrases = whole["counts"], whole["phrases"]
    unread = [entry for entry in phrases if entry.get("unread")]
    share = f"{len(read)} of {len(stating)} phrases that state something are read ({len(read) / len(stating):.1%})"
    print(f"{share}; {len(phrases)} phrases, none wrong")  # noqa: T201 - the share is a figure that the issue asks for
    assert counts == {"phrases": len(phrases), "stating": len(stating), "read": len(read), "unread": len(unread)}
    assert len({(entry["phrase"], entry.get("field")) for entry in phrases}) == len(phrases)
    assert all(len(entry["phrase"]) <= 80 for entry in phrases)
