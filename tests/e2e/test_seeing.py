"""`aegis status`, `doctor`, `watch` and `dlq` against the real stack."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from aegis.cli import watch
from aegis.settings import Settings
from tests.e2e.conftest import Cli
from tests.support.wait import until

pytestmark = pytest.mark.stack

Owner = psycopg.Connection[dict[str, Any]]
STORES = {"milvus", "neo4j", "elasticsearch", "redis"}


def test_status_tells_servers_connector_lag_and_counts_of_a_running_stack(cli: Cli):
    result = cli("status", "--json")
    found = json.loads(result.stdout)
    assert {name: server["up"] for name, server in found["servers"].items()} == dict.fromkeys(found["servers"], True)
    assert set(found["servers"]) > STORES
    assert all(found["servers"][name]["version"] for name in ("postgresql", "connect", *STORES))
    assert found["connectors"]["aegis-postgres-connector"]["runs"]
    assert all(group["members"] >= 1 and group["lag"] >= 0 for group in found["groups"].values())
    assert set(found["groups"]) == STORES | {"dead-letters", "receipts", "subscriptions"}
    assert set(found["tables"]["policies"]) == STORES | {"postgresql"}
    assert set(found["tables"]["users"]) == {"postgresql", "neo4j", "redis"}
    assert result.exit_code == (0 if found["healthy"] else 1)
    assert bool(found["problems"]) is not found["healthy"]


def test_status_counts_a_policy_that_arrived(cli: Cli, owner: Owner, policy: str, traced: Any):
    traced("policies", policy)

    def counts() -> dict[str, Any]:
        return json.loads(cli("status", "--json").stdout)["tables"]["policies"]

    def equal() -> bool:
        found = counts()
        return {store: found[store]["visible"] for store in STORES} == dict.fromkeys(STORES, found["postgresql"]["shown"])

    until(equal, 30, "every store to count what PostgreSQL shows")
    assert counts()["postgresql"]["rows"] >= 1


def test_doctor_finds_the_prerequisites_of_a_running_stack_in_order(cli: Cli):
    found = {finding["check"]: finding for finding in json.loads(cli("doctor", "--json").stdout)}
    healthy = ("python", "jdk", "disk", "embedding model", "wal_level", "publication", "replica identity", "replication slot", "topics", "korean analysis")
    assert {check: found[check]["level"] for check in healthy} == dict.fromkeys(healthy, "ok")
    assert found["milvus model"]["level"] == "ok"
    assert found["migrations"]["detail"] == "none pending"
    assert all(finding["remedy"] for finding in found.values() if finding["level"] != "ok")


def test_doctor_prints_a_table_and_counts_for_people(cli: Cli):
    shown = cli("doctor")
    assert "remedy" in shown.output
    assert " ok, " in shown.output


def test_watch_once_prints_one_line_with_every_app(cli: Cli):
    result = cli("watch", "--once", "--interval", "0.2")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 1
    assert all(f"{app} " in result.output for app in (*STORES, "dead-letters", "receipts", "subscriptions"))
    assert "/s lag " in result.output


def test_watch_goes_on_in_plain_lines_until_interrupted(stack: Settings, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def interrupted(found: Any) -> str:
        seen.append(found)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return "a line"

    monkeypatch.setattr(watch, "plain", interrupted)
    result = CliRunner().invoke(watch.command, ["--interval", "0.2"])
    assert result.output.splitlines()[:2] == ["a line", "a line"]
    assert seen[0].wal_rate is None
    assert seen[2].wal_rate is not None


@pytest.fixture
def letter(owner: Owner, policy: str) -> dict[str, Any]:
    """A dead letter for `policy` at the version that it has: Redis rejected it."""
    row = owner.execute(
        """INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, topic, partition, "offset", value_bytes, failed_at)
        SELECT 'redis', 'policies', policy_id, version, 'UPSERT', 'DP_3005', 'ChangeRejected', 'too long', 'e2e.made.up', 0, version, '\\x00ff', now()
        FROM policies WHERE policy_id = %s RETURNING id, version, key""",
        (policy,),
    ).fetchone()
    assert row is not None
    return row


def test_a_dead_letter_is_listed_shown_and_its_row_retried_through_the_log(cli: Cli, owner: Owner, letter: dict[str, Any], traced: Any):
    listed = {found["id"]: found for found in json.loads(cli("dlq", "list", "--letters", "--json").stdout)}
    assert listed[letter["id"]]["held"] is True
    assert letter["key"] in cli("dlq", "list", "--letters", "--limit", "1000").output
    shown = cli("dlq", "show", str(letter["id"]))
    assert "too long" in shown.output
    assert "2 bytes: 00 ff" in shown.output
    held = cli("trace", "policies", letter["key"])
    assert "held" in held.output
    assert "redis rejected version" in held.output
    assert json.loads(cli("status", "--json").stdout)["dead_letters"]["held"] >= 1

    retried = cli("dlq", "retry", "policies", letter["key"])
    assert retried.exit_code == 0, retried.output
    row = owner.execute("SELECT version FROM policies WHERE policy_id = %s", (letter["key"],)).fetchone()
    assert row is not None
    assert row["version"] > letter["version"]
    found = traced("policies", letter["key"])
    assert {step["stamp"]["version"] for step in found["stores"].values()} == {row["version"]}
    assert found["held_by"] == []
    assert letter["id"] not in {found["id"] for found in json.loads(cli("dlq", "list", "--letters", "--json").stdout)}
    told = owner.execute("SELECT action, before FROM audit_logs WHERE key = %s", (letter["key"],)).fetchone()
    assert told == {"action": "retry", "before": {"letters": [letter["id"]]}}


def test_there_is_nothing_to_retry_without_a_dead_letter_and_nothing_to_show_without_a_number(cli: Cli, policy: str):
    assert "has no open dead letter" in cli("dlq", "retry", "policies", policy).output
    assert "there is no dead letter" in cli("dlq", "show", "999999999").output


def test_the_letter_of_a_row_that_is_gone_is_marked_as_resolved(cli: Cli, owner: Owner, letter: dict[str, Any]):
    owner.execute("DELETE FROM policies WHERE policy_id = %s", (letter["key"],))
    result = cli("dlq", "retry", "policies", letter["key"])
    assert result.exit_code == 0
    assert "is gone from PostgreSQL" in result.output
    assert "resolved_at" in cli("dlq", "show", str(letter["id"])).output


def test_a_discarded_dead_letter_is_no_longer_open_and_says_why(cli: Cli, owner: Owner, letter: dict[str, Any]):
    assert cli("dlq", "discard", str(letter["id"]), "--reason", "made up by a test").exit_code == 0
    assert letter["id"] not in {found["id"] for found in json.loads(cli("dlq", "list", "--letters", "--json").stdout)}
    assert "made up by a test" in cli("dlq", "show", str(letter["id"])).output
    again = cli("dlq", "discard", str(letter["id"]), "--reason", "twice")
    assert (again.exit_code, "no open dead letter" in again.output) == (1, True)


def test_a_letter_whose_row_has_a_newer_version_is_resolved_and_only_listed_with_all(cli: Cli, owner: Owner, letter: dict[str, Any]):
    owner.execute("UPDATE policies SET title = '새 판' WHERE policy_id = %s", (letter["key"],))
    assert letter["id"] not in {found["id"] for found in json.loads(cli("dlq", "list", "--letters", "--json").stdout)}
    assert letter["id"] in {found["id"] for found in json.loads(cli("dlq", "list", "--letters", "--all", "--limit", "1000", "--json").stdout)}
