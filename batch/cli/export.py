"""`aegis export`: policies, or what became of collected records, as a file for analysts."""

from __future__ import annotations

from datetime import datetime

import click
import orjson
import psycopg

from aegis.cli.moment import MOMENT
from aegis.cli.screen import screen
from aegis.files.catalogue import CataloguedFile
from aegis.files.storage import Storage
from aegis.korea import KOREA
from aegis.settings import settings
from batch.cli.bar import bar
from batch.cli.ending import stoppable, translated
from batch.exporting.export import Exporter, Wanted
from batch.exporting.formats import Format

STATUSES = ("pending_validation", "active", "rejected", "archived")


@click.command("export")
@click.option("--format", "form", type=click.Choice([each.value for each in Format]), default=Format.CSV.value, show_default=True, help="Kind of file.")
@click.option("--from", "what", type=click.Choice(["policies", "processed"]), default="policies", show_default=True, help="Rows, or newest processed files.")
@click.option("--source", "sources", multiple=True, help="Only records of this source. May be repeated.")
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="Only policies of this status. May be repeated.")
@click.option("--since", type=MOMENT, help="Only policies changed since then: 2026-11-21, or 2d ago.")
@click.option(
    "--verbatim", is_flag=True, help="CSV cells as they are, also where a spreadsheet would take them for formulas, change their digits, or cannot hold them."
)
@click.option("--json", "as_json", is_flag=True, help="Print the catalogue's entry as JSON.")
def command(*, form: str, what: str, sources: tuple[str, ...], statuses: tuple[str, ...], since: datetime | None, verbatim: bool, as_json: bool) -> None:
    """Write policies (as of one moment), or what became of the records of each source's newest collection, into one file.

    The file lies in AEGIS_FILES_URL, below export/, with the time in its name; `aegis files show` says what it was made of. CSV is UTF-8 with a BOM, which
    spreadsheets open right. Text that they would take for a formula, or a code whose digits they would change, gets an apostrophe, and a text too long for a
    cell is cut and says so, unless --verbatim.
    """
    if what == "processed" and (statuses or since):
        raise click.UsageError("--status and --since are for policies: processed files have neither")
    configured = settings()
    if not configured.aegis_files_url:
        raise click.ClickException("AEGIS_FILES_URL is empty: give a folder or s3://bucket/prefix")
    wanted = Wanted(Format(form), datetime.now(KOREA), sources, statuses, since, verbatim)
    reader_dsn, dsn = configured.postgres_reader_dsn.get_secret_value(), configured.postgres_validator_dsn.get_secret_value()
    with translated(), stoppable(), psycopg.connect(reader_dsn) as reader, psycopg.connect(dsn, autocommit=True) as connection, bar() as progress:
        storage = Storage(configured.aegis_files_url)
        progress.phase(f"exporting {what}")
        exporter = Exporter(storage, reader, connection, lambda read, of: progress.step("rows", read, max(of, 1)))
        try:
            made = exporter.policies(wanted) if what == "policies" else exporter.processed(wanted)
        except LookupError as error:
            raise click.ClickException(str(error)) from error
    _show(storage.where(made.path), made, as_json=as_json)


def _show(where: str, made: CataloguedFile, *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps({**made.document(), "where": where}, option=orjson.OPT_INDENT_2))
        return
    screen().print(f"[bold]{where}[/bold]\n{made.row_count:,} rows, {made.byte_count:,} bytes, sha256 {made.sha256[:16]}…", highlight=False)
