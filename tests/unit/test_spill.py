"""Long lists laid out in files, matched part by part."""

from __future__ import annotations

from contextlib import closing

import pytest

from aegis import spill
from aegis.spill import Item, Spill
from batch import compare
from tests.unit.test_reconcile_compare import suspects


def parts_of(laid_out: Spill) -> list[list[Item]]:
    return [list(laid_out.read(part)) for part in range(laid_out.parts)]


def test_every_item_comes_back_once_and_equal_keys_meet_in_parts_of_one_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "ITEMS_AT_ONCE", 100)
    items = [(f"정책-{number}", 2**61 + number, number % 2 == 0) for number in range(1_234)]
    with closing(Spill(5)) as left, closing(Spill(5)) as right:
        left.lay_out(items)
        right.lay_out((key, version) for key, version, _ in reversed(items))
        ours, theirs = parts_of(left), parts_of(right)
        assert parts_of(left) == ours
    assert sorted(item for part in ours for item in part) == sorted(items)
    assert [{key for key, *_ in part} for part in ours] == [{key for key, *_ in part} for part in theirs]
    assert all(ours)


def test_parts_are_written_and_read_in_turn() -> None:
    with closing(Spill(2)) as laid_out:
        laid_out.write(1, [("a", 1)])
        reading = laid_out.read(1)
        assert next(reading) == ("a", 1)
        laid_out.write(0, [("b", 2)])
        laid_out.write(1, [("c", 3)])
        assert parts_of(laid_out) == [[("b", 2)], [("a", 1), ("c", 3)]]


def test_nothing_is_laid_out_as_nothing() -> None:
    with closing(Spill(3)) as laid_out:
        laid_out.lay_out([])
        assert parts_of(laid_out) == [[], [], []]


def test_the_file_goes_with_the_spill() -> None:
    laid_out = Spill(1)
    laid_out.write(0, [("a",)])
    file = laid_out._file
    del laid_out
    assert file.closed


def test_a_list_that_is_too_long_for_memory_names_the_same_suspects(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {f"k{number}": number for number in range(1, 400)}
    stored = {**rows, **dict.fromkeys((f"k{number}" for number in range(1, 200)), 1), "surplus": 7}
    del stored["k399"]
    whole = suspects(rows, stored)
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", 50)
    assert suspects(rows, stored) == whole == {*(f"k{number}" for number in range(2, 200)), "surplus", "k399"}
