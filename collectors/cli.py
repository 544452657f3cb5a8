"""`aegis collect`: records from the portals into PostgreSQL."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

import click
import orjson
import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from aegis.settings import Settings, settings
from aegis.telemetry.health import HealthServer
from aegis.telemetry.logs import configure_logs
from aegis.telemetry.traces import configure_traces, current_traceparent, span
from collectors import fetch
from collectors.fetch import Fetcher
from collectors.portals import PORTALS
from collectors.run import Order, Report
from collectors.run import collect as run_collection
from collectors.store import AlreadyRunning, PolicyStore
from collectors.summary import Summary

SHOWN = ("fetched", "new", "changed", "unchanged", "archived", "quarantined")


@click.group("collect")
def collect() -> None:
    """Collect policies from public portals into PostgreSQL."""


@collect.command("sources")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sources(as_json: bool) -> None:
    """List the portals, their addresses and whether a key is set."""
    rows = [
        {"source": name, "title": portal.title, "url": address(settings(), name), "key": bool(key(settings(), name))}
        for name, portal in sorted(PORTALS.items())
    ]
    if as_json:
        click.echo(orjson.dumps(rows))
        return
    table = Table("source", "portal", Column("address", overflow="fold"), "key")
    for row in rows:
        table.add_row(str(row["source"]), str(row["title"]), str(row["url"]), "set" if row["key"] else "not set")
    Console().print(table)


@collect.command("run")
@click.argument("source", type=click.Choice(sorted(PORTALS)))
@click.option("--dry-run", is_flag=True, help="Fetch, map and validate, say what would change, write nothing.")
@click.option("--url", help="Another address of the interface, for example the simulator's.")
@click.option("--page-size", type=click.IntRange(1, 1000), help="Records asked for in one request.")
@click.option("--force-archive", is_flag=True, help="Archive even where an empty or much shorter complete listing says so.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def run(*, source: str, dry_run: bool, url: str | None, page_size: int | None, force_archive: bool, as_json: bool) -> None:
    """Collect everything that SOURCE lists: new and changed records are stored, vanished ones archived."""
    configured = settings()
    configure_logs("WARNING" if sys.stderr.isatty() else configured.aegis_log_level, "collector", stream=sys.stderr)
    portal = PORTALS[source]
    api_key = key(configured, source)
    if not api_key:
        raise click.ClickException(f"no key for {portal.title}: set {source.upper()}_API_KEY in the environment (any text for the simulator)")
    order = Order(portal, url or address(configured, source), api_key, page_size or portal.page_size, dry_run, force_archive)
    with _metrics(configured.aegis_metrics_port):
        summary = _collect(configured, order, quiet=as_json)
    if as_json:
        click.echo(orjson.dumps({**asdict(summary), "status": summary.status}))
    else:
        _show(summary)
    if summary.error:
        raise click.ClickException(f"{summary.error_code}: {summary.error}")


def address(configured: Settings, source: str) -> str:
    """Where the portal's interface is, by the settings."""
    return {"bizinfo": configured.bizinfo_url, "gov24": configured.gov24_url}[source]


def key(configured: Settings, source: str) -> str:
    """The portal's key, by the settings; empty where none is set."""
    return {"bizinfo": configured.bizinfo_api_key, "gov24": configured.gov24_api_key}[source].get_secret_value()


def _collect(configured: Settings, order: Order, *, quiet: bool) -> Summary:
    traces = configure_traces("collector")
    dsn = configured.postgres_collector_dsn.get_secret_value()
    try:
        with span(f"collect {order.portal.name}"), fetch.client() as client, psycopg.connect(dsn, autocommit=True) as connection:
            store = PolicyStore(connection, order.portal.name, dry_run=order.dry_run, traceparent=current_traceparent())
            with _progress(quiet) as progress:
                return run_collection(order, Fetcher(client), store, _reporter(progress, order.portal.title))
    except AlreadyRunning as error:
        raise click.ClickException(str(error)) from error
    except psycopg.OperationalError as error:
        raise click.ClickException(f"PostgreSQL does not answer ({str(error).strip()}): start it with `make up`, or check POSTGRES_COLLECTOR_DSN") from error
    except psycopg.Error as error:
        raise click.ClickException(
            f"PostgreSQL refused ({type(error).__name__}: {str(error).strip()}): bring the schema up to date with `aegis migrate`"
        ) from error
    finally:
        traces.shutdown()


def _metrics(port: int) -> AbstractContextManager[object]:
    """Serves /metrics while a run lasts, where a port is set: nobody would look for a free one."""
    if not port:
        return nullcontext()
    try:
        return HealthServer(port)
    except OSError as error:
        raise click.ClickException(f"port {port} for metrics cannot be taken ({error.strerror}): unset AEGIS_METRICS_PORT or give another") from error


def _progress(quiet: bool) -> Progress:
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _reporter(progress: Progress, title: str) -> Report:
    """Moves the bar; where nobody sees bars, a plain line a page."""
    task = progress.add_task(title, total=None)

    def report(summary: Summary, total: int | None) -> None:
        progress.update(task, completed=summary.fetched, total=total)
        if progress.disable:
            progress.console.print(f"{title}: page {summary.pages}, {summary.fetched} of {'?' if total is None else total} records", highlight=False)

    return report


def _show(summary: Summary) -> None:
    title = f"{summary.source}{' (dry run: nothing was written)' if summary.dry_run else ''}"
    table = Table(title=title, title_justify="left")
    for name in SHOWN:
        table.add_column(name, justify="right")
    table.add_row(*(str(getattr(summary, name)) for name in SHOWN))
    console = Console()
    console.print(table)
    if summary.quarantined:
        where = "would go to" if summary.dry_run else "are in"
        console.print(f"{summary.quarantined} records {where} the table quarantine, with code, field and reason; their neighbours are not held up.")
    if summary.withheld:
        console.print(f"Archiving: {summary.withheld}.", style="yellow")
