"""`aegis files`: the catalogue of files for analysts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
import orjson
import psycopg
from rich.table import Column, Table

from aegis.cli.moment import MOMENT
from aegis.cli.screen import screen
from aegis.errors import AegisError
from aegis.files.catalogue import Catalogue, CataloguedFile
from aegis.files.storage import Storage
from aegis.settings import settings

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("files")
def command() -> None:
    """Files for analysts: raw and processed records of each collection, and exports."""


@command.command("list")
@click.option("--kind", type=click.Choice(["raw", "processed", "cleaned", "export"]), help="Only this kind.")
@click.option("--source", help="Only of this source.")
@click.option("--since", type=MOMENT, help="Only those made since then: 2026-11-21, or 2d ago.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most files to list, the newest first.")
@AS_JSON
def list_files(*, kind: str | None, source: str | None, since: datetime | None, limit: int, as_json: bool) -> None:
    """List files, the newest first."""
    with _catalogue() as catalogue:
        found = catalogue.files(kind=kind, source=source, since=since, most=limit)
    if as_json:
        click.echo(orjson.dumps([file.document() for file in found]))
        return
    table = Table("file", "kind", "source", Column("rows", justify="right"), Column("bytes", justify="right"), Column("path", overflow="fold"))
    for file in found:
        rows = f"{file.row_count:,}" + ("" if file.is_whole else " (not whole)")
        table.add_row(file.file_id[:8], file.kind, file.source or "", rows, f"{file.byte_count:,}", file.path)
    screen().print(table)


@command.command("show")
@click.argument("named", metavar="FILE")
@AS_JSON
def show(*, named: str, as_json: bool) -> None:
    """Show one file (path, or the beginning of its key): what it was made from, and what was made of it."""
    with _catalogue() as catalogue:
        file = catalogue.find(named)
        related = catalogue.lineage(file.file_id)
    if as_json:
        lineage = [{"steps": each.steps, "file_id": each.file_id, "kind": each.kind, "path": each.path, "row_count": each.row_count} for each in related]
        click.echo(orjson.dumps({**file.document(), "where": _storage().where(file.path), "lineage": lineage}))
        return
    console = screen()
    for name, value in {**file.document(), "where": _storage().where(file.path)}.items():
        console.print(f"{name}: {value}", highlight=False, markup=False)
    for each in related:
        word = "made from" if each.steps < 0 else "made into"
        console.print(f"{word}: {each.file_id[:8]} {each.kind} {each.path} ({each.row_count:,} rows)", highlight=False, markup=False)


@command.command("verify")
@click.option("--since", type=MOMENT, help="Only files made since then.")
@click.option("--limit", type=click.IntRange(1), default=1_000, show_default=True, help="Most files to read, the newest first.")
def verify(*, since: datetime | None, limit: int) -> None:
    """Read files again and compare their checksums with the catalogue. Exit code 1 where one differs or is gone."""
    storage, bad = _storage(), 0
    with _catalogue() as catalogue:
        found = catalogue.files(since=since, most=limit)
        with click.progressbar(found, label="reading files") as bar:
            complaints = [said for file in bar if (said := _complaint(storage, file))]
    for said in complaints:
        bad += 1
        click.echo(said)
    click.echo(f"{len(found) - bad} of {len(found)} files are as the catalogue says")
    if bad:
        raise SystemExit(1)


def _complaint(storage: Storage, file: CataloguedFile) -> str | None:
    try:
        found = storage.sha256(file.path)
    except FileNotFoundError:
        return f"{file.path}: it is gone from {storage.url}"
    return None if found == file.sha256 else f"{file.path}: its bytes are not those that were written"


def _storage() -> Storage:
    return Storage(settings().aegis_files_url)


@contextmanager
def _catalogue() -> Iterator[Catalogue]:
    try:
        with psycopg.connect(settings().postgres_reader_dsn.get_secret_value(), autocommit=True) as connection:
            yield Catalogue(connection)
    except (LookupError, AegisError) as error:
        raise click.ClickException(str(error)) from error
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL does not give the catalogue ({type(error).__name__}): see `aegis doctor`") from error
