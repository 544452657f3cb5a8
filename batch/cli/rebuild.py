"""`aegis rebuild`: fill one derived store anew from PostgreSQL."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from typing import Any

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis.cli.screen import screen
from aegis.cli.store_name import STORE
from aegis.derivations import CAPTURED, shapes
from aegis.settings import Settings, settings
from batch.cli.bar import bar
from batch.cli.ending import ask, stoppable, translated
from batch.cli.reconcile import COLOURS
from batch.progress import Progress
from batch.rebuild import Rebuilding, Rebuilt, rebuild_in_place
from batch.report import MEANING, total
from batch.runs import EXIT_CODES


@click.command("rebuild")
@click.argument("store", type=STORE)
@click.option("--table", type=click.Choice(sorted(CAPTURED)), help="Only this table, in place: new generations are of all tables.")
@click.option("--in-place", is_flag=True, help="Fill the store where it is, without a new generation; Milvus then keeps the vectors of unchanged texts.")
@click.option("--snapshot", is_flag=True, help="Let Debezium read the rows again, also where the log has them: for a log that is not to be trusted.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Only a terminal is asked.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(store: str, *, table: str | None, in_place: bool, snapshot: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Fill STORE anew from PostgreSQL, then compare: for a store that was wiped, or is not to be trusted. STORE: a name, or vector, graph, search, cache.

    Reads the log from the beginning where it still has every row, else lets Debezium read the rows again. Where the engine allows, a new generation is filled
    beside the one in use, compared, and switched to: readers see the old content until then. Elsewhere, and with --in-place, they see records come back.
    Broken off, it can be run again; readers of other stores notice nothing.

    Exit code 0: equal. 3: equal after repairs. 4: drift is left; a new generation was then not switched to. 1: failed.
    """
    from batch.rebuilding import plan_rebuild

    if table is not None and table not in shapes(store):
        raise click.UsageError(f"{store} has nothing of {table}; it has {', '.join(sorted(shapes(store)))}")
    with translated():
        plan = plan_rebuild(settings(), store, (table,) if table else (), in_place=in_place, snapshot=snapshot)
        if not as_json:
            show_plan(screen(), plan)
        elif dry_run:
            click.echo(orjson.dumps(document(plan), option=orjson.OPT_INDENT_2))
        if dry_run:
            return
        ask(f"Rebuild {store}?", yes=yes)
        with stoppable(), bar() as progress:
            done = _rebuild(settings(), plan, progress)
    if as_json:
        click.echo(orjson.dumps(document(plan) | outcome(done), option=orjson.OPT_INDENT_2))
    else:
        show_outcome(screen(), plan, done)
    sys.exit(EXIT_CODES[done.verdict])


def _rebuild(configured: Settings, plan: Rebuilding, progress: Progress) -> Rebuilt:
    from aegis.stores.opening import open_generations
    from batch.generation import rebuild_beside
    from batch.rebuilding import means_for, prepare, site_for, snapshots_for

    means = means_for(configured, plan)
    snapshots = partial(snapshots_for, configured, means)
    if not plan.beside:
        return rebuild_in_place(plan, means, partial(prepare, configured, plan.store), snapshots, progress)
    with closing(open_generations(plan.store, configured)) as generations:
        return rebuild_beside(plan, means, site_for(configured, plan, means, generations), snapshots, progress)


def document(plan: Rebuilding) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "store": plan.store,
        "beside": plan.beside,
        "tables": {
            table: {"rows": one.rows, "messages": one.messages, "source": "snapshot" if one.lacking else "log", "reason": one.lacking or None}
            for table, one in plan.standing.items()
        },
    }


def show_plan(console: Console, plan: Rebuilding) -> None:
    """Print the plan for people."""
    table = Table("table", "rows", "messages", "from", "", title=f"rebuild of {plan.store}", title_justify="left")
    for name, one in plan.standing.items():
        table.add_row(name, f"{one.rows:,}", f"{one.messages:,}", "a snapshot" if one.lacking else "the log", escape(one.lacking))
    console.print(table)
    how = "a new generation is filled beside the one in use, and switched to when it is equal" if plan.beside else "in place: readers see records come back"
    console.print(how, highlight=False)


def outcome(done: Rebuilt) -> dict[str, Any]:
    """The end as JSON values."""
    return {
        "messages": done.messages,
        "read_seconds": round(done.seconds, 3),
        "run_id": done.run_id,
        "verdict": done.verdict.value,
        "message": done.message or None,
        "comparisons": [{"run_id": one.run_id, "verdict": one.verdict.value, "found": total(one.summary, 1)} for one in done.results],
        "reports": [str(path) for one in done.results for path in one.reports],
    }


def show_outcome(console: Console, plan: Rebuilding, done: Rebuilt) -> None:
    """Print the end for people."""
    console.print(f"{done.messages:,} messages read in {done.seconds:,.1f} s{', readers have the new generation' if done.switched else ''}", highlight=False)
    colour = COLOURS[done.verdict]
    console.print(f"[{colour}]{done.verdict.value.replace('_', ' ')}[/] run {done.run_id}: {MEANING[done.verdict]}", highlight=False)
    for one in done.results:
        found = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in total(one.summary, 1).items())
        console.print(f"comparison {one.run_id} of {plan.store} found {found or 'nothing'}", highlight=False)
    if done.message:
        console.print(f"[{colour}]{escape(done.message)}[/]", highlight=False)
    for path in (path for one in done.results for path in one.reports):
        console.print(f"report: {path}", highlight=False, soft_wrap=True)
