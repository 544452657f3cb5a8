"""`aegis collect`: records from the portals into PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

import click
import orjson
from rich.console import Console
from rich.table import Column, Table

from aegis.settings import settings
from aegis.telemetry.health import HealthServer
from collectors.collection import collection
from collectors.files.cli import files_command
from collectors.schedule.cli import due_command, schedule_command, serve_command
from collectors.session import address, collector_logs, key, named, needs_key, order, traced
from collectors.showing import progress_bar, show
from collectors.sources import SourceName, known_sources
from collectors.state_command import state_command
from collectors.steps import fetch_command, stage_command, write_command
from collectors.summary import Summary
from collectors.together import together


@click.group("collect")
def collect() -> None:
    """Collect policies from public portals into PostgreSQL."""


collect.add_command(fetch_command)
collect.add_command(stage_command)
collect.add_command(write_command)
collect.add_command(serve_command)
collect.add_command(files_command)
collect.add_command(due_command)
collect.add_command(schedule_command)
collect.add_command(state_command)


@collect.command("sources")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sources(as_json: bool) -> None:
    """List the sources, their addresses and whether a key is set."""
    collector_logs(settings())  # a site's bad file is told there
    rows = [
        {"source": name, "title": source.title, "url": address(settings(), source), "key": bool(key(settings(), source)) if needs_key(source) else None}
        for name, source in sorted(known_sources().items())
    ]
    if as_json:
        click.echo(orjson.dumps(rows))
        return
    table = Table("source", "title", Column("address", overflow="fold"), "key")
    for row in rows:
        table.add_row(str(row["source"]), str(row["title"]), str(row["url"]), "not needed" if row["key"] is None else "set" if row["key"] else "not set")
    Console().print(table)


@collect.command("run")
@click.argument("sources", nargs=-1, type=SourceName())
@click.option("--all", "every", is_flag=True, help="Every source that needs no key or has one.")
@click.option("--dry-run", is_flag=True, help="Fetch, map and validate, say what would change, write nothing.")
@click.option("--url", help="Another address of the interface, for example the simulator's; for one source.")
@click.option("--page-size", type=click.IntRange(1, 1000), help="Records asked for in one request.")
@click.option("--force-archive", is_flag=True, help="Archive even where an empty or much shorter complete listing says so.")
@click.option(
    "--force-gate", is_flag=True, help="Take a listing even where its columns are not those of the last good one; what passes is the shape from then on."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; of several sources, one object by source.")
def run(
    *, sources: tuple[str, ...], every: bool, dry_run: bool, url: str | None, page_size: int | None, force_archive: bool, force_gate: bool, as_json: bool
) -> None:
    """Collect everything that SOURCES list: new and changed records are stored, vanished ones archived.

    Several sources are collected side by side, at most MAX_CONCURRENT_COLLECTIONS at once. Exit code 1 where one failed; the others are collected all the same.
    """
    configured = settings()
    collector_logs(configured)
    names = named(configured, sources, every=every)
    if url and len(names) > 1:
        raise click.UsageError("--url is the address of one source: name one, or set <SOURCE>_URL for each in the environment")

    with traced(), _metrics(configured.aegis_metrics_port), progress_bar(as_json) as progress:

        def one(source: str) -> Summary:
            wanted = order(configured, source, url, page_size, dry_run=dry_run, force_archive=force_archive, force_gate=force_gate)
            return collection(configured, wanted, progress)

        summaries = [one(names[0])] if len(names) == 1 else together(names, configured.max_concurrent_collections, one)
    said = {each.source: {**asdict(each), "status": each.status} for each in summaries}
    if as_json:
        click.echo(orjson.dumps(said if len(names) > 1 or every else said[names[0]]))
    else:
        show(*summaries)
    failed = [f"{each.source}: {each.failure}" for each in summaries if each.error]
    if failed:
        raise click.ClickException("\n".join(failed))


def _metrics(port: int) -> AbstractContextManager[object]:
    """Serves /metrics while a run lasts, where a port is set: nobody would look for a free one."""
    if not port:
        return nullcontext()
    try:
        return HealthServer(port)
    except OSError as error:
        raise click.ClickException(f"port {port} for metrics cannot be taken ({error.strerror}): unset AEGIS_METRICS_PORT or give another") from error
