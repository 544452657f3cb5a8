"""`aegis quarantine`: records that failed basic validation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import TupleRow, dict_row

from aegis.cli.observing.side_by_side import one_line
from aegis.cli.screen import counting, screen
from aegis.queries import queries
from aegis.settings import settings
from collectors.pages.shelf import BadDescription
from collectors.quarantine.choice import Choice, chosen, demand_choice, filters
from collectors.quarantine.releasing import AT_ONCE, Released, release
from collectors.quarantine.showing import show_causes, show_problems, show_whole
from collectors.source import Source
from collectors.sources import UnknownSource, source_called
from collectors.store import AlreadyRunning

SOME_STAY = 4
"""Exit code where not everything that was chosen could be released."""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
NUMBER = click.argument("number", metavar="[ID]", type=int, required=False)
EVERY = click.option("--all", "every", is_flag=True, help="All that wait, where neither ID nor a filter is given.")


@click.group("quarantine")
def command() -> None:
    """Records that failed basic validation; their neighbours were stored. A record that passes later leaves the quarantine by itself."""


@command.command("list")
@filters
@click.option("--all", "every", is_flag=True, help="Released and discarded ones too.")
@click.option("--problems", "singly", is_flag=True, help="One line per problem, newest first, not per cause.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@AS_JSON
def list_command(*, choice: Choice, every: bool, singly: bool, limit: int, as_json: bool) -> None:
    """List what waits in the quarantine by cause: one line for each fault of a source, however many records have it."""
    with _reading() as connection:
        found = connection.execute(chosen("singles" if singly else "causes"), choice.parameters(any=every, limit=limit)).fetchall()
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    elif not found:
        click.echo(f"nothing is in the quarantine{'' if choice.is_everything else ' that matches'}")
    elif singly:
        show_problems(screen(), found)
    else:
        show_causes(screen(), found)


@command.command("show")
@click.argument("number", metavar="ID", type=int)
@AS_JSON
def show_command(*, number: int, as_json: bool) -> None:
    """Show problem ID in full: what is wrong, the record as received, and what was done about it. Records may name people: keep them closed."""
    with _reading() as connection:
        row = connection.execute(queries("quarantine")["one"], {"number": number}).fetchone()
        dealings = connection.execute(queries("quarantine")["dealings"], {"number": number}).fetchall()
    if row is None:
        raise click.ClickException(f"there is no problem {number} in the quarantine: `aegis quarantine list --problems --all` lists them")
    if as_json:
        click.echo(orjson.dumps({**row, "dealings": dealings}, option=orjson.OPT_INDENT_2))
    else:
        show_whole(screen(), row, dealings)


@command.command("release")
@NUMBER
@filters
@EVERY
@click.option("--dry-run", is_flag=True, help="Say what would be released, write nothing.")
@AS_JSON
def release_command(*, number: int | None, choice: Choice, every: bool, dry_run: bool, as_json: bool) -> None:
    """Validate records once more, as on the way in, and store those that pass now: after a mapping was mended, for example. In the audit log.

    Exit code 0: everything that was chosen is released. 4: some stay, and why is said. 1: failed.
    """
    demand_choice(choice, number, every=every)
    done = Released()
    with _writing() as connection, counting() as progress:
        task = progress.add_task("looked at", total=_waiting(connection, choice, number))
        for done in release(connection, choice, _source, number=number, actor=getuser(), dry_run=dry_run):
            progress.update(task, completed=done.records + done.kept.total())
    if as_json:
        click.echo(orjson.dumps({"dry_run": dry_run, "released": done.records, "problems": done.problems, "kept": dict(done.kept.most_common())}))
    else:
        for reason, count in done.kept.most_common(20):
            click.echo(f"{count:,} stay: {reason}")
        click.echo(f"{done.records:,} records {'pass now' if dry_run else 'are released'}, {done.kept.total():,} problems stay")
    sys.exit(SOME_STAY if done.kept else 0)


@command.command("discard")
@NUMBER
@filters
@EVERY
@click.option("--reason", required=True, help="Why nothing needs to be done; kept with the problem and in the audit log.")
@click.option("--dry-run", is_flag=True, help="Say how many would be given up, write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@AS_JSON
def discard_command(*, number: int | None, choice: Choice, every: bool, reason: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Give problems up: they leave the list, and the same record is not quarantined again. Nothing is deleted; one that passes later is stored all the same."""
    demand_choice(choice, number, every=every)
    if not reason.strip():
        raise click.UsageError("--reason must say something")
    with _writing() as connection, counting() as progress:
        waiting = _waiting(connection, choice, number)
        if number is not None and not waiting:
            raise click.ClickException(f"problem {number} does not wait in the quarantine: `aegis quarantine list --problems` lists those that do")
        if not (yes or dry_run or number is not None) and sys.stdin.isatty():
            click.confirm(f"Give up {waiting:,} problems?", abort=True, err=True)
        done, task = 0, progress.add_task("discarded", total=waiting)
        while not dry_run and (batch := _discard(connection, choice, number, reason)):
            done += batch
            progress.update(task, completed=done)
    if as_json:
        click.echo(orjson.dumps({"dry_run": dry_run, "discarded": waiting if dry_run else done}))
    else:
        click.echo(f"{waiting:,} problems would be discarded" if dry_run else f"{done:,} problems are discarded")


def _waiting(connection: psycopg.Connection[TupleRow], choice: Choice, number: int | None) -> int:
    found = connection.execute(chosen("count"), choice.parameters(number=number)).fetchone()
    return int(found[0]) if found else 0


def _discard(connection: psycopg.Connection[TupleRow], choice: Choice, number: int | None, reason: str) -> int:
    parameters = choice.parameters(number=number, reason=reason, actor=getuser(), batch=AT_ONCE)
    found = connection.execute(chosen("discard"), parameters).fetchone()
    return int(found[0]) if found else 0


def _source(name: str) -> Source | None:
    try:
        return source_called(name)
    except (UnknownSource, BadDescription):
        return None


@contextmanager
def _reading() -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with _translated(), psycopg.connect(settings().postgres_reader_dsn.get_secret_value(), autocommit=True, row_factory=dict_row) as connection:
        yield connection


@contextmanager
def _writing() -> Iterator[psycopg.Connection[TupleRow]]:
    with _translated(), psycopg.connect(settings().postgres_collector_dsn.get_secret_value(), autocommit=True) as connection:
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except AlreadyRunning as error:
        raise click.ClickException(str(error)) from error
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL: {one_line(error)}; see `aegis doctor`") from error
