"""What the cold path takes away for good from every store, and puts back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from aegis.inspection import NO_STAMP
from aegis.record import APPLIED, STALE, StoredRecord
from aegis.stamp import Rank
from aegis.stores.protocol import Count
from tests.contract.mixed import of_every_kind, said
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert


def images_of(opened: Opened, keys: Sequence[str]) -> Mapping[str, Any]:
    """Images as a correction carries them: through JSON, but for the reference store's."""
    images = opened.store.images("policies", keys)
    return images if opened.server is None else json.loads(json.dumps(dict(images)))


def everything(opened: Opened) -> dict[str, StoredRecord]:
    """All records of policies by key."""
    return {held.key: held for held in opened.store.scan("policies")}


def test_only_the_exact_stamp_is_forgotten(opened: Opened) -> None:
    record = upsert(opened, "P-1", 7, rank=Rank.COMPENSATION)
    opened.store.apply([record])
    packed = record.stamp.packed
    for other in (packed - 1, packed + 1, packed * 2, NO_STAMP):
        assert opened.store.forget("policies", {"P-1": other}) == 0
    assert opened.store.fetch("policies", ["P-1"])["P-1"].stamp == record.stamp
    assert opened.readers_see("policies", "P-1")
    assert opened.store.forget("policies", {"P-1": packed, "absent": packed}) == 1
    assert opened.store.forget("policies", {"P-1": packed}) == 0


def test_of_what_was_forgotten_nothing_is_left(opened: Opened) -> None:
    made = of_every_kind(opened, 12)
    opened.store.apply([upsert(opened, "kept", 1)])
    assert opened.store.forget("policies", {record.key: record.stamp.packed for record in made}) == 12
    keys = [record.key for record in made]
    assert dict(opened.store.fetch("policies", keys)) == {}
    assert dict(opened.store.inspect("policies", keys)) == {}
    assert dict(opened.store.images("policies", keys)) == {}
    assert set(everything(opened)) == {"kept"}
    assert opened.store.count("policies") == Count(visible=1, tombstones=0)
    assert (opened.store.sums("policies").records, opened.store.sums("policies").highest) == (1, 4)
    assert not any(opened.readers_see("policies", key) for key in keys)
    assert opened.readers_see("policies", "kept")


def test_after_a_record_was_forgotten_a_lower_stamp_is_written_at_once_and_the_rule_holds_again(opened: Opened) -> None:
    future, old, older = upsert(opened, "P-1", 2**40), upsert(opened, "P-1", 3), upsert(opened, "P-1", 2)
    opened.store.apply([future])
    assert opened.store.forget("policies", {"P-1": future.stamp.packed}) == 1
    assert opened.store.apply([old]) == [APPLIED]
    assert opened.store.apply([older]) == [STALE]
    assert opened.store.fetch("policies", ["P-1"])["P-1"].stamp == old.stamp
    assert opened.readers_see("policies", "P-1")


def test_after_a_tombstone_was_forgotten_an_older_upsert_is_written_at_once(opened: Opened) -> None:
    gone, old = tombstone("P-1", 50), upsert(opened, "P-1", 49)
    opened.store.apply([gone])
    assert opened.store.apply([old]) == [STALE]
    assert opened.store.forget("policies", {"P-1": gone.stamp.packed}) == 1
    assert opened.store.apply([old]) == [APPLIED]


def test_a_key_can_be_forgotten_again_and_again(opened: Opened) -> None:
    for version in (9, 5, 7, 1):
        record = upsert(opened, "P-1", version)
        assert opened.store.apply([record]) == [APPLIED]
        assert opened.store.forget("policies", {"P-1": record.stamp.packed}) == 1
    assert dict(opened.store.inspect("policies", ["P-1"])) == {}


def test_of_many_keys_those_are_forgotten_whose_stamp_is_the_expected_one(opened: Opened) -> None:
    records = [upsert(opened, f"P-{n}", 10 + n) for n in range(700)]
    opened.store.apply(records)
    expected = {record.key: record.stamp.packed if n % 2 else record.stamp.packed + 4 for n, record in enumerate(records)}
    assert opened.store.forget("policies", expected) == 350
    assert set(everything(opened)) == {record.key for record in records[::2]}


def test_images_bring_back_exactly_what_was_there(opened: Opened) -> None:
    made = of_every_kind(opened, 18)
    keys = [record.key for record in made]
    before, seen, sums = everything(opened), [opened.readers_see("policies", key) for key in keys], opened.store.sums("policies")
    inspected = opened.store.inspect("policies", keys)
    images = images_of(opened, [*keys, "absent"])
    assert set(images) == set(keys)
    opened.store.forget("policies", {record.key: record.stamp.packed for record in made})

    assert opened.store.restore("policies", images) == len(keys)
    assert everything(opened) == before
    assert opened.store.fetch("policies", keys) == before
    assert opened.store.inspect("policies", keys) == inspected
    assert [opened.readers_see("policies", key) for key in keys] == seen
    assert (said(opened.store.sums("policies")), opened.store.sums("policies").highest) == (said(sums), sums.highest)


def test_what_was_put_back_obeys_the_rule(opened: Opened) -> None:
    record = upsert(opened, "P-1", 7)
    opened.store.apply([record])
    images = images_of(opened, ["P-1"])
    opened.store.forget("policies", {"P-1": record.stamp.packed})
    opened.store.restore("policies", images)
    assert opened.store.apply([upsert(opened, "P-1", 6)]) == [STALE]
    assert opened.store.apply([upsert(opened, "P-1", 8)]) == [APPLIED]


@pytest.mark.parametrize("later", [3, 7, 9])
def test_an_image_never_overwrites_what_is_there(opened: Opened, later: int) -> None:
    record = upsert(opened, "P-1", 7, title="옛 제목")
    opened.store.apply([record, upsert(opened, "P-2", 8)])
    images = images_of(opened, ["P-1", "P-2"])
    opened.store.forget("policies", {"P-1": record.stamp.packed})
    newer = upsert(opened, "P-1", later, title="새 제목")
    opened.store.apply([newer])
    assert opened.store.restore("policies", images) == 0
    held = opened.store.fetch("policies", ["P-1"])["P-1"]
    assert newer.content is not None
    assert (held.stamp, held.content) == (newer.stamp, opened.stored("policies", newer.content))


def test_nothing_to_forget_or_to_put_back_is_answered_with_nothing(opened: Opened) -> None:
    assert opened.store.forget("policies", {}) == 0
    assert opened.store.restore("policies", {}) == 0
    assert dict(opened.store.images("policies", [])) == {}
