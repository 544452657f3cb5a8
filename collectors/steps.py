"""`aegis collect fetch`, `stage`, `write`: what `aegis collect run` does, one step at a time, with a folder in between."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson

from aegis.settings import settings
from collectors.run import Writing, write
from collectors.session import collector_logs, gated, opened_client, opened_store, order, pages_of, traced
from collectors.showing import progress_bar, reporter, show, watched
from collectors.source import shows_newest_only
from collectors.sources import SourceName, source_called
from collectors.spool import Spool, sources_in
from collectors.staging import staged
from collectors.summary import Summary

FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("fetch")
@click.argument("source", type=SourceName())
@click.option("--into", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the next steps; made if missing.")
@click.option("--url", help="Another address of the interface, for example the simulator's.")
@click.option("--page-size", type=click.IntRange(1, 1000), help="Records asked for in one request.")
@AS_JSON
def fetch_command(*, source: str, folder: Path, url: str | None, page_size: int | None, as_json: bool) -> None:
    """Fetch everything that SOURCE lists into a folder. A listing that is there whole is kept; one that ended with an error is fetched again."""
    configured = settings()
    collector_logs(configured)
    wanted = order(configured, source, url, page_size, dry_run=True)  # nothing is stored yet: nothing is remembered as stored
    spool = Spool(folder, source)
    known = spool.fetched()
    if known is None or known.error is not None:
        with opened_store(configured, source, dry_run=True) as store, opened_client(configured, wanted) as client, progress_bar(as_json) as progress:
            known = spool.keep_fetched(watched(pages_of(wanted, client, store), progress, wanted.source.title), time.time())
    _say(asdict(known), as_json)
    if known.error is not None:
        raise click.ClickException(f"{known.error_code}: {known.error}")


@click.command("stage")
@FOLDER
@AS_JSON
def stage_command(*, folder: Path, as_json: bool) -> None:
    """Map and validate every listing that was fetched into FOLDER. Writes nothing elsewhere; pages fetched before a portal's failure count."""
    _say({source: Spool(folder, source).keep_staged(staged(source_called(source), Spool(folder, source).pages())) for source in sources_in(folder)}, as_json)


@click.command("write")
@FOLDER
@click.option("--dry-run", is_flag=True, help="Say what would change, write nothing.")
@click.option("--force-archive", is_flag=True, help="Archive even where an empty or much shorter complete listing says so.")
@click.option("--force-gate", is_flag=True, help="Write a listing even where its columns are not those of the last good one.")
@AS_JSON
def write_command(*, folder: Path, dry_run: bool, force_archive: bool, force_gate: bool, as_json: bool) -> None:
    """Write every listing that was staged in FOLDER: new and changed records are stored, those that a whole listing lacks archived.

    Exit code 1 where the quality gate stopped one; the others are written all the same.
    """
    configured = settings()
    collector_logs(configured)
    summaries, stopped = [], []
    for source in sources_in(folder):
        spool = Spool(folder, source)
        known = spool.fetched()
        if known is None or not spool.is_staged:
            raise click.ClickException(f"{source} in {folder} is not staged: run `aegis collect stage {folder}` first")
        writing = Writing(source, dry_run, force_archive, known.begun, shows_newest_only(source_called(source)))
        with traced(), opened_store(configured, source, dry_run=dry_run) as store, progress_bar(as_json) as progress:
            pages = gated(configured, store, source, dry_run=dry_run, force=force_gate, beforehand=spool.staged)(spool.staged())
            summary = write(writing, pages, store, reporter(progress, source_called(source).title))
        summaries.append(summary)
        if summary.error and known.error is None:  # what ended the fetch was told by it
            stopped.append(f"{source}: {summary.error_code}: {summary.error}")
    _say_written(summaries, as_json)
    if stopped:
        raise click.ClickException("\n".join(stopped))


def _say_written(summaries: list[Summary], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({each.source: {**asdict(each), "status": each.status} for each in summaries}))
        return
    for summary in summaries:
        show(summary)
        if summary.error:
            click.echo(f"{summary.source}: nothing is archived ({summary.error_code}: {summary.error})")


def _say(said: dict[str, Any], as_json: bool) -> None:
    click.echo(orjson.dumps(said) if as_json else "\n".join(f"{name}: {value}" for name, value in said.items()))
