"""`aegis duplicates`: which policies are one, who speaks for them, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Column, Table

from aegis.cli.screen import screen
from aegis.queries import queries
from aegis.settings import settings
from aegis.stores.milvus_calls import MilvusCalls
from batch.cli.bar import bar
from batch.cli.ending import stoppable, translated
from batch.duplicates.candidates import Candidates
from batch.duplicates.finding import find
from batch.duplicates.nearest import MilvusNearest, NoNeighbours

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
NOT_FOUND = 4


@click.group("duplicates")
def command() -> None:
    """List, explain and look for policies that several sources publish. Nothing is deleted for being a duplicate."""


@command.command("list")
@click.option("--source", help="Only where this source has a part.")
@click.option("--below", type=click.FloatRange(0, 1), default=1.0, show_default=True, metavar="SCORE", help="Only as doubtful as that, to look them over.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@AS_JSON
def list_command(source: str | None, below: float, limit: int, as_json: bool) -> None:
    """List policies for which another one speaks, the latest first."""
    rows = _read("listed", source=source, most=below, limit=limit)
    if as_json:
        click.echo(orjson.dumps(rows, default=str, option=orjson.OPT_INDENT_2))
        return
    table = Table("score", "duplicate", "of", Column("because", overflow="fold"))
    for row in rows:
        table.add_row(f"{row['score']:.2f}", _named(row, "member", "source", "title"), _canonical(row), escape(row["explanation"]))
    screen().print(table)


@command.command("show")
@click.argument("policy_id")
@AS_JSON
def show_command(policy_id: str, as_json: bool) -> None:
    """Explain the cluster of POLICY_ID, whichever of its policies that is, with memberships that ended.

    Exit code 4: the policy is in none.
    """
    rows = _read("shown", policy=policy_id)
    if as_json:
        click.echo(orjson.dumps(rows, default=str, option=orjson.OPT_INDENT_2))
    for row in [] if as_json else rows:
        ended = f" [dim](until {row['ended_at']:%Y-%m-%d %H:%M})[/]" if row["ended_at"] else ""
        screen().print(f"{_named(row, 'member', 'source', 'title')}{ended}", highlight=False, soft_wrap=True)
        screen().print(f"  of {_canonical(row)}: {escape(row['reason'])}", highlight=False, soft_wrap=True)
        screen().print(f"  {row['score']:.2f} {escape(row['explanation'])}", highlight=False, soft_wrap=True)
    if not rows:
        click.echo(f"no other policy is one with {policy_id}", err=True)
        sys.exit(NOT_FOUND)


@command.command("find")
@click.option("--without-vectors", is_flag=True, help="Do not ask Milvus for neighbours.")
@click.option("--dry-run", is_flag=True, help="Count what would be found, and write nothing.")
@AS_JSON
def find_command(without_vectors: bool, dry_run: bool, as_json: bool) -> None:
    """Look at all published policies, not only at those that are due: for the first time, or after the rules changed."""
    configured = settings()
    nearest = NoNeighbours() if without_vectors else MilvusNearest(MilvusCalls(configured.milvus_uri, configured.aegis_store_timeout_seconds))
    with translated(), stoppable(), _connected(configured.postgres_validator_dsn) as connection, bar() as progress:
        tally = find(Candidates(connection, nearest), progress, dry_run=dry_run)
    if as_json:
        click.echo(orjson.dumps(asdict(tally) | {"dry_run": dry_run}, option=orjson.OPT_INDENT_2))
    else:
        click.echo(f"policies {tally.policies:,}, clusters {tally.clusters:,}, new or changed {tally.kept:,}, ended {tally.ended:,}{' (dry run)' * dry_run}")


def _canonical(row: dict[str, Any]) -> str:
    return _named(row, "canonical", "canonical_source", "canonical_title")


def _named(row: dict[str, Any], key: str, source: str, title: str) -> str:
    return escape(f"{row[title] or '(gone)'} · {row[source] or '-'} · {row[key]}")


def _read(name: str, **parameters: Any) -> list[dict[str, Any]]:
    with translated(), _connected(settings().postgres_reader_dsn) as connection:
        return connection.execute(queries("duplicates")[name], parameters).fetchall()


@contextmanager
def _connected(dsn: SecretStr) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(dsn.get_secret_value(), row_factory=dict_row, connect_timeout=10) as connection:
        yield connection
