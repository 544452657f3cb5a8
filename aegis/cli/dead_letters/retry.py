"""`aegis dlq retry`: touch held rows, so that they flow through the log again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import click

from aegis.cli.dead_letters.arrival import Arrivals, Key, await_arrivals
from aegis.cli.dead_letters.choice import Choice, demand_filter, filters, translated
from aegis.cli.dead_letters.dealing import Operator, Plan, Touched, operating, plan, resolve, retry, undecodable
from aegis.cli.screen import counting
from aegis.derivations import CAPTURED, STORES
from aegis.queries import queries
from aegis.settings import settings
from aegis.stores.opening import opened

REJECTED_AGAIN = 4
"""Exit code of `retry --wait`."""
NAMED = 10
"""Keys that are named in a message."""


@click.command("retry")
@click.argument("of_table", metavar="[TABLE", type=click.Choice(sorted(CAPTURED)), required=False)
@click.argument("of_key", metavar="KEY]", required=False)
@filters
@click.option("--all", "every", is_flag=True, help="All open ones, where no filter is given.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--wait", "waits", is_flag=True, help="Wait until every new version is in every store, or rejected again.")
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0), metavar="SECONDS", help="Of --wait.")
def retry_command(*, of_table: str | None, of_key: str | None, choice: Choice, every: bool, yes: bool, dry_run: bool, waits: bool, timeout: float) -> None:
    """Retry row KEY of TABLE, or all held rows that the filters mean: touch each as it is now, so that it draws a new version and flows through the log to
    every store, like any change.

    It can never overwrite something newer. If the cause is still there, the row is compensated and held again. A letter whose row has a newer version, or is
    gone, is marked resolved. Rows that a store has given up on 3 times or more are retried only when named by KEY or --key.

    Exit code 0: done (with --wait: all have arrived); 4: with --wait, some were rejected again; 1: nothing to retry, or not all arrived in time.
    """
    choice = _named(choice, of_table, of_key)
    demand_filter(choice, every)
    with translated(), operating() as operator:
        planned = plan(operator, choice)
        _refuse_nothing(choice, planned)
        for line in planned.lines():
            click.echo(line)
        if planned.undecodable:
            _tell_undecodable(operator, choice)
        if dry_run:
            return
        if planned.keys and not yes and choice.key is None:
            click.confirm(f"Touch {planned.keys:,} rows?", abort=True)
        touched = _retry(operator, choice, planned)
        if waits and touched:
            sys.exit(_await(operator, touched, timeout))


def _named(choice: Choice, table: str | None, key: str | None) -> Choice:
    if table is None:
        return choice
    if key is None:
        raise click.UsageError(f"name the row as well: `aegis dlq retry {table} KEY`; all of the table: `aegis dlq retry --table {table}`")
    if choice.table is not None or choice.key is not None:
        raise click.UsageError("name the row as TABLE KEY or by --table and --key, not both")
    return replace(choice, table=table, key=key)


def _refuse_nothing(choice: Choice, planned: Plan) -> None:
    if planned.letters == 0:
        of = f"{choice.table or 'a row'} {choice.key} has" if choice.key is not None else "these filters match"
        raise click.ClickException(f"{of} no open dead letter: there is nothing to retry (`aegis dlq list`)")


def _tell_undecodable(operator: Operator, choice: Choice) -> None:
    for place in undecodable(operator, choice):
        table = place["topic"].rpartition(".")[2]
        of = f" --table {table}" if table in CAPTURED else ""
        where = f"{place['letters']} from {place['topic']}[{place['partition']}]@{place['first']} on"
        click.echo(f"  {place['store']}: {where}; once the cause is gone: `aegis replay {place['store']}{of} --offset {place['partition']}:{place['first']}`")
    click.echo("  bytes that never were a change: `aegis dlq discard ID --reason …`")


def _retry(operator: Operator, choice: Choice, planned: Plan) -> list[Touched]:
    touched: list[Touched] = []
    with counting() as progress:
        task = progress.add_task("touched", total=planned.keys)
        for batch in retry(operator, choice, planned.newest):
            touched += batch
            progress.advance(task, len(batch))
    resolved = sum(resolve(operator, choice, planned.newest))
    gone = sum(row.version is None for row in touched)
    if choice.key is not None:
        for row in touched:
            if row.version is not None:
                click.echo(f"{row.table} {row.key}: touched, new version {row.version}; follow it with `aegis trace {row.table} {row.key}`")
    else:
        click.echo(f"{len(touched) - gone:,} rows touched, {resolved + gone:,} letters marked as resolved")
    return touched


def _await(operator: Operator, touched: list[Touched], seconds: float) -> int:
    """Exit code."""

    def rejected(rows: Sequence[Touched]) -> dict[Key, str]:
        columns = {"tables": [row.table for row in rows], "keys": [row.key for row in rows], "versions": [row.version for row in rows]}
        return {(found["table"], found["key"]): found["store"] for found in operator.execute(queries("letters")["rejected"], columns)}

    with ExitStack() as stack, counting() as progress:
        stores = {name: stack.enter_context(opened(name, settings())) for name in STORES}
        task = progress.add_task("arrived", total=len(touched))
        found = await_arrivals(touched, stores, rejected, seconds, lambda now: progress.update(task, completed=len(touched) - len(now.waiting)))
    _tell_arrivals(found)
    if found.waiting:
        waiting = ", ".join(f"{row.table} {row.key}" for row in found.waiting[:NAMED])
        raise click.ClickException(f"{len(found.waiting):,} have not arrived within {seconds:.0f} s: {waiting}; see `aegis status` and `aegis trace TABLE KEY`")
    return REJECTED_AGAIN if found.rejected else 0


def _tell_arrivals(found: Arrivals) -> None:
    click.echo(f"{found.arrived:,} have arrived in every store, {len(found.rejected):,} were rejected again")
    for (table, key), store in list(found.rejected.items())[:NAMED]:
        click.echo(f"  {table} {key}{f': by {store}' if store else ''}; see `aegis dlq list --letters --table {table} --key {key}`")
