"""`aegis quarantine`: by cause, out of it where a record passes now, given up with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from aegis.settings import Settings
from collectors.quarantine import cli
from collectors.store import PolicyStore
from infra.local.portals.application import running, simulator
from infra.local.portals.generated import gov24_row
from tests.support.collecting import Collecting, collecting
from tests.support.database import database, in_database

pytestmark = pytest.mark.stack

Quarantine = Callable[..., Result]


@pytest.fixture(scope="module")
def name(stack: Settings, template_database: str) -> Iterator[str]:
    with database(stack.postgres_dsn.get_secret_value(), template_database) as made:
        yield made


@pytest.fixture
def world(stack: Settings, name: str) -> Iterator[Collecting]:
    with running(simulator()) as portals:
        made = collecting(stack, name, portals)
        made.empty()
        made.rows("DELETE FROM audit_logs RETURNING 1")
        yield made


@pytest.fixture
def quarantine(stack: Settings, name: str, monkeypatch: pytest.MonkeyPatch) -> Quarantine:
    dsns = {field: SecretStr(in_database(getattr(stack, field).get_secret_value(), name)) for field in ("postgres_reader_dsn", "postgres_collector_dsn")}
    monkeypatch.setattr(cli, "settings", lambda: stack.model_copy(update=dsns))
    return lambda *arguments: CliRunner().invoke(cli.command, arguments)


def _said(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return json.loads(result.stdout)


def _quarantine_a_sound_record(world: Collecting, source_id: str = "EXAMPLE000900") -> None:
    """As if the mapping had been at fault when it came."""
    world.simulator.gov24.add({**gov24_row(900), "서비스ID": source_id, "서비스명": ""})
    world.run()
    sound = json.dumps({**gov24_row(900), "서비스ID": source_id}, ensure_ascii=False)
    world.rows("UPDATE quarantine SET raw = %(raw)s WHERE source_id = %(id)s RETURNING 1", raw=sound, id=source_id)


def test_records_of_one_cause_are_one_line_however_many_they_are(world: Collecting, quarantine: Quarantine) -> None:
    for day in range(10, 22):
        world.simulator.gov24.add({**gov24_row(900 + day), "신청기한": f"2026.13.{day}~2026.14.01"})
    world.simulator.gov24.add({**gov24_row(990), "서비스명": ""})
    world.run()
    found = _said(quarantine("list", "--json"))
    assert [(row["source"], row["code"], row["records"]) for row in found] == [("gov24", "DP_1004", 12), ("gov24", "DP_2001", 1)]
    assert "N" in found[0]["cause"]
    assert len(_said(quarantine("list", "--problems", "--json"))) == 13
    assert len(_said(quarantine("list", "--problems", "--field", "서비스명", "--json"))) == 1
    assert _said(quarantine("list", "--source", "bizinfo", "--json")) == []
    assert _said(quarantine("list", "--until", "1h", "--json")) == []
    assert "12" in quarantine("list").output


def test_one_problem_is_shown_with_its_record_as_received(world: Collecting, quarantine: Quarantine) -> None:
    world.simulator.gov24.add({**gov24_row(900), "서비스명": ""})
    world.run()
    [row] = _said(quarantine("list", "--problems", "--json"))
    shown = _said(quarantine("show", str(row["quarantine_id"]), "--json"))
    assert json.loads(shown["raw"])["서비스ID"] == shown["source_id"]
    assert "서비스명" in quarantine("show", str(row["quarantine_id"])).output
    missing = quarantine("show", "99999999")
    assert (missing.exit_code, "no problem" in missing.output) == (1, True)


def test_what_passes_now_is_stored_with_its_event_and_leaves_the_quarantine(world: Collecting, quarantine: Quarantine) -> None:
    _quarantine_a_sound_record(world)
    before = world.fingerprint()
    assert _said(quarantine("release", "--all", "--dry-run", "--json")) == {"dry_run": True, "released": 1, "problems": 0, "kept": {}}
    assert world.fingerprint() == before
    result = quarantine("release", "--source", "gov24", "--json")
    assert (result.exit_code, _said(result)["released"]) == (0, 1)
    row = world.policies()["EXAMPLE000900"]
    assert row["status"] == "pending_validation"
    assert len(world.rows("SELECT FROM outbox WHERE aggregateid = %(key)s AND type = 'policy.validated'", key=row["policy_id"])) == 1
    assert len(world.rows("SELECT FROM raw_documents WHERE source_id = 'EXAMPLE000900'")) == 1
    assert _said(quarantine("list", "--json")) == []
    [audit] = world.rows("SELECT action, table_name, before ->> 'source_id' AS record FROM audit_logs")
    assert audit == {"action": "release", "table_name": "quarantine", "record": "EXAMPLE000900"}


def test_what_still_fails_stays_and_why_is_told(world: Collecting, quarantine: Quarantine) -> None:
    _quarantine_a_sound_record(world)
    world.simulator.gov24.add({**gov24_row(901), "서비스명": ""})
    world.run()
    result = quarantine("release", "--all", "--json")
    assert result.exit_code == 4
    said = _said(result)
    assert said["released"] == 1
    [reason] = said["kept"]
    assert "서비스명" in reason
    assert [row["records"] for row in _said(quarantine("list", "--json"))] == [1]


def test_the_second_record_of_an_identifier_is_not_released_over_the_first(world: Collecting, quarantine: Quarantine) -> None:
    shelf = world.simulator.gov24
    shelf.rows.append({**shelf.rows[0], "서비스명": "다른 이름"})
    world.run()
    title = world.policies()[shelf.rows[0]["서비스ID"]]["title"]
    result = quarantine("release", "--all", "--json")
    assert (result.exit_code, _said(result)["released"]) == (4, 0)
    assert world.policies()[shelf.rows[0]["서비스ID"]]["title"] == title


def test_an_older_form_of_a_record_is_not_released_over_a_newer_one(world: Collecting, quarantine: Quarantine) -> None:
    _quarantine_a_sound_record(world)
    world.simulator.gov24.change("EXAMPLE000900", {"지원내용": "○ 더"})
    world.run()
    result = quarantine("release", "--all", "--json")
    assert (result.exit_code, _said(result)["released"]) == (4, 0)
    assert any("newer form" in reason for reason in _said(result)["kept"])
    assert "EXAMPLE000900" not in world.policies()


def test_nothing_is_released_while_its_source_is_collected(world: Collecting, quarantine: Quarantine) -> None:
    _quarantine_a_sound_record(world)
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection, PolicyStore(connection, "gov24", dry_run=False).alone():
        result = quarantine("release", "--all")
    assert result.exit_code == 1
    assert "gov24" in result.output
    assert len(_said(quarantine("list", "--json"))) == 1


def test_a_record_of_a_source_that_nobody_knows_stays(world: Collecting, quarantine: Quarantine) -> None:
    world.rows("INSERT INTO quarantine (source, source_id, code, reason, raw) VALUES ('unheard-of', 'a', 'DP_2001', 'r', '{}') RETURNING 1")
    [reason] = _said(quarantine("release", "--all", "--json"))["kept"]
    assert "unheard-of" in reason


def test_what_is_given_up_leaves_the_list_with_a_reason_and_does_not_come_back(world: Collecting, quarantine: Quarantine) -> None:
    for number in range(3):
        world.simulator.gov24.add({**gov24_row(900 + number), "서비스명": ""})
    world.run()
    assert quarantine("discard", "--all").exit_code == 2
    assert quarantine("discard", "--all", "--reason", " ").exit_code == 2
    assert quarantine("discard", "--reason", "test rows").exit_code == 2
    assert _said(quarantine("discard", "--all", "--reason", "test rows", "--dry-run", "--json")) == {"dry_run": True, "discarded": 3}
    assert _said(quarantine("discard", "--all", "--reason", "test rows", "--json")) == {"dry_run": False, "discarded": 3}
    assert _said(quarantine("list", "--json")) == []
    assert {row["discard_reason"] for row in _said(quarantine("list", "--problems", "--all", "--json"))} == {"test rows"}
    audit = world.rows("SELECT action, reason, actor FROM audit_logs")
    assert [(row["action"], row["reason"]) for row in audit] == [("discard", "test rows")] * 3
    before = world.fingerprint()
    world.run()
    assert _said(quarantine("list", "--json")) == []
    assert world.fingerprint() == before


def test_a_problem_that_does_not_wait_cannot_be_given_up(world: Collecting, quarantine: Quarantine) -> None:
    result = quarantine("discard", "1", "--reason", "r", "--json")
    assert result.exit_code == 1
    assert "does not wait" in result.output
