"""The one rule, held by every store: what apply, fetch, scan and count promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from aegis.claim import claim_of
from aegis.errors import STORE_CODES, ChangeRejected
from aegis.position import SourcePosition
from aegis.record import APPLIED, STALE, Record, Verdict
from aegis.stamp import Rank, Stamp
from aegis.stores.protocol import Count
from tests.contract.opened import Opened
from tests.contract.records import batches, content, image, position, tombstone, upsert


def visible(opened: Opened, key: str, table: str = "policies") -> object:
    """The content of one key as fetch gives it; None for a tombstone."""
    return opened.store.fetch(table, [key])[key].content


def test_what_was_applied_is_fetched_with_everything_that_it_carries(opened: Opened) -> None:
    record, before = upsert(opened, "P-1", 41), datetime.now(UTC)
    assert opened.store.apply([record]) == [APPLIED]

    stored = opened.store.fetch("policies", ["P-1", "absent"])
    assert set(stored) == {"P-1"}
    held = stored["P-1"]
    assert record.content is not None
    assert held.content == opened.stored("policies", record.content)
    assert (held.table, held.key, held.stamp, held.position, held.claim) == ("policies", "P-1", Stamp(41, Rank.UPSERT), position(41), claim_of("P-1", 41))
    assert held.applied_at.tzinfo is not None
    assert before - timedelta(seconds=5) <= held.applied_at <= datetime.now(UTC) + timedelta(seconds=5)
    assert opened.readers_see("policies", "P-1")


def test_every_table_of_the_store_is_kept_apart(opened: Opened) -> None:
    tables = sorted(opened.store.tables)
    records = [upsert(opened, "same-key", 10 + n, table=table) for n, table in enumerate(tables)]
    assert opened.store.apply(records) == [APPLIED] * len(tables)
    for record in records:
        assert record.content is not None
        assert opened.store.fetch(record.table, ["same-key"])["same-key"].content == opened.stored(record.table, record.content)
        assert opened.store.count(record.table) == Count(visible=1, tombstones=0)
        assert [held.stamp for held in opened.store.scan(record.table)] == [record.stamp]


def test_a_position_without_wal_coordinates_comes_back_as_it_was(opened: Opened) -> None:
    nowhere = SourcePosition("aegis.corrections", 0, 2**40)
    opened.store.apply([Record("policies", "P-1", Stamp(5, Rank.REPAIR), content(opened, "policies", "P-1", 5), nowhere)])
    assert opened.store.fetch("policies", ["P-1"])["P-1"].position == nowhere


def test_the_largest_stamp_keeps_every_digit(opened: Opened) -> None:
    top = 2**61 - 1
    assert opened.store.apply([tombstone("P-1", top - 1)]) == [APPLIED]
    assert opened.store.apply([upsert(opened, "P-1", top)]) == [APPLIED]
    assert opened.store.apply([tombstone("P-1", top - 1)]) == [STALE]
    assert opened.store.fetch("policies", ["P-1"])["P-1"].stamp == Stamp(top, Rank.UPSERT)
    assert opened.store.apply([tombstone("P-1", top)]) == [APPLIED]
    assert opened.store.fetch("policies", ["P-1"])["P-1"].stamp == Stamp(top, Rank.DELETE)


@pytest.mark.parametrize(("older", "newer"), [(2, 3), (9, 10), (99, 100), (2**31, 2**31 + 1), (2**53, 2**53 + 1)])
def test_newer_wins_and_older_is_stale_in_either_order(opened: Opened, older: int, newer: int) -> None:
    old, new = upsert(opened, "P-1", older, title="옛 제목"), upsert(opened, "P-1", newer, title="새 제목")
    assert new.content is not None
    assert [opened.store.apply([record]) for record in (old, new, old)] == [[APPLIED], [APPLIED], [STALE]]
    assert visible(opened, "P-1") == opened.stored("policies", new.content)


def test_the_same_change_delivered_again_is_applied_again(opened: Opened) -> None:
    record = upsert(opened, "P-1", 7)
    assert [opened.store.apply([record]) for _ in range(3)] == [[APPLIED]] * 3
    assert opened.store.count("policies") == Count(visible=1, tombstones=0)


@pytest.mark.parametrize("settles", [False, True], ids=["at-once", "after-the-server-settled"])
def test_ranks_decide_at_one_version(opened: Opened, settles: bool) -> None:
    made = {rank: upsert(opened, "P-1", 7, rank=rank, title=rank.name) for rank in (Rank.UPSERT, Rank.COMPENSATION, Rank.REPAIR)}
    made[Rank.DELETE] = tombstone("P-1", 7)
    for rank in Rank:
        assert opened.store.apply([made[rank]]) == [APPLIED]
        if settles:
            opened.settle()
        assert [opened.store.apply([made[lower]]) for lower in Rank if lower < rank] == [[STALE]] * rank
        assert opened.store.fetch("policies", ["P-1"])["P-1"].stamp.rank is rank


def test_a_delete_leaves_a_tombstone_that_only_aegis_sees(opened: Opened) -> None:
    opened.store.apply([upsert(opened, "P-1", 7), upsert(opened, "P-2", 8)])
    assert opened.store.apply([tombstone("P-1", 7)]) == [APPLIED]

    held = opened.store.fetch("policies", ["P-1"])["P-1"]
    assert (held.content, held.stamp, held.position, held.claim) == (None, Stamp(7, Rank.DELETE), position(7), claim_of("P-1", 7))
    assert {held.key: held.content is None for held in opened.store.scan("policies")} == {"P-1": True, "P-2": False}
    assert opened.store.count("policies") == Count(visible=1, tombstones=1)
    assert not opened.readers_see("policies", "P-1")
    assert opened.readers_see("policies", "P-2")


def test_a_delete_of_what_never_arrived_leaves_a_tombstone_too(opened: Opened) -> None:
    assert opened.store.apply([tombstone("P-1", 7)]) == [APPLIED]
    assert opened.store.apply([upsert(opened, "P-1", 7)]) == [STALE]
    assert opened.store.count("policies") == Count(visible=0, tombstones=1)


@pytest.mark.parametrize("settles", [False, True], ids=["at-once", "after-the-server-settled"])
def test_an_old_upsert_never_resurrects_a_deleted_row_and_a_new_insert_does(opened: Opened, settles: bool) -> None:
    first = [upsert(opened, "P-1", version, title=f"제{version}판") for version in (3, 5)]
    for record in (*first, tombstone("P-1", 5)):
        opened.store.apply([record])
        if settles:
            opened.settle()
    assert [opened.store.apply([record]) for record in first] == [[STALE], [STALE]]
    assert not opened.readers_see("policies", "P-1")

    again = upsert(opened, "P-1", 6, title="다시")
    assert again.content is not None
    assert opened.store.apply([again]) == [APPLIED]
    assert opened.store.apply([tombstone("P-1", 5)]) == [STALE]
    assert visible(opened, "P-1") == opened.stored("policies", again.content)
    assert opened.readers_see("policies", "P-1")
    assert opened.store.count("policies") == Count(visible=1, tombstones=0)


def test_a_compensation_by_the_before_image_beats_its_version_and_loses_to_the_next(opened: Opened) -> None:
    before, refused, after = (upsert(opened, "P-1", version, title=f"제{version}판") for version in (1, 2, 3))
    image_back = Record("policies", "P-1", Stamp(2, Rank.COMPENSATION), before.content, position(2))
    assert before.content is not None
    assert [opened.store.apply([record]) for record in (before, refused, image_back, refused)] == [[APPLIED], [APPLIED], [APPLIED], [STALE]]
    assert visible(opened, "P-1") == opened.stored("policies", before.content)
    assert [opened.store.apply([record]) for record in (after, image_back)] == [[APPLIED], [STALE]]


def test_a_compensation_by_withdrawal_hides_the_record_until_the_next_version(opened: Opened) -> None:
    refused, withdrawal = upsert(opened, "P-1", 2), tombstone("P-1", 2, rank=Rank.COMPENSATION)
    assert [opened.store.apply([record]) for record in (withdrawal, refused)] == [[APPLIED], [STALE]]
    assert not opened.readers_see("policies", "P-1")
    assert opened.store.apply([tombstone("P-1", 2), upsert(opened, "P-2", 3)]) == [APPLIED, APPLIED]
    assert opened.store.apply([withdrawal]) == [STALE]
    assert opened.store.apply([upsert(opened, "P-1", 4)]) == [APPLIED]
    assert opened.readers_see("policies", "P-1")


def test_one_rejected_record_does_not_keep_its_neighbours_from_being_written(opened: Opened) -> None:
    records = [upsert(opened, f"P-{n}", 100 + n) for n in range(9)]
    records[4] = opened.poison(records[4])
    outcomes = opened.store.apply(records)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.APPLIED] * 4 + [Verdict.REJECTED] + [Verdict.APPLIED] * 4
    reason = outcomes[4].reason
    assert isinstance(reason, ChangeRejected)
    assert reason.code is STORE_CODES[opened.store.name.partition("-")[0]]
    assert "policies" in reason.message
    assert "P-4" in reason.message
    assert set(opened.store.fetch("policies", [record.key for record in records])) == {f"P-{n}" for n in range(9) if n != 4}


def test_a_rejected_record_leaves_what_was_stored_as_it_was(opened: Opened) -> None:
    good = upsert(opened, "P-1", 1)
    opened.store.apply([good])
    assert opened.store.apply([opened.poison(upsert(opened, "P-1", 2))])[0].verdict is Verdict.REJECTED
    assert good.content is not None
    assert visible(opened, "P-1") == opened.stored("policies", good.content)
    assert opened.store.fetch("policies", ["P-1"])["P-1"].stamp == good.stamp


def test_a_poison_record_that_something_newer_has_overtaken_is_stale(opened: Opened) -> None:
    poison, withdrawal = opened.poison(upsert(opened, "P-1", 2)), tombstone("P-1", 2, rank=Rank.COMPENSATION)
    assert opened.store.apply([poison])[0].verdict is Verdict.REJECTED
    assert opened.store.apply([withdrawal]) == [APPLIED]
    assert opened.store.apply([upsert(opened, "P-0", 9), poison]) == [APPLIED, STALE]


def test_text_of_every_kind_comes_back_unchanged(opened: Opened) -> None:
    texts: dict[str, Any] = {
        "title": "한글 'quotes\" `tick` \\ backslash \\n 〮 ㈜ ①②",
        "content": '첫 줄\r\n둘째 줄\t탭\n👩🏽‍🌾🇰🇷 가족👨‍👩‍👧‍👦 \u200b폭 없는 공백\u2028줄 나눔 {"json": [1, null]} $1 :param %s {{x}} <b>x</b>',
        "issuing_organization": "기관 'O''Brien'; DROP TABLE policies; --",
        "category": "",
        "tags": ["따옴표'\"", "줄\n바꿈", "🐙", " 앞뒤 공백 "],
    }
    record = upsert(opened, "키 '한글'/🙂:*?[a]{b}", 1, **texts)
    assert record.content is not None
    assert opened.store.apply([record]) == [APPLIED]
    assert visible(opened, record.key) == opened.stored("policies", record.content)
    assert [held.key for held in opened.store.scan("policies")] == [record.key]
    assert opened.readers_see("policies", record.key)


def test_empty_arrays_and_missing_values_come_back_as_they_were(opened: Opened) -> None:
    full = image("policies", "P-1", 2)
    required = {"policy_id", "source", "source_id", "title", "status", "is_active", "created_at", "updated_at", "version", "content"}
    bare: dict[str, Any] = {name: ([] if isinstance(value, list) else None) for name, value in full.items() if name not in required}
    opened.store.apply([upsert(opened, "P-1", 1)])
    record = upsert(opened, "P-1", 2, content="", **bare)
    assert record.content is not None
    assert opened.store.apply([record]) == [APPLIED]
    assert visible(opened, "P-1") == opened.stored("policies", record.content)


def test_a_long_text_is_kept_as_the_store_says(opened: Opened) -> None:
    record = upsert(opened, "P-1", 1, content="긴 공고문입니다. " * 40_000)
    assert record.content is not None
    assert opened.store.apply([record]) == [APPLIED]
    assert visible(opened, "P-1") == opened.stored("policies", record.content)


def test_a_batch_of_a_thousand_is_answered_in_order(opened: Opened) -> None:
    opened.store.apply([upsert(opened, f"P-{n}", 5_000 + n) for n in range(0, 1_000, 10)])
    records = [upsert(opened, f"P-{n}", 2_000 + n) if n % 7 else tombstone(f"P-{n}", 9_000 + n) for n in range(1_000)]
    Random(3).shuffle(records)
    expected = [STALE if int(record.key[2:]) % 10 == 0 and record.content is not None else APPLIED for record in records]
    assert opened.store.apply(records) == expected
    held = {held.key: held for held in opened.store.scan("policies")}
    assert len(held) == 1_000
    assert set(opened.store.fetch("policies", [record.key for record in records])) == set(held)
    dead = sum(record.content is None for record in held.values())
    assert dead == len(range(0, 1_000, 7))
    assert opened.store.count("policies") == Count(visible=1_000 - dead, tombstones=dead)


def test_a_whole_history_redelivered_in_other_batches_changes_nothing(opened: Opened) -> None:
    history = [upsert(opened, f"P-{n % 20}", n + 1, title=f"제{n}판") for n in range(60)] + [tombstone(f"P-{n}", 41 + n) for n in range(5)]
    for batch in batches(history, 20):
        opened.store.apply(batch)
    registers = {held.key: (held.stamp, held.content) for held in opened.store.scan("policies")}
    for batch in batches(history, 7):
        opened.store.apply(batch)
    assert {held.key: (held.stamp, held.content) for held in opened.store.scan("policies")} == registers


def test_nothing_to_apply_or_fetch_is_answered_with_nothing(opened: Opened) -> None:
    assert list(opened.store.apply([])) == []
    assert dict(opened.store.fetch("policies", [])) == {}
    assert list(opened.store.scan("policies")) == []
    assert opened.store.count("policies") == Count(visible=0, tombstones=0)


def test_preparing_again_keeps_what_is_stored(opened: Opened) -> None:
    opened.store.apply([upsert(opened, "P-1", 1)])
    opened.store.prepare()
    assert visible(opened, "P-1") is not None
    assert opened.store.apply([upsert(opened, "P-1", 2)]) == [APPLIED]
