"""Whole runs of the collectors, from the simulated portals into a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from prometheus_client import REGISTRY

from collectors.draft import policy_id
from collectors.store import AlreadyRunning, PolicyStore
from infra.local.portals.faults import FORMS
from infra.local.portals.generated import PER_PORTAL, gov24_row
from infra.local.portals.shelf import Fault
from tests.support.collecting import Collecting
from tests.unit.test_collect_answers import EXPECTED

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("source", ["bizinfo", "gov24"])
def test_a_first_run_stores_everything_with_one_event_each(world: Collecting, source: str) -> None:
    summary = world.run(source)
    assert (summary.fetched, summary.new, summary.complete, summary.status) == (PER_PORTAL, PER_PORTAL, True, "success")
    stored = world.policies()
    assert {row["policy_id"] for row in stored.values()} == {policy_id(source, source_id) for source_id in stored}
    assert {(row["status"], row["is_active"]) for row in stored.values()} == {("pending_validation", True)}
    events = world.rows("SELECT * FROM outbox")
    assert sorted(event["aggregateid"] for event in events) == sorted(row["policy_id"] for row in stored.values())
    assert {(event["aggregatetype"], event["type"], event["schema_version"]) for event in events} == {("policy", "policy.validated", "1.0")}
    for event in events:
        row = stored[event["payload"]["source_id"]]
        assert event["payload"] == {
            "policy_id": row["policy_id"],
            "source": source,
            "source_id": row["source_id"],
            "status": "pending_validation",
            "version": row["version"],
            "operation": "created",
        }
    assert len(world.rows("SELECT * FROM raw_documents")) == PER_PORTAL


@pytest.mark.parametrize("source", ["bizinfo", "gov24"])
def test_a_second_run_writes_and_locks_nothing_although_views_were_counted(world: Collecting, source: str) -> None:
    world.run(source)
    before = world.fingerprint()
    views = [row[getattr(world.simulator, source).views_field] for row in getattr(world.simulator, source).rows]
    summary = world.run(source)
    assert (summary.new, summary.changed, summary.unchanged, summary.archived) == (0, 0, PER_PORTAL, 0)
    assert [row[getattr(world.simulator, source).views_field] for row in getattr(world.simulator, source).rows] != views
    assert world.fingerprint() == before


def test_a_changed_record_is_updated_and_its_neighbours_are_not(world: Collecting) -> None:
    world.run()
    before = world.policies()
    changed = world.simulator.gov24.change(None, {"지원내용": "○ 1인당 77만원"})
    summary = world.run()
    assert (summary.new, summary.changed, summary.unchanged) == (0, 1, PER_PORTAL - 1)
    after = world.policies()
    assert "77만원" in after[changed]["content"]
    assert {source_id for source_id in after if after[source_id]["version"] != before[source_id]["version"]} == {changed}
    assert [event["payload"]["operation"] for event in world.rows("SELECT payload FROM outbox WHERE payload ->> 'operation' <> 'created'")] == ["updated"]
    assert len(world.rows("SELECT FROM raw_documents WHERE source_id = %(id)s", id=changed)) == 2


@pytest.mark.parametrize(("before", "after"), [("active", "active"), ("rejected", "pending_validation"), ("pending_validation", "pending_validation")])
def test_a_change_keeps_what_was_decided_except_a_rejection(world: Collecting, before: str, after: str) -> None:
    world.run()
    changed = world.simulator.gov24.rows[0]["서비스ID"]
    world.rows("UPDATE policies SET status = %(status)s WHERE source_id = %(id)s RETURNING 1", status=before, id=changed)
    world.simulator.gov24.change(changed, {"지원내용": "○ 더"})
    world.run()
    assert world.policies()[changed]["status"] == after


def test_amounts_that_another_part_found_are_kept(world: Collecting) -> None:
    world.run()
    changed = world.simulator.gov24.rows[0]["서비스ID"]
    world.rows("UPDATE policies SET funding_amount_max = 500000 WHERE source_id = %(id)s RETURNING 1", id=changed)
    assert world.run().changed == 0
    world.simulator.gov24.change(changed, {"지원내용": "○ 더"})
    assert world.run().changed == 1
    assert world.policies()[changed]["funding_amount_max"] == 500000


def test_a_record_removed_upstream_is_archived_and_comes_back_under_its_key(world: Collecting) -> None:
    world.run()
    gone = dict(world.simulator.gov24.rows[0])
    source_id = world.simulator.gov24.remove(None)
    summary = world.run()
    assert (summary.archived, summary.unchanged) == (1, PER_PORTAL - 1)
    archived = world.policies()[source_id]
    assert (archived["status"], archived["is_active"]) == ("archived", False)
    assert world.run().archived == 0

    world.simulator.gov24.add(gone)
    assert world.run().changed == 1
    back = world.policies()[source_id]
    assert (back["status"], back["is_active"], back["policy_id"]) == ("pending_validation", True, archived["policy_id"])


def test_one_portals_listing_archives_nothing_of_another(world: Collecting) -> None:
    world.run("bizinfo")
    world.run("gov24")
    assert {row["status"] for row in world.policies().values()} == {"pending_validation"}


def test_a_listing_that_breaks_off_stores_what_came_and_archives_nothing(world: Collecting) -> None:
    world.run()
    world.simulator.gov24.remove(None)
    world.simulator.gov24.change(None, {"지원내용": "○ 더"})
    world.simulator.gov24.fault = Fault("server_error", from_page=2)
    summary = world.run(force_archive=True)
    assert (summary.status, summary.error_code, summary.changed, summary.archived) == ("failure", "DP_1001", 1, 0)
    assert "archived" not in {row["status"] for row in world.policies().values()}
    history = world.rows("SELECT * FROM processing_history ORDER BY 1 DESC LIMIT 1")[0]
    assert (history["status"], history["error_code"]) == ("failure", "DP_1001")
    assert history["message"]

    world.simulator.gov24.fault = None
    assert world.run().archived == 1


def test_a_listing_with_a_hole_archives_nothing(world: Collecting) -> None:
    world.run()
    world.simulator.gov24.fault = Fault("no_data", from_page=3)
    summary = world.run(force_archive=True)
    assert (summary.complete, summary.archived, summary.status) == (False, 0, "partial")
    assert "not complete" in (summary.withheld or "")


def test_an_empty_listing_archives_nothing_unless_it_is_confirmed(world: Collecting) -> None:
    world.run()
    world.simulator.gov24.rows = []
    summary = world.run()
    assert summary.archived == 0
    assert "empty" in (summary.withheld or "")
    assert world.run(force_archive=True).archived == PER_PORTAL


def test_a_listing_that_lost_most_records_archives_nothing(world: Collecting) -> None:
    world.run()
    world.simulator.gov24.rows = world.simulator.gov24.rows[: PER_PORTAL // 2 - 1]
    summary = world.run()
    assert summary.archived == 0
    assert "--force-archive" in (summary.withheld or "")


def test_new_identifiers_for_everything_archive_nothing(world: Collecting) -> None:
    world.run()
    for row in world.simulator.gov24.rows:
        row["서비스ID"] = f"NEW{row['서비스ID']}"
    summary = world.run()
    assert (summary.new, summary.archived) == (PER_PORTAL, 0)
    assert f"{PER_PORTAL} of {PER_PORTAL}" in (summary.withheld or "")


def test_what_a_run_did_is_counted(world: Collecting) -> None:
    def counted(status: str) -> float:
        return REGISTRY.get_sample_value("data_collection_total", {"source": "gov24", "status": status}) or 0.0

    statuses = ("new", "changed", "unchanged", "archived", "quarantined", "error")
    before = {status: counted(status) for status in statuses}
    world.run(dry_run=True)
    world.run()
    world.simulator.gov24.remove(None)
    world.simulator.gov24.change(None, {"지원내용": "○ 더"})
    world.simulator.gov24.add({**gov24_row(900), "서비스명": ""})
    world.run()
    world.simulator.gov24.fault = Fault("key")
    world.run()
    gained = {status: counted(status) - before[status] for status in statuses}
    assert gained == {"new": PER_PORTAL, "changed": 1, "unchanged": PER_PORTAL - 2, "archived": 1, "quarantined": 1, "error": 1}


def test_a_poison_record_is_quarantined_once_and_its_neighbours_are_stored(world: Collecting) -> None:
    shelf = world.simulator.gov24
    shelf.add({**gov24_row(900), "서비스명": None})
    shelf.add({**gov24_row(901), "신청기한": "2062.05.02~2026.05.01"})
    shelf.add({**gov24_row(902), "지원대상": "가\x00나\ud800다"})
    for _ in range(3):
        summary = world.run()
        assert (summary.quarantined, summary.status) == (2, "partial")
    assert len(world.policies()) == PER_PORTAL + 1
    found = world.rows("SELECT source_id, code, field, reason, raw FROM quarantine ORDER BY source_id")
    assert [(row["source_id"], row["code"], row["field"]) for row in found] == [
        ("EXAMPLE000900", "DP_1004", "서비스명"),
        ("EXAMPLE000901", "DP_2001", "application_end_date"),
    ]
    assert all(row["reason"] and "서비스ID" in row["raw"] for row in found)


def test_a_record_that_passes_later_leaves_the_quarantine(world: Collecting) -> None:
    world.simulator.gov24.add({**gov24_row(900), "서비스명": ""})
    world.run()
    world.simulator.gov24.change("EXAMPLE000900", {"서비스명": "이제 있음"})
    summary = world.run()
    assert (summary.new, summary.quarantined) == (1, 0)
    assert world.rows("SELECT released_at IS NOT NULL AS released FROM quarantine") == [{"released": True}]
    before = world.fingerprint()
    world.run()
    assert world.fingerprint() == before


def test_a_known_record_that_turns_bad_is_not_taken_for_removed(world: Collecting) -> None:
    world.run()
    bad = world.simulator.gov24.change(None, {"서비스명": 5})
    assert (summary := world.run()).archived == 0
    assert summary.quarantined == 1
    assert world.policies()[bad]["status"] == "pending_validation"


def test_records_that_newly_lost_their_identifier_put_archiving_off_for_a_run(world: Collecting) -> None:
    world.run()
    world.simulator.gov24.change(None, {"서비스ID": "B010-****-****"})
    summary = world.run()
    assert (summary.archived, summary.quarantined) == (0, 1)
    assert "identifier" in (summary.withheld or "")
    assert world.run().archived == 1


def test_two_records_under_one_identifier_are_told_apart_from_a_repeated_one(world: Collecting) -> None:
    shelf = world.simulator.gov24
    shelf.rows.append(dict(shelf.rows[0]))
    shelf.rows.append({**shelf.rows[1], "서비스명": "다른 이름"})
    summary = world.run()
    assert (summary.new, summary.quarantined, summary.complete) == (PER_PORTAL, 1, True)
    assert [row["code"] for row in world.rows("SELECT code FROM quarantine")] == ["DP_2003"]
    before = world.fingerprint()
    world.run()
    assert world.fingerprint() == before


def test_a_dry_run_says_what_would_change_and_writes_nothing(world: Collecting) -> None:
    assert world.run(dry_run=True).new == PER_PORTAL
    assert world.policies() == {}
    world.run()
    world.simulator.gov24.remove(None)
    world.simulator.gov24.change(None, {"지원내용": "○ 더"})
    world.simulator.gov24.add()
    world.simulator.gov24.add({**gov24_row(900), "서비스명": ""})
    before, runs = world.fingerprint(), world.rows("SELECT count(*) FROM processing_history")
    foreseen = world.run(dry_run=True)
    assert (foreseen.new, foreseen.changed, foreseen.archived, foreseen.quarantined) == (1, 1, 1, 1)
    assert world.fingerprint() == before
    assert world.rows("SELECT count(*) FROM processing_history") == runs
    done = world.run()
    assert done.counts() == foreseen.counts()


@pytest.mark.parametrize("source", ["bizinfo", "gov24"])
def test_every_error_form_ends_a_run_with_its_code_and_a_message(world: Collecting, source: str) -> None:
    expected = {kind: str(code) for kind, (code, _) in EXPECTED.items()} | {"hang_up": "DP_1001"}
    assert set(expected) == set(FORMS) - {"no_data"}
    for kind, code in expected.items():
        getattr(world.simulator, source).fault = Fault(kind)
        summary = world.run(source)
        assert (kind, summary.error_code, summary.status) == (kind, code, "failure")
        assert summary.error
    assert world.policies() == {}
    assert {row["status"] for row in world.rows("SELECT status FROM processing_history")} == {"failure"}


def test_a_passing_error_is_retried_and_leaves_no_trace(world: Collecting) -> None:
    world.simulator.gov24.fault = Fault("server_error", times=2, from_page=2)
    summary = world.run()
    assert (summary.new, summary.status) == (PER_PORTAL, "success")
    assert len(world.slept) == 2


def test_the_limit_of_the_day_ends_a_run_at_once(world: Collecting) -> None:
    world.simulator.gov24.limits.per_day = 2
    summary = world.run()
    assert (summary.error_code, summary.new) == ("DP_1002", 50)
    assert "midnight" in (summary.error or "")
    assert world.simulator.gov24.requests == 3


def test_two_runs_of_one_source_at_once_are_refused(world: Collecting) -> None:
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection, PolicyStore(connection, "gov24", dry_run=False).alone():
        with pytest.raises(AlreadyRunning, match="gov24"):
            world.run()
        assert world.run("bizinfo").status == "success"
    assert world.run().status == "success"
