"""A worker that fills a new generation: what differs from an ordinary one and needs no server."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from aegis.consumer_groups import GROUPS, building_group
from aegis.errors import ChangeRejected
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from stream_apps.__main__ import main
from stream_apps.applier import Applier
from stream_apps.brake import Brake
from stream_apps.outlet import LoggedOutlet
from tests.support import debezium


def test_what_is_rejected_while_building_is_counted_and_its_compensation_is_taken_from_the_log() -> None:
    reason = ChangeRejected("DP_3003", "as scripted")
    store = MemoryStore(frozenset({"policies"}), name="elasticsearch", rejects=lambda record: reason if "bad" in str(record.content) else None)
    applier = Applier(store, debezium.codec(), LoggedOutlet(), Brake(least=100))
    report = applier.apply(applier.prepare([debezium.create("policies", "P-1", 3, title="bad"), debezium.create("policies", "P-2", 4)]))
    assert report.verdicts == {"applied": 1, "rejected": 1}
    assert {key: listed.stamp for key, listed in store.inspect("policies", ["P-1", "P-2"]).items()} == {"P-2": Stamp(4, Rank.UPSERT).packed}


@pytest.mark.parametrize("app", ["redis", "dead-letters"])
def test_building_is_refused_where_there_are_no_generations(app: str) -> None:
    result = CliRunner().invoke(main, [app, "--building"])
    assert result.exit_code == 2
    assert "--building is for stores that have generations: elasticsearch" in result.output


def test_the_group_that_builds_is_no_apps_own() -> None:
    assert building_group("elasticsearch") == "aegis-elasticsearch-building"
    assert building_group("elasticsearch") not in GROUPS.values()
