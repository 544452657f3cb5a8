"""`aegis quality fixes`: what was fixed on the way in, and how to undo it."""

from __future__ import annotations

from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from rich.markup import escape
from rich.table import Column, Table

from aegis.cli.screen import screen
from aegis.queries import queries
from aegis.settings import settings
from batch.cli.ending import Refused, translated

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
KINDS = ("text_noise", "code_form", "old_code", "unit", "swapped_dates", "swapped_amounts")
OUTCOMES = {
    "restored": "the field is as the source gave it, or empty where the table cannot hold that; collectors leave it so",
    "overtaken": "the field has changed since and is left alone; collectors make this fix no more",
    "gone": "the policy is gone; collectors make this fix no more, should it come back",
}


@click.group("fixes")
def fixes_command() -> None:
    """List and undo what was fixed before it was stored."""


@fixes_command.command("list")
@click.option("--source", help="Only this source.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many, the newest first.")
@AS_JSON
def list_command(source: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """List fixes, the newest first."""
    with translated():
        rows = _rows({"source": source, "kind": kind, "limit": limit})
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    table = Table("fix", "source", "policy", "field", "kind", Column("before", overflow="fold"), Column("after", overflow="fold"), "undone")
    for row in rows:
        undone = f"{row['undone_at']:%F}" if row["undone_at"] else ""
        named = (str(row["fix_id"]), row["source"], row["source_id"] or row["policy_id"], row["field"], row["kind"], row["before"], row["after"], undone)
        table.add_row(*map(escape, named))
    screen().print(table)


@fixes_command.command("undo")
@click.argument("fix_id", metavar="FIX", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why, for the audit log.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@AS_JSON
def undo_command(fix_id: int, reason: str, dry_run: bool, as_json: bool) -> None:
    """Undo FIX: the field is put back, and collectors do not fix it again for this policy. Exit code 2 where there is nothing to undo."""
    if not reason.strip():
        raise click.UsageError("--reason must say something: it stands in the audit log")
    with translated(), psycopg.connect(settings().postgres_validator_dsn.get_secret_value(), autocommit=True) as connection:
        row = connection.execute(queries("fixes")["undo"], {"fix_id": fix_id, "reason": reason.strip(), "dry_run": dry_run}).fetchone()
    outcome = str(row[0]) if row else "unknown"
    if outcome not in OUTCOMES:
        raise Refused(f"fix {fix_id}: {outcome}; see `aegis quality fixes list`")
    if as_json:
        click.echo(orjson.dumps({"fix_id": fix_id, "outcome": outcome, "dry_run": dry_run}))
    else:
        click.echo(f"{'would be ' if dry_run else ''}{outcome}: {OUTCOMES[outcome]}")


def _rows(asked: dict[str, Any]) -> list[dict[str, Any]]:
    with psycopg.connect(settings().postgres_validator_dsn.get_secret_value(), autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(queries("fixes")["list"], asked).fetchall()
