"""Long lists laid out in files, matched part by part."""

from __future__ import annotations

import pytest

from batch import compare
from batch.spill import ITEMS_AT_ONCE, spilled
from tests.unit.test_reconcile_compare import suspects


def test_every_item_comes_back_once_and_equal_keys_meet_in_parts_of_one_number() -> None:
    items = [(f"정책-{number}", 2**61 + number, number % 2 == 0) for number in range(3 * ITEMS_AT_ONCE)]
    others = [(key, version) for key, version, _ in reversed(items)]
    with spilled(items, 5) as left, spilled(others, 5) as right:
        ours, theirs = [list(part) for part in left], [list(part) for part in right]
    assert sorted(item for part in ours for item in part) == sorted(items)
    assert [{key for key, *_ in part} for part in ours] == [{key for key, *_ in part} for part in theirs]


def test_nothing_is_laid_out_as_nothing() -> None:
    with spilled([], 3) as parts:
        assert [list(part) for part in parts] == [[], [], []]


def test_a_list_that_is_too_long_for_memory_names_the_same_suspects(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {f"k{number}": number for number in range(1, 400)}
    stored = {**rows, **dict.fromkeys((f"k{number}" for number in range(1, 200)), 1), "surplus": 7}
    del stored["k399"]
    whole = suspects(rows, stored)
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", 50)
    assert suspects(rows, stored) == whole == {*(f"k{number}" for number in range(2, 200)), "surplus", "k399"}
