"""`aegis rules` over the table."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from aegis.settings import Settings
from batch.cli import rules, why
from tests.support.validating import Validating, validating

pytestmark = pytest.mark.stack

SOUND = {"requires": {"field": "title", "contains": "청년"}, "field": "title", "reason": "no word of the young", "remedy": "m"}


@pytest.fixture
def world(stack: Settings, own_database: str) -> Validating:
    made = validating(stack, own_database)
    made.add_rule("sound", SOUND)
    made.add_rule("broken", {"requires": {"field": "titel", "contains": "x"}})
    made.add_rule("off", {}, is_active=False)
    return made


@pytest.fixture
def cli(stack: Settings, world: Validating, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    dsns = {"postgres_validator_dsn": SecretStr(world.validator_dsn), "postgres_reader_dsn": SecretStr(world.owner_dsn)}
    for module in (rules, why):
        monkeypatch.setattr(module, "settings", lambda: stack.model_copy(update=dsns))
    return lambda *arguments: CliRunner().invoke(rules.command, arguments)


def test_rules_of_the_table_are_listed_beside_those_that_come_with_aegis_and_checked(cli: Callable[..., Result]) -> None:
    listed = json.loads(cli("list", "--json").stdout)
    assert {"title_says_something", "business_rules/sound"} <= {rule["name"] for rule in listed["rules"]}
    assert [each["rule"] for each in listed["malformed"]] == ["broken (broken)"]
    shown = cli("list").output
    assert "no word of the young" in shown
    assert "skipped" in shown
    checked = cli("check", "--all", "--json")
    assert checked.exit_code == 4
    assert json.loads(checked.stdout)["checked"] == 2


def test_a_policy_is_told_how_it_was_judged_and_why(world: Validating, cli: Callable[..., Result]) -> None:
    world.add(
        "p",
        title="서울 소상공인 지원",
        application_period_text="2026년 11월 2일부터 2026년 12월 20일까지",
        application_end_date=None,
        application_start_date=None,
    )
    assert "never judged" in cli("why", "p").output
    world.run()
    said = json.loads(cli("why", "p", "--json").stdout)
    assert (said["status"], said["reasons"][0]["rule"]) == ("rejected", "business_rules/sound")
    shown = cli("why", "p").output
    assert "no word of the young" in shown
    assert "application_end_date: the source states None, set to 2026-12-20" in shown
    world.rows("UPDATE policies SET tags = '{x}' WHERE policy_id = 'p'")
    assert "changed since" in cli("why", "p").output
    assert cli("why", "nobody").exit_code == 1
