"""`aegis collect fetch`, `stage`, `write`: what `aegis collect run` does, one step at a time, with a folder in between."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson
from rich.progress import Progress

from aegis.settings import Settings, settings
from collectors.collection import Wanted, written
from collectors.session import collector_logs, named, opened_client, opened_store, order, pages_of, traced
from collectors.showing import progress_bar, show, watched
from collectors.sources import SourceName, source_called
from collectors.spool import Spool, Spooled, sources_in
from collectors.staging import Order, Visit, staged
from collectors.summary import Summary
from collectors.together import side_by_side, together

FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("fetch")
@click.argument("sources", nargs=-1, type=SourceName())
@click.option("--all", "every", is_flag=True, help="Every source that needs no key or has one.")
@click.option("--into", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the next steps; made if missing.")
@click.option("--url", help="Another address of the interface, for example the simulator's; for one source.")
@click.option("--page-size", type=click.IntRange(1, 1000), help="Records asked for in one request.")
@AS_JSON
def fetch_command(*, sources: tuple[str, ...], every: bool, folder: Path, url: str | None, page_size: int | None, as_json: bool) -> None:
    """Fetch everything that SOURCES list into a folder. A listing that is there whole is kept; one that ended with an error is fetched again.

    Several sources are fetched side by side, as by `aegis collect run`. Exit code 1 where one failed; the others are fetched all the same.
    """
    configured = settings()
    collector_logs(configured)
    names = named(configured, sources, every=every)
    if url and len(names) > 1:
        raise click.UsageError("--url is the address of one source")
    with progress_bar(as_json) as progress:

        def one(source: str) -> Spooled:
            wanted = order(configured, source, url, page_size, dry_run=True)  # nothing is stored yet: nothing is remembered as stored
            return _fetched(configured, Spool(folder, source), wanted, progress)

        if len(names) == 1 and not every:
            fetched = [one(names[0])]
        else:
            fetched = side_by_side(names, configured.max_concurrent_collections, one, lambda source, error: Spooled(source, time.time(), 0, 0, error, None))
    said = {each.source: asdict(each) for each in fetched}
    _say(said if len(names) > 1 or every else said[names[0]], as_json)
    if failed := [f"{each.source}: {each.failure}" for each in fetched if each.error is not None]:
        raise click.ClickException("\n".join(failed))


def _fetched(configured: Settings, spool: Spool, wanted: Order | Visit, progress: Progress) -> Spooled:
    known = spool.fetched()
    if known is not None and known.error is None:
        return known
    with opened_store(configured, spool.source, dry_run=True) as store, opened_client(configured, wanted) as client:
        return spool.keep_fetched(watched(pages_of(wanted, client, store), progress, wanted.source.title), time.time())


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
@click.option("--skip-outdated", is_flag=True, help="Pass over a listing where one that was begun later has been written meanwhile.")
@AS_JSON
def write_command(*, folder: Path, dry_run: bool, force_archive: bool, force_gate: bool, skip_outdated: bool, as_json: bool) -> None:
    """Write every listing that was staged in FOLDER: new and changed records are stored, those that a whole listing lacks archived.

    While a source is down its mirror, or its last good listing, stands in for it, as in `aegis collect run`. Exit code 1 where a listing could not be written,
    the quality gate having stopped it, say; the others are written all the same.
    """
    configured = settings()
    collector_logs(configured)
    spools = {source: _staged_spool(folder, source) for source in sources_in(folder)}
    wanted = Wanted(dry_run, force_archive, force_gate, skip_outdated)
    with traced(), progress_bar(as_json) as progress:
        summaries = together(list(spools), 1, lambda source: written(configured, *spools[source], wanted, progress))
    _say_written(summaries, as_json)
    stopped = [each for each in summaries if each.error and not _was_told(each, spools[each.source][1])]
    if stopped:
        raise click.ClickException("\n".join(f"{each.source}: {each.failure}" for each in stopped))


def _staged_spool(folder: Path, source: str) -> tuple[Spool, Spooled]:
    spool = Spool(folder, source)
    known = spool.fetched()
    if known is None or not spool.is_staged:
        raise click.ClickException(f"{source} in {folder} is not staged: run `aegis collect stage {folder}` first")
    return spool, known


def _was_told(summary: Summary, known: Spooled) -> bool:
    """Whether what ended the run is what ended the fetch, which told it."""
    return known.error is not None and summary.error_code == known.error_code


def _say_written(summaries: list[Summary], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({each.source: {**asdict(each), "status": each.status} for each in summaries}))
        return
    for summary in summaries:
        show(summary)
        if summary.error:
            click.echo(f"{summary.source}: nothing is archived ({summary.failure})")


def _say(said: dict[str, Any], as_json: bool) -> None:
    click.echo(orjson.dumps(said) if as_json else "\n".join(f"{name}: {value}" for name, value in said.items()))
