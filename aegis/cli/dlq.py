"""`aegis dlq`: dead letters and held keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from rich.markup import escape
from rich.table import Column, Table

from aegis.cli.observing.postgres import block, one, reading
from aegis.cli.observing.side_by_side import one_line
from aegis.cli.screen import screen
from aegis.derivations import CAPTURED
from aegis.settings import settings

SHOWN_FIELDS = 160
BYTES_SHOWN = 64


@click.group("dlq")
def command() -> None:
    """Dead letters: what a derived store rejected for good, and keys that are held because of it."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL: {one_line(error)}; see `aegis doctor`") from error


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Retried, discarded and resolved ones too.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_command(every: bool, limit: int, as_json: bool) -> None:
    """List open dead letters, newest first; held: the row still has the version that was rejected. A newer version, or the row's delete, resolves one."""
    with _translated(), reading(settings().postgres_reader_dsn.get_secret_value()) as reader:
        letters = reader.execute(block("letters"), {"all": every, "limit": limit}).fetchall()
    if as_json:
        click.echo(orjson.dumps(letters, option=orjson.OPT_INDENT_2))
        return
    if not letters:
        click.echo("no dead letters" if every else "no open dead letters")
        return
    table = Table(*(Column(name, no_wrap=True) for name in ("id", "", "store", "version", "code", "since")), Column("row", overflow="fold"), "reason")
    for letter in letters:
        row = f"{letter['table_name']} {letter['key']}" if letter["key"] is not None else "(undecodable)"
        reason = f"{letter['error_class']}: {letter['message']}"[:SHOWN_FIELDS]
        version = "" if letter["version"] is None else str(letter["version"])
        since = f"{letter['failed_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(letter["id"]), _state(letter), letter["store"], version, letter["code"], since, escape(row), escape(reason))
    screen().print(table)


def _state(letter: dict[str, Any]) -> str:
    if letter["held"]:
        return "[red]held[/]"
    if letter["retried_at"]:
        return "retried"
    if letter["discarded_at"]:
        return "discarded"
    return "open" if letter["key"] is None else "resolved"


@command.command("show")
@click.argument("number", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable; bytes in hexadecimal.")
def show_command(number: int, as_json: bool) -> None:
    """Show dead letter ID in full: where it came from, what the store said, the stack. Its bytes are told by length and beginning."""
    with _translated(), reading(settings().postgres_reader_dsn.get_secret_value()) as reader:
        letter = one(reader, "letter", id=number)
    if letter is None:
        raise click.ClickException(f"there is no dead letter {number}: `aegis dlq list --all` lists them")
    if as_json:
        click.echo(
            orjson.dumps({name: bytes(value).hex() if isinstance(value, bytes) else value for name, value in letter.items()}, option=orjson.OPT_INDENT_2)
        )
        return
    for name, value in letter.items():
        if value is not None:
            click.echo(f"{name:15} {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes: {value[:BYTES_SHOWN].hex(' ')}{' …' if len(value) > BYTES_SHOWN else ''}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    return str(value).rstrip().replace("\n", "\n" + " " * 16)


@command.command("retry")
@click.argument("table", type=click.Choice(sorted(CAPTURED)))
@click.argument("key")
def retry_command(table: str, key: str) -> None:
    """Retry row KEY of TABLE: touch it, so that it draws a new version and flows through the log to every store, like any change.

    It can never overwrite something newer. If the cause is still there, it is compensated and held again.
    """
    with _translated(), psycopg.connect(settings().postgres_operator_dsn.get_secret_value(), row_factory=dict_row) as operator:
        open_letters = [letter["id"] for letter in operator.execute(block("letters_of_key"), {"table": table, "key": key}) if _is_open(letter)]
        if not open_letters:
            raise click.ClickException(f"{table} {key} has no open dead letter: there is nothing to retry (`aegis dlq list`)")
        touched = operator.execute(block("touch"), {"table": table, "key": key}).fetchone()
        version = touched["version"] if touched else None
        if version is None:
            raise click.ClickException(f"{table} {key} is gone from PostgreSQL: its delete reaches every store by itself, there is nothing to retry")
        operator.execute(block("mark_retried"), {"table": table, "key": key})
        operator.execute(block("audit_retry"), {"table": table, "key": key, "letters": open_letters, "version": version})
    click.echo(f"{table} {key}: touched, new version {version}; follow it with `aegis trace {table} {key}`")


def _is_open(letter: dict[str, Any]) -> bool:
    return letter["retried_at"] is None and letter["discarded_at"] is None


@command.command("discard")
@click.argument("number", metavar="ID", type=int)
@click.option("--reason", required=True, help="Why nothing needs to be done; kept with the dead letter and in the audit log.")
def discard_command(number: int, reason: str) -> None:
    """Give dead letter ID up: bytes that are no change, for example. Nothing is written to any store; a held row stays as it is until it changes."""
    with _translated(), psycopg.connect(settings().postgres_operator_dsn.get_secret_value(), row_factory=dict_row) as operator:
        letter = operator.execute(block("discard"), {"id": number, "reason": reason}).fetchone()
        if letter is None:
            raise click.ClickException(f"there is no open dead letter {number}: `aegis dlq list` lists them")
        operator.execute(block("audit_discard"), {**letter, "id": number, "reason": reason})
    click.echo(f"dead letter {number} is discarded")
