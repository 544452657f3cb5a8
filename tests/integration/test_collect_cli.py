"""`aegis collect` as people and schedulers call it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from aegis.settings import Settings
from infra.local.portals.application import API_KEY, running, simulator
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.shelf import Fault
from tests.support.collecting import Collecting, collecting, database
from tests.support.servers import REPOSITORY
from tests.support.wait import patient, until

pytestmark = pytest.mark.stack
AEGIS = Path(sys.executable).with_name("aegis")


@pytest.fixture(scope="module")
def world(stack: Settings) -> Iterator[Collecting]:
    with database(stack) as name, running(simulator()) as portals:
        yield collecting(stack, name, portals)


def aegis(world: Collecting, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    urls = {f"{source.upper()}_URL": url for source, url in world.simulator.urls.items()}
    keys = {f"{source.upper()}_API_KEY": API_KEY for source in world.simulator.urls}
    environ = {**os.environ, "POSTGRES_COLLECTOR_DSN": world.collector_dsn, **urls, **keys, **environment}
    return subprocess.run([AEGIS, "collect", *arguments], env=environ, cwd=REPOSITORY, capture_output=True, text=True, timeout=patient(60), check=False)


def test_a_run_ends_with_a_table_of_counts(world: Collecting) -> None:
    done = aegis(world, "run", "bizinfo", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    for name in ("fetched", "new", "changed", "unchanged", "archived", "quarantined", str(PER_PORTAL)):
        assert name in done.stdout
    assert "기업마당: page 1" in done.stderr
    assert API_KEY not in done.stdout + done.stderr
    assert {event["traceparent"] is None for event in world.rows("SELECT traceparent FROM outbox")} == {False}


def test_a_dry_run_in_json_writes_nothing(world: Collecting) -> None:
    done = aegis(world, "run", "gov24", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["new"], said["dry_run"], said["status"]) == (PER_PORTAL, True, "success")
    assert world.rows("SELECT FROM policies WHERE source = 'gov24'") == []


def test_a_failing_portal_fails_the_command_and_says_what_to_do(world: Collecting) -> None:
    world.simulator.gov24.fault = Fault("key")
    done = aegis(world, "run", "gov24")
    world.simulator.gov24.fault = None
    assert done.returncode == 1
    assert "DP_1003" in done.stderr
    assert "API key" in done.stderr


def test_a_metrics_port_that_is_taken_is_named(world: Collecting) -> None:
    port = world.simulator.url.rsplit(":", 1)[1]
    done = aegis(world, "run", "gov24", "--dry-run", AEGIS_METRICS_PORT=port)
    assert done.returncode == 1
    assert port in done.stderr


def test_metrics_are_served_while_a_run_lasts(world: Collecting) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    world.simulator.bizinfo.limits.latency_seconds = 1.5
    answers: list[str] = []

    def ask() -> bool:
        with suppress(httpx.TransportError):
            answers.append(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
        return bool(answers) and "data_collection_total" in answers[-1]  # a portal's listing is counted when all of it was read

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(aegis, world, "run", "bizinfo", "--page-size", "20", AEGIS_METRICS_PORT=port)
        until(ask, 30, "/metrics")
        world.simulator.bizinfo.limits.latency_seconds = 0.0
        assert run.result().returncode == 0


def test_a_missing_key_is_asked_for_by_name(world: Collecting) -> None:
    done = aegis(world, "run", "gov24", GOV24_API_KEY="")
    assert done.returncode == 1
    assert "GOV24_API_KEY" in done.stderr


def test_a_database_that_does_not_answer_is_named_without_its_password(world: Collecting) -> None:
    done = aegis(world, "run", "gov24", POSTGRES_COLLECTOR_DSN="postgresql://aegis_collector:geheim@127.0.0.1:1/aegis")
    assert done.returncode == 1
    assert "make up" in done.stderr
    assert "geheim" not in done.stderr


def test_sources_are_listed_with_their_addresses(world: Collecting) -> None:
    said = json.loads(aegis(world, "sources", "--json").stdout)
    addresses = {row["source"]: row["url"] for row in said}
    assert addresses.items() >= world.simulator.urls.items()
    assert {"korea.policy", "pages.haneul-table"} <= addresses.keys()


def test_the_simulator_takes_orders_over_http(world: Collecting) -> None:
    def order(name: str, **body: object) -> dict[str, object]:
        answer: dict[str, object] = httpx.post(f"{world.simulator.url}/admin/{name}", json={"source": "gov24", **body}).raise_for_status().json()
        return answer

    added = order("add")["id"]
    assert order("change", id=added, fields={"서비스명": "바뀐 예시"})["id"] == added
    assert order("remove", id=added)["id"] == added
    assert order("limits", latency_seconds=0.0)["latency_seconds"] == 0.0
    state = httpx.get(f"{world.simulator.url}/admin/state").json()
    assert state["gov24"]["records"] == PER_PORTAL
    assert httpx.post(f"{world.simulator.url}/admin/fault", json={"source": "gov24", "kind": "no such"}).status_code == 400
    assert httpx.post(f"{world.simulator.url}/admin/day", json={"source": "gov24", "date": "2026-07-01"}).status_code == 400


def test_generated_records_say_that_they_are_examples() -> None:
    portals = simulator(seed=7)
    assert all("[예시]" in row["pblancNm"] for row in portals.bizinfo.rows)
    assert all("[예시]" in row["서비스명"] for row in portals.gov24.rows)
    assert portals.bizinfo.rows == simulator(seed=7).bizinfo.rows
    assert portals.gov24.rows != simulator(seed=8).gov24.rows


def test_several_sources_are_collected_at_once_and_a_failing_one_harms_no_other(world: Collecting) -> None:
    world.simulator.gov24.fault = Fault("key")
    done = aegis(world, "run", "gov24", "bizinfo", "--json")
    world.simulator.gov24.fault = None
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["gov24"]["status"], said["gov24"]["error_code"]) == ("failure", "DP_1003")
    assert (said["bizinfo"]["status"], said["bizinfo"]["fetched"]) == ("success", PER_PORTAL)
    assert "gov24: DP_1003" in done.stderr
    assert API_KEY not in done.stdout + done.stderr


def test_one_table_tells_of_several_sources(world: Collecting) -> None:
    done = aegis(world, "run", "gov24", "bizinfo", "--dry-run", COLUMNS="140")
    assert done.returncode == 0, done.stderr
    for name in ("2 sources", "gov24", "bizinfo", "success"):
        assert name in done.stdout
