"""Repairs of too large a share of a store are rather a fault of ours."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest

from batch.compare import Looked, Pair
from batch.reconcile import Braked, Reconciliation
from batch.request import BRAKE_LEAST, Request

PAIRS = (Pair("redis", "policies"), Pair("redis", "users"))


def brake(wrong: int, *, records: int = 500, force: bool = False) -> None:
    """Of two tables with `records` each, `wrong` records of the first are to be repaired."""
    sweep = SimpleNamespace(looked={pair: Looked(rows=records, records=records) for pair in PAIRS})
    work = cast("Any", SimpleNamespace(request=Request(force=force, brake=0.2), sweeps=[sweep]))
    Reconciliation._brake(work, Counter({PAIRS[0]: wrong}))


def test_up_to_a_share_of_the_store_is_repaired() -> None:
    brake(200)


def test_more_is_left_to_whoever_says_force() -> None:
    with pytest.raises(Braked, match=r"201 of 1000 records of redis .*--force"):
        brake(201)
    brake(1_000, force=True)


def test_of_a_small_store_a_few_are_always_repaired() -> None:
    brake(BRAKE_LEAST, records=5)
