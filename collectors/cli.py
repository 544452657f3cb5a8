"""`aegis collect`: records from the portals into PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

import click
import orjson
from rich.console import Console
from rich.table import Column, Table

from aegis.settings import Settings, settings
from aegis.telemetry.health import HealthServer
from collectors.pages.shelf import BadDescription
from collectors.run import collect_pages
from collectors.schedule.cli import due_command, schedule_command, serve_command
from collectors.session import address, collector_logs, keeping, key, needs_key, opened_client, opened_store, order, pages_of, traced
from collectors.showing import progress_bar, reporter, show
from collectors.sources import Collected, SourceName, known_sources
from collectors.staging import Order, Visit
from collectors.steps import fetch_command, stage_command, write_command
from collectors.summary import Summary


@click.group("collect")
def collect() -> None:
    """Collect policies from public portals into PostgreSQL."""


collect.add_command(fetch_command)
collect.add_command(stage_command)
collect.add_command(write_command)
collect.add_command(serve_command)
collect.add_command(due_command)
collect.add_command(schedule_command)


@collect.command("sources")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sources(as_json: bool) -> None:
    """List the sources, their addresses and whether a key is set."""
    rows = [
        {"source": name, "title": source.title, "url": address(settings(), source), "key": bool(key(settings(), source)) if needs_key(source) else None}
        for name, source in sorted(_known().items())
    ]
    if as_json:
        click.echo(orjson.dumps(rows))
        return
    table = Table("source", "title", Column("address", overflow="fold"), "key")
    for row in rows:
        table.add_row(str(row["source"]), str(row["title"]), str(row["url"]), "not needed" if row["key"] is None else "set" if row["key"] else "not set")
    Console().print(table)


@collect.command("run")
@click.argument("source", type=SourceName())
@click.option("--dry-run", is_flag=True, help="Fetch, map and validate, say what would change, write nothing.")
@click.option("--url", help="Another address of the interface, for example the simulator's.")
@click.option("--page-size", type=click.IntRange(1, 1000), help="Records asked for in one request.")
@click.option("--force-archive", is_flag=True, help="Archive even where an empty or much shorter complete listing says so.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def run(*, source: str, dry_run: bool, url: str | None, page_size: int | None, force_archive: bool, as_json: bool) -> None:
    """Collect everything that SOURCE lists: new and changed records are stored, vanished ones archived."""
    configured = settings()
    collector_logs(configured)
    wanted = order(configured, source, url, page_size, dry_run=dry_run, force_archive=force_archive)
    with traced(), _metrics(configured.aegis_metrics_port):
        summary = _collect(configured, wanted, quiet=as_json)
    if as_json:
        click.echo(orjson.dumps({**asdict(summary), "status": summary.status}))
    else:
        show(summary)
    if summary.error:
        raise click.ClickException(f"{summary.error_code}: {summary.error}")


def _known() -> dict[str, Collected]:
    try:
        return known_sources()
    except BadDescription as error:
        raise click.ClickException(str(error)) from error


def _collect(configured: Settings, wanted: Order | Visit, *, quiet: bool) -> Summary:
    source = wanted.source.name
    with (
        opened_store(configured, source, dry_run=wanted.dry_run) as store,
        opened_client(configured, wanted) as client,
        progress_bar(quiet) as progress,
    ):
        keep = keeping(configured, store, source, dry_run=wanted.dry_run)
        return collect_pages(wanted, pages_of(wanted, client, store), store, reporter(progress, wanted.source.title), keep)


def _metrics(port: int) -> AbstractContextManager[object]:
    """Serves /metrics while a run lasts, where a port is set: nobody would look for a free one."""
    if not port:
        return nullcontext()
    try:
        return HealthServer(port)
    except OSError as error:
        raise click.ClickException(f"port {port} for metrics cannot be taken ({error.strerror}): unset AEGIS_METRICS_PORT or give another") from error
