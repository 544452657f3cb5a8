"""`aegis rules`: what an analyst is told of a file with conditions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from batch.cli.rules import command, schema_text

SOUND = {"requires": {"field": "title", "contains": "청년"}, "field": "title", "reason": "r", "remedy": "m"}


@pytest.mark.parametrize(("written", "checked"), [(SOUND, 1), ([SOUND, SOUND], 2)])
def test_conditions_that_can_be_used_are_counted(tmp_path: Path, written: Any, checked: int) -> None:
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(written), encoding="utf-8")
    result = CliRunner().invoke(command, ["check", str(file), "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"checked": checked, "malformed": []})


def test_each_condition_that_cannot_be_used_is_named_with_its_place_and_what_to_correct(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps([SOUND, {**SOUND, "requires": {"any": [{"field": "titel", "contains": "x"}]}}]), encoding="utf-8")
    result = CliRunner().invoke(command, ["check", str(file)])
    assert result.exit_code == 4
    assert "rules.json 2:" in result.output
    assert "requires.any.0: there is no field 'titel'" in result.output
    assert "2 checked, 1 cannot be used" in result.output


def test_a_file_that_is_no_json_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "rule.json"
    file.write_text("{", encoding="utf-8")
    result = CliRunner().invoke(command, ["check", str(file), "--json"])
    assert result.exit_code == 4
    assert "no JSON" in json.loads(result.stdout)["malformed"][0]["problems"][0]


@pytest.mark.parametrize("arguments", [["check"], ["check", __file__, "--all"]])
def test_what_to_check_is_said_once(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_the_schema_is_printed_for_editors() -> None:
    assert CliRunner().invoke(command, ["schema"]).output == schema_text()
