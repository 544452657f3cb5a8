"""`aegis rules`: what policies are held against, for analysts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from rich.markup import escape
from rich.table import Column, Table

from aegis.cli.screen import screen
from aegis.korea import KOREA
from aegis.rows.business_rule import BusinessRule
from aegis.settings import settings
from batch.cli import why
from batch.cli.ending import translated
from batch.validation.business_rule import MalformedRule, compiled, parsed, rule_of, schema
from batch.validation.checks import rules as built_in_rules
from batch.validation.ledger import Ledger
from batch.validation.rule import Rule

MALFORMED = 4
"""Exit code where a rule cannot be used."""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")


@click.group("rules")
def command() -> None:
    """What the full validation holds policies against: rules that come with Aegis, and those of the table business_rules."""


command.add_command(why.command)


@command.command("list")
@AS_JSON
def list_command(*, as_json: bool) -> None:
    """List every rule that is applied, and those of the table that cannot be."""
    on = datetime.now(KOREA).date()
    with translated():
        found = compiled(_stored(), on)
    rules = (*built_in_rules(on), *found.rules)
    if as_json:
        click.echo(orjson.dumps({"rules": [_document(rule) for rule in rules], "malformed": [_malformed(each) for each in found.malformed]}))
        return
    table = Table("rule", "field", "means", Column("policies that break it", overflow="fold"), Column("what mends it", overflow="fold"))
    for rule in rules:
        table.add_row(*(escape(text) for text in (rule.name, rule.field, rule.severity, rule.reason, rule.remedy)))
    console = screen()
    console.print(table)
    for each in found.malformed:
        console.print(f"[yellow]skipped[/] {escape(str(each))}", highlight=False)


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--all", "stored", is_flag=True, help="Check every active validation rule of the table.")
@AS_JSON
def check_command(*, file: Path | None, stored: bool, as_json: bool) -> None:
    """Say whether a condition can be used: the JSON of FILE (an object, or a list of them), or all that the table has. Changes nothing.

    Exit code 0: all can be. 4: some cannot, and what to correct is said.
    """
    if (file is None) is not stored:
        raise click.UsageError("give a FILE, or --all")
    with translated():
        checked, malformed = _check_stored() if file is None else _check_file(file)
    if as_json:
        click.echo(orjson.dumps({"checked": checked, "malformed": [_malformed(each) for each in malformed]}))
    else:
        for each in malformed:
            click.echo("\n  ".join([f"{each.rule}:", *each.problems]))
        click.echo(f"{checked} checked, {len(malformed)} cannot be used")
    sys.exit(MALFORMED if malformed else 0)


@command.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a condition, for editors; resources/business_rule.schema.json has it."""
    click.echo(schema_text(), nl=False)


def schema_text() -> str:
    """As the file has it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _check_file(file: Path) -> tuple[int, list[MalformedRule]]:
    try:
        read = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        return 1, [MalformedRule(file.name, [f"this is no JSON ({error}): correct it"])]
    conditions = read if isinstance(read, list) else [read]
    named = [(f"{file.name} {number}" if isinstance(read, list) else file.name, each) for number, each in enumerate(conditions, start=1)]
    return len(named), _malformed_of((orjson.dumps(each), name) for name, each in named)


def _malformed_of(conditions: Iterable[tuple[bytes, str]]) -> list[MalformedRule]:
    found = []
    for condition, name in conditions:
        try:
            parsed(condition, name)
        except MalformedRule as error:
            found.append(error)
    return found


def _check_stored() -> tuple[int, list[MalformedRule]]:
    rows, found = [row for row in _stored() if row.is_active], []
    for row in rows:
        try:
            rule_of(row, datetime.now(KOREA).date())
        except MalformedRule as error:
            found.append(error)
    return len(rows), found


def _stored() -> tuple[BusinessRule, ...]:
    dsn = settings().postgres_validator_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
        return Ledger(connection, "rules").rules()


def _document(rule: Rule) -> dict[str, str]:
    names = ("name", "field", "severity", "code", "reason", "remedy", "description")
    return {name: str(getattr(rule, name)) for name in names}


def _malformed(error: MalformedRule) -> dict[str, object]:
    return {"rule": error.rule, "problems": list(error.problems)}
