"""`aegis collect fetch`, `stage` and `write`: one step at a time does what `run` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collectors.feeds import FEEDS
from infra.local.portals.application import API_KEY
from infra.local.portals.feeds import FEEDS_PATH
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.shelf import Fault
from tests.support.collecting import Collecting
from tests.support.servers import REPOSITORY
from tests.support.wait import patient

pytestmark = pytest.mark.stack
AEGIS = Path(sys.executable).with_name("aegis")


def aegis(world: Collecting, *arguments: str) -> subprocess.CompletedProcess[str]:
    urls = world.simulator.urls
    settings = {
        "POSTGRES_COLLECTOR_DSN": world.collector_dsn,
        "GOV24_URL": urls["gov24"],
        "BIZINFO_URL": urls["bizinfo"],
        "KOREA_URL": world.simulator.url + FEEDS_PATH,
    }
    environ = {**os.environ, **settings, "GOV24_API_KEY": API_KEY, "BIZINFO_API_KEY": API_KEY}
    return subprocess.run(
        [AEGIS, "collect", *arguments, "--json"], env=environ, cwd=REPOSITORY, capture_output=True, text=True, timeout=patient(60), check=False
    )


def said(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def steps(world: Collecting, folder: Path, *sources: str) -> Any:
    for source in sources:
        said(aegis(world, "fetch", source, "--into", str(folder), "--page-size", "25"))
    said(aegis(world, "stage", str(folder)))
    return said(aegis(world, "write", str(folder)))


def content(world: Collecting) -> list[list[dict[str, Any]]]:
    columns = "policy_id, source_id, title, content, issuing_organization, category, target_regions, application_start_date, application_end_date, tags, status"
    return [
        world.rows(f"SELECT {columns} FROM policies ORDER BY policy_id"),
        world.rows("SELECT source, source_id, content_hash, body FROM raw_documents ORDER BY 1, 2, 3"),
        world.rows("SELECT source, source_id, code, field, reason, raw, content_hash FROM quarantine ORDER BY content_hash, code, field"),
    ]


def test_the_three_steps_leave_what_one_run_leaves(world: Collecting, tmp_path: Path) -> None:
    world.simulator.gov24.change(None, {"신청기한": "2026.13.45"})
    world.run("gov24")
    world.run("bizinfo")
    expected = content(world)
    world.empty()
    written = steps(world, tmp_path, "bizinfo", "gov24")
    assert (written["bizinfo"]["new"], written["gov24"]["new"] + written["gov24"]["quarantined"]) == (PER_PORTAL, PER_PORTAL)
    # view counters go up with every listing; they are no content
    bare = [[{name: value for name, value in row.items() if name not in {"body", "raw"}} for row in rows] for rows in (*content(world), *expected)]
    assert bare[:3] == bare[3:]


def test_every_source_that_a_run_of_all_takes_is_fetched_and_written_and_a_failing_one_harms_no_other(world: Collecting, tmp_path: Path) -> None:
    world.simulator.gov24.fault = Fault("key")
    done = aegis(world, "fetch", "--all", "--into", str(tmp_path))
    assert (done.returncode, "gov24: DP_1003" in done.stderr) == (1, True)
    assert json.loads(done.stdout).keys() == {"bizinfo", "gov24", *FEEDS}
    world.simulator.gov24.fault, asked = None, world.simulator.bizinfo.requests
    said(aegis(world, "fetch", "--all", "--into", str(tmp_path)))
    assert world.simulator.bizinfo.requests == asked
    said(aegis(world, "stage", str(tmp_path)))
    written = said(aegis(world, "write", str(tmp_path)))
    assert {source: (each["new"], each["status"]) for source, each in written.items()} == {
        **dict.fromkeys(("bizinfo", "gov24"), (PER_PORTAL, "success")),
        **{source: (0 if source == "korea.pressrelease" else 12, "success") for source in FEEDS},
    }


def test_what_a_later_listing_lacks_is_archived(world: Collecting, tmp_path: Path) -> None:
    steps(world, tmp_path / "first", "gov24")
    gone = world.simulator.gov24.remove(None)
    written = steps(world, tmp_path / "second", "gov24")
    assert (written["gov24"]["archived"], written["gov24"]["complete"]) == (1, True)
    assert world.policies()[gone]["status"] == "archived"


def test_a_portal_that_fails_half_way_leaves_its_first_pages_and_archives_nothing(world: Collecting, tmp_path: Path) -> None:
    world.run("gov24")
    world.simulator.gov24.fault = Fault("key", from_page=2)
    failed = aegis(world, "fetch", "gov24", "--into", str(tmp_path), "--page-size", "25")
    assert (failed.returncode, json.loads(failed.stdout)["pages"]) == (1, 1)
    assert "DP_1003" in failed.stderr
    said(aegis(world, "stage", str(tmp_path)))
    written = said(aegis(world, "write", str(tmp_path)))["gov24"]
    assert (written["status"], written["unchanged"], written["archived"], written["error_code"]) == ("failure", 25, 0, "DP_1003")


def test_a_failed_fetch_is_made_good_and_a_whole_one_is_kept(world: Collecting, tmp_path: Path) -> None:
    world.simulator.gov24.fault = Fault("key", from_page=2)
    assert aegis(world, "fetch", "gov24", "--into", str(tmp_path), "--page-size", "25").returncode == 1
    world.simulator.gov24.fault = None
    whole = said(aegis(world, "fetch", "gov24", "--into", str(tmp_path), "--page-size", "25"))
    assert (whole["records"], whole["error"]) == (PER_PORTAL, None)
    world.simulator.gov24.fault = Fault("key")
    assert said(aegis(world, "fetch", "gov24", "--into", str(tmp_path))) == whole


def test_a_listing_that_was_overtaken_is_refused(world: Collecting, tmp_path: Path) -> None:
    said(aegis(world, "fetch", "gov24", "--into", str(tmp_path)))
    said(aegis(world, "stage", str(tmp_path)))
    fetched = tmp_path / "gov24" / "fetched.json"
    kept = json.loads(fetched.read_text())
    fetched.write_text(json.dumps({**kept, "begun": kept["begun"] - 60}))
    world.simulator.gov24.add(None)
    world.run("gov24")
    said(aegis(world, "fetch", "bizinfo", "--into", str(tmp_path)))
    said(aegis(world, "stage", str(tmp_path)))
    refused = aegis(world, "write", str(tmp_path))
    assert (refused.returncode, json.loads(refused.stdout)["bizinfo"]["new"]) == (1, PER_PORTAL)
    assert "fetch it again" in refused.stderr
    assert {row["status"] for row in world.policies().values()} == {"pending_validation"}


def test_a_stand_in_for_a_source_that_was_down_overtakes_no_listing(world: Collecting, tmp_path: Path) -> None:
    said(aegis(world, "fetch", "gov24", "--into", str(tmp_path)))
    said(aegis(world, "stage", str(tmp_path)))
    later = "now() + interval '10 seconds'"
    world.rows(
        "INSERT INTO processing_history (pipeline, source, status, error_code, message, started_at, finished_at)"
        f" VALUES ('collect', 'gov24', 'partial', 'DP_1001', 'the last good listing stood in', {later}, {later}) RETURNING processing_id"
    )
    assert said(aegis(world, "write", str(tmp_path)))["gov24"]["new"] == PER_PORTAL


def test_what_is_not_staged_is_not_written(world: Collecting, tmp_path: Path) -> None:
    said(aegis(world, "fetch", "gov24", "--into", str(tmp_path)))
    refused = aegis(world, "write", str(tmp_path))
    assert refused.returncode == 1
    assert "aegis collect stage" in refused.stderr
    assert world.policies() == {}


def test_a_listing_that_lost_a_column_is_stopped_by_the_gate_and_the_others_are_written(world: Collecting, tmp_path: Path) -> None:
    steps(world, tmp_path / "good", "gov24")
    before = world.fingerprint()
    for row in world.simulator.gov24.rows:
        del row["소관기관명"]
    for source in ("bizinfo", "gov24"):
        said(aegis(world, "fetch", source, "--into", str(tmp_path / "bad"), "--page-size", "25"))
    said(aegis(world, "stage", str(tmp_path / "bad")))
    done = aegis(world, "write", str(tmp_path / "bad"))
    written = json.loads(done.stdout)
    assert (done.returncode, "gov24: DP_1004: the quality gate is closed: 소관기관명" in done.stderr) == (1, True)
    assert (written["bizinfo"]["new"], written["gov24"]["fetched"]) == (PER_PORTAL, 0)
    gov24 = {row["policy_id"] for row in world.rows("SELECT policy_id FROM policies WHERE source = 'gov24'")}
    assert [row for row in world.fingerprint()[0] if row["policy_id"] in gov24] == before[0]
    assert said(aegis(world, "write", str(tmp_path / "bad"), "--force-gate"))["gov24"]["changed"] == PER_PORTAL
