from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from aegis.cli.main import OWN, Commands, aegis
from aegis.errors import AegisError, Code
from aegis.settings import Settings


def _group(**others: object) -> click.Group:
    return Commands({}, lambda: {name.replace("_", "-"): (lambda value=value: _load(value)) for name, value in others.items()}, name="aegis")


def _load(value: object) -> object:
    if isinstance(value, Exception):
        raise value
    return value


@click.command(help="Say hello.")
def hello() -> None:
    click.echo("hello")


def _raising(error: Exception) -> click.Command:
    def callback() -> None:
        raise error

    return click.Command("failing", callback=callback)


def test_a_registered_command_runs():
    result = CliRunner().invoke(_group(hello=hello), ["hello"])
    assert (result.exit_code, result.output) == (0, "hello\n")


def test_a_broken_command_is_listed_with_its_error_and_the_others_still_run():
    group = _group(hello=hello, replay=ModuleNotFoundError("No module named 'batch'"))
    listed = CliRunner().invoke(group, ["--help"])
    assert "Say hello." in listed.output
    assert "cannot be loaded: ModuleNotFoundError: No module named 'batch'" in " ".join(listed.output.split())
    assert CliRunner().invoke(group, ["hello"]).exit_code == 0


def test_a_broken_command_says_why_whatever_its_arguments_are():
    result = CliRunner().invoke(_group(replay=ImportError("gone")), ["replay", "--store", "redis", "x"])
    assert result.exit_code == 1
    assert "command replay cannot be loaded: ImportError: gone" in result.output


def test_an_entry_that_is_no_command_is_named():
    result = CliRunner().invoke(_group(odd=42), ["odd"])
    assert result.exit_code == 1
    assert "42 is no click command" in result.output


def test_a_known_error_is_one_line_and_exit_code_one():
    result = CliRunner().invoke(_group(failing=_raising(AegisError(Code.SOURCE_UNAVAILABLE, "portal is closed"))), ["failing"])
    assert (result.exit_code, result.output) == (1, "Error: DP_1001: portal is closed\n")


def test_an_unknown_error_is_not_hidden():
    result = CliRunner().invoke(_group(failing=_raising(ZeroDivisionError("bug"))), ["failing"])
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AEGIS_TOPIC_PARTITIONS", "secretly-not-a-number")

    def callback() -> None:
        Settings(_env_file=None)

    result = CliRunner().invoke(_group(read=click.Command("read", callback=callback)), ["read"])
    assert result.exit_code == 1
    assert "AEGIS_TOPIC_PARTITIONS" in result.output
    assert "secretly" not in result.output


def test_help_names_every_command_of_the_core():
    output = CliRunner().invoke(aegis, ["--help"]).output
    assert all(name in output for name in OWN)


def test_version_is_printed():
    assert CliRunner().invoke(aegis, ["--version"]).output.startswith("aegis, version ")
