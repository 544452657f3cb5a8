"""When all stores hold one version of a policy: as a table, and against a model that applies messages in any order."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.receipt import Receipt
from aegis.stamp import Rank, Stamp
from stream_apps.completion import OUTCOMES, STORES_OF_A_POLICY, completion, folded

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RANKS = {"u": Rank.UPSERT, "c": Rank.COMPENSATION, "r": Rank.REPAIR, "d": Rank.DELETE}


def held(text: str) -> dict[str, Stamp]:
    """`3u 3u 4c -`: the stamps of the four stores in their order, `-` for none."""
    return {
        store: Stamp(int(part[:-1]), RANKS[part[-1]]) for store, part in zip(STORES_OF_A_POLICY, text.split(), strict=True) if part != "-"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ("3u 3u 3u 3u", (3, "stored")),
        ("3u 3u 3u -", None),
        ("- - - -", None),
        ("3u 3u 4u 3u", None),
        ("3c 3c 3c 3c", (3, "compensated")),
        ("3c 3c 3c 3u", None),
        ("3c 3c 3c 3r", (3, "compensated")),
        ("3u 3r 3u 3u", (3, "stored")),
        ("3r 3r 3r 3r", (3, "stored")),
        ("3d 3d 3d 3d", (3, "deleted")),
        ("3d 3d 3d 3u", None),
        ("3d 3d 3d 3c", None),
        ("3d 3d 3d 4u", None),
    ],
)
def test_a_version_is_complete_when_all_stores_hold_it_and_none_is_still_to_follow(stamps: str, expected: tuple[int, str] | None) -> None:
    found = completion("P-1", held(stamps))
    assert (None if found is None else (found.stamp.version, OUTCOMES[found.stamp.rank])) == expected


def test_every_combination_of_ranks_has_one_answer_and_the_order_of_the_stores_does_not_matter() -> None:
    for ranks in product(Rank, repeat=4):
        found = completion("P-1", {store: Stamp(3, rank) for store, rank in zip(STORES_OF_A_POLICY, ranks, strict=True)})
        turned = completion("P-1", {store: Stamp(3, rank) for store, rank in zip(STORES_OF_A_POLICY, ranks[::-1], strict=True)})
        assert (found and found.stamp) == (turned and turned.stamp)
        settled = len(set(ranks) - {Rank.REPAIR}) <= 1 and not (Rank.DELETE in ranks and Rank.REPAIR in ranks)
        assert (found is not None) is settled


def test_an_events_identity_follows_from_what_it_tells() -> None:
    one, again = completion("P-1", held("3u 3u 3u 3u")), completion("P-1", held("3u 3r 3u 3u"))
    others = [completion("P-2", held("3u 3u 3u 3u")), completion("P-1", held("4u 4u 4u 4u")), completion("P-1", held("3d 3d 3d 3d"))]
    assert one is not None
    assert again is not None
    assert one.event_id == again.event_id
    assert len({one.event_id} | {other.event_id for other in others if other}) == 4


def test_folding_keeps_the_highest_stamp_of_each_store_and_key() -> None:
    receipts = [
        Receipt("redis", NOW, [("P-1", Stamp(4, Rank.UPSERT)), ("P-2", Stamp(9, Rank.UPSERT))]),
        Receipt("redis", NOW, [("P-1", Stamp(3, Rank.DELETE))]),
        Receipt("milvus", NOW, [("P-1", Stamp(3, Rank.DELETE))]),
    ]
    assert folded(receipts) == {"P-1": {"redis": Stamp(4, Rank.UPSERT), "milvus": Stamp(3, Rank.DELETE)}, "P-2": {"redis": Stamp(9, Rank.UPSERT)}}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Stamp], random.Random]:
    """What the log holds for one policy: each version stored, some compensated for every store, some deleted; and a source of orders."""
    stamps = []
    for version in range(1, draw(st.integers(1, 4)) + 1):
        stamps.append(Stamp(version, Rank.UPSERT))
        stamps += [Stamp(version, Rank.COMPENSATION)] * draw(st.booleans())
        stamps += [Stamp(version, Rank.DELETE)] * draw(st.booleans())
    return stamps, draw(st.randoms(use_true_random=False))


@given(histories())
def test_whatever_the_order_and_the_batches_each_completion_is_announced_once_in_order_and_the_last_one_is_that_of_the_end(
    history: tuple[list[Stamp], random.Random],
) -> None:
    """The model: four registers, receipts that are duplicated, batched anyhow and folded late."""
    stamps, chance = history
    registers: dict[str, Stamp] = {}
    receipts = []
    for store in STORES_OF_A_POLICY:
        for stamp in chance.sample(stamps, len(stamps)):
            registers[store] = max(stamp, registers.get(store, stamp))
            receipts += [Receipt(store, NOW, [("P-1", stamp)])] * chance.randint(1, 2)
    chance.shuffle(receipts)
    progress: dict[str, Stamp] = {}
    announced: list[Stamp] = []
    while receipts:
        size = chance.randint(1, 4)
        for store, stamp in folded(receipts[:size])["P-1"].items():
            progress[store] = max(stamp, progress.get(store, stamp))
        del receipts[:size]
        found = completion("P-1", progress)
        if found is not None and (not announced or found.stamp > announced[-1]):
            assert all(registers[store] >= found.stamp for store in STORES_OF_A_POLICY)
            announced.append(found.stamp)
    assert announced == sorted(set(announced))
    assert announced[-1] == max(stamps)
