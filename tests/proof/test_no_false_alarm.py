"""Whatever happens between two reads of a comparison, live traffic is never called drift."""

from __future__ import annotations

from tests.proof.pipeline_world import PipelineWorld

WORLDS = 1_600


def test_whatever_the_order_of_events_nothing_that_is_under_way_is_drift() -> None:
    alarms = ((seed, one) for seed in range(WORLDS) for one in PipelineWorld(seed).confirm() if one.is_drift)
    assert next(alarms, None) is None
