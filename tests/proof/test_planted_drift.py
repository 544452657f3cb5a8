"""A thousand plants in all stores and tables under a live load: all of them found and repaired, and nothing else."""

from __future__ import annotations

from collections import Counter

import pytest

from aegis.derivations import CAPTURED
from aegis.settings import Settings
from tests.proof.load import LiveWriter
from tests.proof.running import REPAIRED, audited, findings, reconciled
from tests.proof.sowing import open_field
from tests.support.equality import assert_equal_everywhere
from tests.support.planting.plant import Plant
from tests.support.soundness import unsound

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(2400)]

EACH = 5
"""Of every kind in every table of every store: more than 1,000."""
PLANTS = 1_000
CHANGES_PER_SECOND = 50


def test_every_plant_is_found_and_repaired_under_load_and_nothing_else_is_touched(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN stores that are equal, and a writer of other rows that does not stop
    with open_field(stack, f"{prefix}row-", EACH) as field, LiveWriter(owner, prefix) as writer:
        # AND drift of every kind, planted behind the pipeline's back
        plants = {plant.place: plant for plant in field.sow()}
        assert len(plants) >= PLANTS
        assert {place[:2] for place in plants} == {(store, table.name) for table in CAPTURED.values() for store in table.projections}
        # WHEN both ends are compared and repaired
        run = reconciled("--deep", "--force")
    assert writer.rate >= CHANGES_PER_SECOND
    # THEN every plant was found for what it is
    found = findings(owner, run.run_id)
    classes = {(one["store"], one["table"], one["key"]): one["class"] for one in found}
    missed = [plant for place, plant in plants.items() if place not in classes]
    assert not missed, _told(missed)
    mistaken = {(plant.store, plant.kind.name, classes[place]) for place, plant in plants.items() if classes[place] not in plant.classes}
    assert not mistaken
    # AND repaired, and no repair is of a record that was right
    repaired = {(one["store"], one["table"], one["key"]) for one in found if one["published"]}
    assert repaired == plants.keys()
    assert audited(owner, run.run_id) == plants.keys()
    # AND the second comparison was clean
    assert run.exit_code == REPAIRED, run
    # AND an independent read of everything finds the five copies equal
    assert_equal_everywhere(stack, prefix)
    assert unsound(stack, prefix) == []


def _told(plants: list[Plant]) -> str:
    """Which kinds they are of."""
    return str(sorted(Counter((plant.store, plant.table, plant.kind.name) for plant in plants).items()))
