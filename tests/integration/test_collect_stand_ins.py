"""While a source is down its mirror, or its last good listing, stands in for it: said clearly, and never a reason to archive or to take something back."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from rich.progress import Progress

from aegis.settings import Settings
from collectors.collection import Wanted, collection, written
from collectors.fetch import Fetcher
from collectors.http import PoliteClient, manners_for
from collectors.portals import PORTALS
from collectors.spool import Spool
from collectors.staging import Order, fetched, staged
from collectors.state_command import state_command
from collectors.summary import Summary
from infra.local.portals.application import API_KEY
from infra.local.portals.shelf import Fault
from tests.support.collecting import Collecting
from tests.support.scripted_source import scripted_source

pytestmark = pytest.mark.stack
DEFAULT = Wanted()


@pytest.fixture
def configured(world: Collecting, tmp_path: Path) -> Settings:
    return Settings(postgres_collector_dsn=SecretStr(world.collector_dsn), collect_spool_dir=tmp_path, collect_requests_per_second=100, aegis_files_url="")


def collect(configured: Settings, world: Collecting, source: str = "gov24") -> Summary:
    with Progress(disable=True) as progress:
        return collection(configured, Order(PORTALS[source], world.simulator.urls[source], API_KEY, 25), progress)


def in_steps(configured: Settings, world: Collecting, folder: Path, begun: float, wanted: Wanted = DEFAULT) -> Summary:
    """Fetched into a folder, staged there, and written."""
    portal, url = PORTALS["gov24"], world.simulator.urls["gov24"]
    spool = Spool(folder, "gov24")
    with PoliteClient(manners_for("gov24", url, per_second=1000), sleep=world.slept.append) as client, Progress(disable=True) as progress:
        known = spool.keep_fetched(fetched(Order(portal, url, API_KEY, 25), Fetcher(client)), begun)
        spool.keep_staged(staged(portal, spool.pages()))
        return written(configured, spool, known, wanted, progress)


def titles(world: Collecting) -> dict[str, tuple[str, str]]:
    return {source_id: (row["title"], row["status"]) for source_id, row in world.policies().items()}


def test_the_last_good_listing_stands_in_and_adds_what_is_missing_alone(configured: Settings, world: Collecting) -> None:
    assert collect(configured, world).status == "success"
    before = titles(world)
    lost, changed = min(before), max(before)
    with psycopg.connect(world.owner_dsn) as connection:
        connection.execute("DELETE FROM policies WHERE source_id = %s", (lost,))
        connection.execute("UPDATE policies SET title = '나중에 바뀐 예시' WHERE source_id = %s", (changed,))
    world.simulator.gov24.fault = Fault("server_error")
    summary = collect(configured, world)
    assert (summary.status, summary.new, summary.archived, summary.error, summary.error_code) == ("partial", 1, 0, None, "DP_1001")
    assert summary.instead is not None
    assert "last good listing" in summary.instead
    assert "HTTP 500" in summary.instead
    after = titles(world)
    assert after.keys() == before.keys()
    assert after[changed] == ("나중에 바뀐 예시", before[changed][1])
    history = world.rows("SELECT status, error_code, message FROM processing_history ORDER BY processing_id")
    assert [(row["status"], row["error_code"]) for row in history] == [("success", None), ("failure", "DP_1001"), ("partial", "DP_1001")]
    assert "last good listing" in history[-1]["message"]


def test_a_listing_that_broke_off_does_not_become_the_last_good_one(configured: Settings, world: Collecting) -> None:
    collect(configured, world)
    kept = (configured.collect_spool_dir / "gov24" / "fetched.json").read_text()
    changed = world.simulator.gov24.change(None, {"서비스명": "[예시] 새 이름"})
    world.simulator.gov24.fault = Fault("server_error", from_page=2)
    summary = collect(configured, world)
    assert summary.instead is not None
    assert titles(world)[changed][0] == "[예시] 새 이름"  # stored from page 1, and not taken back
    assert (configured.collect_spool_dir / "gov24" / "fetched.json").read_text() == kept


def test_a_source_without_anything_to_stand_in_fails_as_ever(configured: Settings, world: Collecting) -> None:
    world.simulator.gov24.fault = Fault("server_error")
    summary = collect(configured, world)
    assert (summary.status, summary.error_code, summary.instead) == ("failure", "DP_1001", None)


def test_the_steps_have_the_same_stand_ins_and_leave_a_last_good_listing_for_them(configured: Settings, world: Collecting, tmp_path: Path) -> None:
    assert in_steps(configured, world, tmp_path / "night", 1e9).status == "success"
    assert world.rows("SELECT source FROM ops.source_states WHERE listed_at IS NOT NULL") == [{"source": "gov24"}]
    lost = min(titles(world))
    world.rows("DELETE FROM policies WHERE source_id = %(lost)s RETURNING 1", lost=lost)
    world.simulator.gov24.fault = Fault("server_error", from_page=2)
    tried = in_steps(configured, world, tmp_path / "next", time.time(), replace(DEFAULT, dry_run=True))
    assert (tried.status, tried.instead) == ("failure", None)
    summary = in_steps(configured, world, tmp_path / "next", time.time())
    assert (summary.status, summary.archived, summary.error_code) == ("partial", 0, "DP_1001")
    assert "its last good listing, of 2001-09-09" in (summary.instead or "")
    assert lost in titles(world)
    history = world.rows("SELECT status, counts ? 'stood_in' AS stood_in FROM processing_history ORDER BY processing_id")
    assert [(row["status"], row["stood_in"]) for row in history] == [("success", False), ("failure", False), ("partial", True)]


def test_a_listing_that_was_overtaken_is_passed_over_where_that_is_wanted(configured: Settings, world: Collecting, tmp_path: Path) -> None:
    collect(configured, world)
    before = world.fingerprint()
    summary = in_steps(configured, world, tmp_path / "night", time.time() - 60, replace(DEFAULT, skip_outdated=True))
    assert (summary.status, summary.fetched, summary.error) == ("partial", 0, None)
    assert "begun later" in (summary.withheld or "")
    assert world.fingerprint() == before


def test_a_refused_key_is_told_whatever_could_stand_in(configured: Settings, world: Collecting) -> None:
    collect(configured, world)
    world.simulator.gov24.fault = Fault("key")
    summary = collect(configured, world)
    assert (summary.status, summary.error_code, summary.instead) == ("failure", "DP_1003", None)


def test_a_circuit_that_one_run_opened_is_open_for_the_next(configured: Settings, world: Collecting) -> None:
    world.simulator.gov24.fault = Fault("server_error")
    collect(configured, world)
    collect(configured, world)
    world.simulator.gov24.fault = None
    summary = collect(configured, world)
    assert summary.error is not None
    assert "left in peace" in summary.error
    (state,) = world.rows("SELECT requests, failures, opened_at FROM ops.source_states WHERE source = 'gov24'")
    assert (state["requests"], state["failures"], state["opened_at"] is not None) == (5, 5, True)


def test_what_is_remembered_of_a_source_is_shown(configured: Settings, world: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(configured, world, "bizinfo")
    world.simulator.gov24.fault = Fault("quota")
    collect(configured, world)
    monkeypatch.setattr("collectors.state_command.settings", lambda: configured)
    done = CliRunner().invoke(state_command, ["--json"])
    shown = {row["source"]: row for row in json.loads(done.output)}
    assert (shown["gov24"]["requests_today"], shown["gov24"]["listed_at"]) == (1, None)
    assert "after midnight in Korea" in shown["gov24"]["refusal"]
    assert (shown["bizinfo"]["refusal"], shown["bizinfo"]["failures"]) == (None, 0)
    assert shown["bizinfo"]["listed_at"] is not None
    assert "may be asked" in CliRunner().invoke(state_command).output


def test_the_mirror_of_bizinfo_is_read_while_it_is_down(configured: Settings, world: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(configured, world, "bizinfo")
    before = titles(world)
    added = world.simulator.bizinfo.add(None)
    rows = [row for row in world.simulator.bizinfo.rows if row["pblancId"] in {added, min(before)}]
    world.simulator.bizinfo.fault = Fault("server_error")
    page = {"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL SERVICE."}, "body": {"items": {"item": rows}, "totalCount": len(rows)}}}
    with scripted_source() as mirror:
        mirror.answers("/bizinfo", json.dumps(page).encode())
        monkeypatch.setenv("BIZINFO_MIRROR_URL", mirror.url("/bizinfo"))
        monkeypatch.setenv("BIZINFO_MIRROR_API_KEY", "spiegel%3D")
        summary = collect(configured, world, "bizinfo")
    assert mirror.asked[0].target == "/bizinfo?serviceKey=spiegel%3D&dataType=json&pageNo=1&numOfRows=25"
    assert (summary.status, summary.new, summary.unchanged, summary.archived) == ("partial", 1, 1, 0)
    assert "공공데이터포털" in (summary.instead or "")
    after = titles(world)
    assert after.keys() == {*before, added}
    assert {status for _title, status in after.values()} == {"pending_validation"}
    assert {row["source"] for row in world.rows("SELECT source FROM ops.source_states")} == {"bizinfo", "bizinfo_mirror"}
