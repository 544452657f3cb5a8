"""`aegis rules why`: the last judgement of one policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from aegis.cli.screen import screen
from aegis.queries import queries
from aegis.settings import settings
from batch.cli.ending import translated

PARTS = ("completeness", "accuracy", "consistency", "timeliness")


@click.command("why")
@click.argument("policy_id")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(*, policy_id: str, as_json: bool) -> None:
    """Say how POLICY_ID was judged last, and why: its score, what speaks against it, what was read out of its text, and which policy speaks for it."""
    with translated(), psycopg.connect(settings().postgres_reader_dsn.get_secret_value(), autocommit=True, row_factory=dict_row) as connection:
        found = connection.execute(queries("validate")["judgement"], {"policy_id": policy_id}).fetchone()
    if found is None:
        raise click.ClickException(f"there is no policy {policy_id}")
    if as_json:
        click.echo(orjson.dumps(found, default=float, option=orjson.OPT_INDENT_2))
    elif found["status"] is None:
        click.echo(f"{policy_id} is {found['status_now']} and was never judged: `aegis validate` does")
    else:
        show(screen(), found)


def show(console: Console, found: Mapping[str, Any]) -> None:
    """Print the judgement for people."""
    parts = ", ".join(f"{part} {found[part]}" for part in PARTS)
    console.print(f"{escape(found['title'])} ({escape(found['source'])})", highlight=False)
    console.print(f"{found['status']}, quality score {found['quality_score']} ({parts}); run {found['run_id']}, {found['judged_at']:%F %R}", highlight=False)
    if found["judged_version"] != found["version_now"]:
        console.print(f"[yellow]changed since[/]: it is {found['status_now']} now, and due to be judged where that is pending or active", highlight=False)
    if found["canonical_id"]:
        console.print(f"spoken for by {escape(found['canonical_id'])}: `aegis duplicates show {escape(found['canonical_id'])}`", highlight=False)
    for name, each in found["filled"].items():
        console.print(f"{name}: the source states {escape(str(each['stated']))}, set to {escape(str(each['set']))}", highlight=False)
    if found["reasons"]:
        table = Table("code", "rule", "field", "means", Column("reason", overflow="fold"), Column("remedy", overflow="fold"))
        for each in found["reasons"]:
            table.add_row(*(escape(each[name]) for name in ("code", "rule", "field", "severity", "reason", "remedy")))
        console.print(table)
