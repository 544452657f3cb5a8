"""`aegis rules` over the table."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from aegis.settings import Settings
from batch.cli import rules
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
    monkeypatch.setattr(rules, "settings", lambda: stack.model_copy(update={"postgres_validator_dsn": SecretStr(world.validator_dsn)}))
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
