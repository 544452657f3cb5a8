from __future__ import annotations

import pytest

from aegis.change import Change
from aegis.compensation import compensation
from aegis.errors import ChangeRejected, Code
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp

OLD, NEW = {"title": "old"}, {"title": "new"}
REASON = ChangeRejected(Code.ELASTICSEARCH_SYNC_FAILED, "term too long")


def change(rank: Rank, before, after, targets=None) -> Change:
    return Change("policies", "P-1", Stamp(8, rank), before, after, SourcePosition("t", 0, 1), b"key", targets, "", "00-aa-bb-01")


@pytest.mark.parametrize(
    ("rejected", "shown"),
    [
        (change(Rank.UPSERT, None, NEW), None),
        (change(Rank.UPSERT, OLD, NEW), OLD),
        (change(Rank.COMPENSATION, OLD, NEW), None),
        (change(Rank.COMPENSATION, None, OLD), None),
        (change(Rank.REPAIR, None, NEW, frozenset({"elasticsearch"})), None),
    ],
    ids=["a create withdraws", "an update falls back", "a compensation withdraws", "its image does too", "a repair withdraws"],
)
def test_a_compensation_shows_what_every_store_can_show(rejected: Change, shown) -> None:
    answer = compensation(rejected, "elasticsearch", REASON)
    assert answer is not None
    assert (answer.stamp, answer.after, answer.before, answer.targets) == (Stamp(8, Rank.COMPENSATION), shown, None, None)
    assert (answer.key_bytes, answer.trace) == (b"key", "00-aa-bb-01")
    assert answer.cause == f"elasticsearch rejected policies P-1 at {rejected.stamp}: DP_3003"


def test_a_delete_is_never_compensated() -> None:
    assert compensation(change(Rank.DELETE, OLD, None), "elasticsearch", REASON) is None


def test_a_compensation_beats_its_version_and_loses_to_its_delete_and_to_the_next() -> None:
    stamp = compensation(change(Rank.UPSERT, None, NEW), "redis", REASON).stamp
    assert Stamp(8, Rank.UPSERT) < stamp < Stamp(8, Rank.DELETE) < Stamp(9, Rank.UPSERT)
