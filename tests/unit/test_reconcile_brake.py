"""Repairs of too large a share of a store are rather a fault of ours."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

from batch.compare import Looked, Pair
from batch.reconcile import Braked, Reconciliation
from batch.request import BRAKE_LEAST, Request

PAIRS = (Pair("redis", "policies"), Pair("redis", "users"))


def braked(wrong: int, *, records: int = 500, force: bool = False) -> str:
    """What keeps `wrong` records of the first of two tables, with `records` each, from being repaired; empty where nothing does."""
    sweep = SimpleNamespace(looked={pair: Looked(rows=records, records=records) for pair in PAIRS})
    work = cast("Any", SimpleNamespace(request=Request(force=force, brake=0.2), sweeps=[sweep]))
    try:
        Reconciliation._brake(work, Counter({PAIRS[0]: wrong}))
    except Braked as error:
        return error.message
    return ""


def test_up_to_a_share_of_the_store_is_repaired() -> None:
    assert braked(200) == ""


def test_more_is_left_to_whoever_says_force() -> None:
    message = braked(201)
    assert message.startswith("201 of 1000 records of redis")
    assert message.endswith("--force")
    assert braked(1_000, force=True) == ""


def test_of_a_small_store_a_few_are_always_repaired() -> None:
    assert braked(BRAKE_LEAST, records=5) == ""
    assert braked(BRAKE_LEAST + 1, records=5) != ""
