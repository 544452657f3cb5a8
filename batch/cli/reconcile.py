"""`aegis reconcile`: compare PostgreSQL with the derived stores, repair what drifted, and show that it is repaired."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from aegis.cli.screen import screen
from aegis.cli.store_name import STORE
from aegis.derivations import CAPTURED
from aegis.settings import settings
from batch.cli.ending import translated
from batch.report import MEANING, total
from batch.request import BRAKE_SHARE, CONTENT_FLOOR, NIGHTS, VECTOR_SAMPLE, Request, Result
from batch.runs import EXIT_CODES, Verdict

COLOURS = {Verdict.CLEAN: "green", Verdict.REPAIRED: "green", Verdict.DRIFT_LEFT: "red", Verdict.FAILED: "red"}
FINDINGS_ON_SCREEN = 40


class OnScreen:
    """Progress as one line that changes; silent where nobody watches."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._phase = ""

    def phase(self, name: str) -> None:
        """Show what is done now."""
        self._phase = name
        self._status.update(name)

    def step(self, what: str, done: int, of: int) -> None:
        """Show how far it is."""
        self._status.update(f"{self._phase}: {escape(what)} {done:,} of {of:,}" if of else f"{self._phase}: waiting for {escape(what)}, {done:,} left")


@contextmanager
def progress_on(console: Console) -> Iterator[OnScreen]:
    """A line of progress for the time of the block."""
    with console.status("starting") as status:
        yield OnScreen(status)


@click.group("reconcile", invoke_without_command=True)
@click.option("--store", "stores", type=STORE, multiple=True, help="Only this store: by name, or vector, graph, search, cache. May be repeated.")
@click.option("--table", "tables", type=click.Choice(sorted(CAPTURED)), multiple=True, help="Only this table. May be repeated.")
@click.option("--deep", is_flag=True, help="Compare every content, and embed every vector again (about 40 ms of CPU a policy).")
@click.option("--dry-run", is_flag=True, help="Report, and change nothing.")
@click.option("--force", is_flag=True, help="Repair however much of a store it is.")
@click.option("--brake", type=click.FloatRange(0, 1), default=BRAKE_SHARE, show_default=True, help="Share of a store above which repairs need --force.")
@click.option("--nights", type=click.IntRange(1), default=NIGHTS, show_default=True, help="Runs in which every content is compared once.")
@click.option("--floor", type=click.IntRange(0), default=CONTENT_FLOOR, show_default=True, help="Tables of at most so many rows are compared whole each time.")
@click.option("--vectors", type=click.IntRange(0), default=VECTOR_SAMPLE, show_default=True, help="Vectors that are embedded again where not --deep.")
@click.option("--wait", "wait_seconds", type=click.FloatRange(0), default=0.0, help="Seconds to wait for another run to end.")
@click.option("--patience", "patience_seconds", type=click.FloatRange(1), default=300.0, show_default=True, help="Seconds to wait for the pipeline, each time.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def command(context: click.Context, /, as_json: bool, **options: Any) -> None:
    """Compare PostgreSQL with the derived stores; repair what drifted, through the log; compare again.

    Exit code 0: equal. 3: there was drift, it is repaired, and a second comparison is clean. 4: drift is left (always with --dry-run where there is any).
    1: failed, nothing is known. Each run is recorded in ops.runs and ops.findings, each repair in audit_logs.
    """
    if context.invoked_subcommand is not None:
        return
    from batch.reconcile import reconcile

    try:
        request = Request(**options)
        request.pairs()
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with translated(), progress_on(Console(stderr=True)) as progress:
        result = reconcile(settings(), request, progress)
    if as_json:
        click.echo(next(path for path in result.reports if path.suffix == ".json").read_bytes().decode())
    else:
        show(screen(), result)
    sys.exit(EXIT_CODES[result.verdict])


@command.command("undo")
@click.argument("run_id", metavar="RUN")
@click.option("--dry-run", is_flag=True, help="Say what would be undone, and change nothing.")
@click.option("--wait", "wait_seconds", type=click.FloatRange(0), default=0.0, help="Seconds to wait for another run to end.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def undo_command(run_id: str, dry_run: bool, wait_seconds: float, as_json: bool) -> None:
    """Put back what reconciliation RUN repaired: the stores show again what they showed before, where nothing newer came.

    For a repair that was a mistake. The next reconciliation finds the same drift again.
    """
    from batch.undo import undo

    with translated(), progress_on(Console(stderr=True)) as progress:
        undone = undo(settings(), run_id, dry_run=dry_run, wait_seconds=wait_seconds, progress=progress)
    if as_json:
        click.echo(orjson.dumps(undone.as_document(), option=orjson.OPT_INDENT_2))
    else:
        verb = "would be put back" if dry_run else "put back"
        screen().print(f"run {undone.run_id}: {undone.restored} {verb}, {undone.overtaken} left alone since something newer came", highlight=False)


def show(console: Console, result: Result) -> None:
    """Print the result for people."""
    colour = COLOURS[result.verdict]
    console.print(f"[{colour}]{result.verdict.value.replace('_', ' ')}[/] run {result.run_id}: {MEANING[result.verdict]}", highlight=False)
    table = Table("store", "table", "rows", "records", "contents", "found")
    rounds = result.summary["rounds"]
    for pair in rounds[0]["pairs"] if rounds else ():
        found = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in pair["found"].items())
        table.add_row(pair["store"], pair["table"], f"{pair['rows']:,}", f"{pair['records']:,}", f"{pair['contents_compared']:,}", found)
    console.print(table)
    _findings(console, result)
    if result.message:
        console.print(f"[{colour}]{escape(result.message)}[/]", highlight=False)
    if result.summary["repairs_published"]:
        left = total(result.summary, len(rounds))
        console.print(f"{result.summary['repairs_published']:,} repairs published; found by the last comparison: {left or 'nothing'}", highlight=False)
    if result.verdict is Verdict.REPAIRED:
        console.print(f"`aegis reconcile undo {result.run_id}` puts back what was there before", highlight=False)
    for path in result.reports:
        console.print(f"report: {path}", highlight=False, soft_wrap=True)


def _findings(console: Console, result: Result) -> None:
    report = next((path for path in result.reports if path.suffix == ".json"), None)
    findings = [] if report is None else orjson.loads(report.read_bytes())["findings"]
    for one in findings[:FINDINGS_ON_SCREEN]:
        detail = f" ({one['detail']})" if one["detail"] else ""
        console.print(f"  {one['store']:<14}{one['table']:<15} {escape(one['key'])}: {one['class'].replace('_', ' ')}{escape(detail)}", highlight=False)
    if len(findings) > FINDINGS_ON_SCREEN:
        console.print(f"  … and {len(findings) - FINDINGS_ON_SCREEN} more in the report", highlight=False)
