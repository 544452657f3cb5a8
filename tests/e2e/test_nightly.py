"""The nightly run as Airflow runs it, against the real stack: it collects, repairs what was broken by hand, and ends clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from aegis.settings import Settings
from collectors.feeds import FEEDS
from collectors.portals import PORTALS
from collectors.portals.portal import DATA_GO_KR
from infra.local.portals.application import API_KEY, Simulator, running, simulator
from infra.local.portals.feeds import FEEDS_PATH
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.shelf import Fault
from tests.e2e.conftest import PREFIX, Cli
from tests.support.airflow import Airflow, airflow
from tests.support.dags import FOLDER
from tests.support.equality import assert_equal_everywhere
from tests.support.planting.elasticsearch import ElasticsearchPlanter
from tests.support.planting.neo4j import Neo4jPlanter
from tests.support.planting.plant import Kind
from tests.support.planting.redis import RedisPlanter

pytestmark = [pytest.mark.stack, pytest.mark.slow]

NIGHTLY = "aegis_data_consistency_check"
OTHERS = sorted(set(PORTALS) - {"bizinfo"})
WITHOUT_KEYS = {f"{name.upper()}_API_KEY": "" for name in (*OTHERS, DATA_GO_KR)}
STORES = ("search", "graph", "cache")
COLLECTED = "source = 'bizinfo' AND source_id ~ 'EXAMPLE'"
FROM_FEEDS = "source ~ '^korea[.]' AND title ~ '^.예시.'"
Owner = psycopg.Connection[dict[str, Any]]


@pytest.fixture(scope="module")
def scheduler(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    with airflow(stack, tmp_path_factory.mktemp("nightly")) as made:
        yield made


@pytest.fixture
def portals() -> Iterator[Simulator]:
    with running(simulator()) as served:
        yield served


@pytest.fixture
def no_other_policies_of_the_portal(owner: Owner) -> Iterator[None]:
    """Collecting generated records would archive real ones. What the test collected is gone afterwards, unless it was there before."""
    [found] = owner.execute(f"SELECT count(*) FILTER (WHERE {COLLECTED}) AS ours, count(*) AS all FROM policies WHERE source = 'bizinfo'").fetchall()
    assert found["ours"] == found["all"], "this stack has collected from a real portal"
    [items] = owner.execute(f"SELECT count(*) AS ours FROM policies WHERE {FROM_FEEDS}").fetchall()
    yield
    for kind, were_there in ((COLLECTED, found["ours"]), (FROM_FEEDS, items["ours"])):
        if not were_there:
            owner.execute(f"DELETE FROM policies WHERE {kind}")


@pytest.fixture
def keys(stack: Settings, owner: Owner) -> list[str]:
    """Policies that are equal everywhere."""
    prefix = f"{PREFIX}{uuid4().hex[:8]}-"
    made = [f"{prefix}{number}" for number in range(3)]
    for key in made:
        owner.execute("INSERT INTO policies (policy_id, source, title, content, target_regions) VALUES (%s, 'e2e', %s, '짧은 글', '{11}')", (key, key))
    assert_equal_everywhere(stack, prefix)
    return made


@pytest.mark.usefixtures("no_other_policies_of_the_portal")
def test_a_night_collects_repairs_and_ends_clean(stack: Settings, cli: Cli, scheduler: Airflow, portals: Simulator, keys: list[str]) -> None:
    assert cli("reconcile", "--wait", "120", "--force").exit_code in {0, 3}, "whatever tests before this one left behind"
    for planter, key in zip((ElasticsearchPlanter(stack), Neo4jPlanter(stack, keys[0]), RedisPlanter(stack)), keys, strict=True):
        with closing(planter):
            planter.plant(Kind.MISSING, "policies", [key])

    places = {"BIZINFO_URL": portals.urls["bizinfo"], "BIZINFO_API_KEY": API_KEY, "KOREA_URL": portals.url + FEEDS_PATH}
    done = scheduler.run("dags", "test", NIGHTLY, **places, **WITHOUT_KEYS)

    assert done.returncode == 0, done.stdout
    assert set(scheduler.states().values()) == {"success"}
    returned = scheduler.returned()
    assert (returned["extract_external_data"]["fetched"]["bizinfo"]["records"], returned["extract_external_data"]["skipped_without_key"]) == (
        PER_PORTAL,
        OTHERS,
    )
    written = returned["sync_postgresql"]["written"]
    assert (written["bizinfo"]["fetched"], written["bizinfo"]["complete"]) == (PER_PORTAL, True)
    assert {source for source, said in written.items() if said["status"] == "success"} == {"bizinfo", *FEEDS}
    for store in STORES:
        assert (returned[f"sync_{store}_data"]["verdict"], returned[f"sync_{store}_data"]["found"]["missing"]) == ("repaired", 1)
    assert (returned["verify_consistency"]["verdict"], returned["verify_consistency"]["found"]) == ("clean", {})
    assert Path(returned["verify_consistency"]["report"]).exists()
    assert scheduler.failures() == []
    assert API_KEY not in done.stdout
    assert_equal_everywhere(stack, keys[0].removesuffix("0"), seconds=5)


def test_a_failed_task_is_told_once_and_the_night_goes_on(scheduler: Airflow, portals: Simulator, tmp_path: Path) -> None:
    wiring = (FOLDER / f"{NIGHTLY}.py").read_text(encoding="utf-8")
    assert '"retries": 3' in wiring
    (tmp_path / "without_retries.py").write_text(wiring.replace('"retries": 3', '"retries": 0'), encoding="utf-8")  # each would take five minutes
    portals.bizinfo.fault = Fault("key")
    done = scheduler.run(
        *("dags", "test", NIGHTLY, "--mark-success-pattern", "(?!extract_external_data|validate_and_stage).*"),
        AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path),
        BIZINFO_URL=portals.urls["bizinfo"],
        BIZINFO_API_KEY=API_KEY,
        KOREA_URL=portals.url + FEEDS_PATH,
        **WITHOUT_KEYS,
    )
    states = scheduler.states()
    assert (states.pop("extract_external_data"), set(states.values())) == ("failed", {"success"}), done.stdout
    [failure] = scheduler.failures()
    assert (failure["dag"], failure["task"], failure["attempt"]) == (NIGHTLY, "extract_external_data", 1)
    assert "bizinfo: DP_1003" in failure["error"]
