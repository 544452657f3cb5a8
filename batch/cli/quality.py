"""`aegis quality`: scores per source and day, what stands out, where it goes, the reports of it, and the fixes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson
import psycopg
from rich.console import Console
from rich.markup import escape

from aegis.cli.screen import screen
from aegis.settings import settings
from batch.cli.ending import Refused, translated
from batch.cli.quality_fixes import fixes_command
from batch.cli.quality_tables import show_profile, show_run, show_trends
from batch.quality.run import Quality, look, run, today
from batch.quality.tables import Connection

SOURCE = click.option("--source", help="Only this source.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
EXIT_FINDINGS = 4
"""With --strict: there are anomalies or early warnings."""


@click.group("quality")
def command() -> None:
    """Measure the quality of policies per source and day; list and undo fixes."""


command.add_command(fixes_command)


@command.command("run")
@SOURCE
@click.option("--dry-run", is_flag=True, help="Measure, and write neither measurements nor a report.")
@click.option("--strict", is_flag=True, help=f"End with exit code {EXIT_FINDINGS} where there are anomalies or early warnings.")
@AS_JSON
def run_command(source: str | None, dry_run: bool, strict: bool, as_json: bool) -> None:
    """Score every policy, keep the day's measurements in quality_metrics, and write the report. A second run of the day replaces what differs."""
    with translated(), _opened() as connection, _working("scoring policies"):
        measured = (look if dry_run else run)(connection, today(), settings().quality_score_threshold, source)
        page = None if dry_run else _report(_whole(measured, source))
    if as_json:
        click.echo(orjson.dumps({**measured.as_document(), "report": page and str(page)}, option=orjson.OPT_INDENT_2))
    else:
        show_run(screen(), measured, page)
    if strict and (measured.anomalies or measured.warnings):
        sys.exit(EXIT_FINDINGS)


@command.command("report")
@SOURCE
@AS_JSON
def report_command(source: str | None, as_json: bool) -> None:
    """Write the report of now, HTML and JSON, into AEGIS_REPORT_DIR. Measurements are left as they are."""
    with translated(), _opened() as connection, _working("scoring policies"):
        page = _report(_measured(connection, source))
    click.echo(orjson.dumps({"report": str(page)}) if as_json else f"report: {page}")


@command.command("profile")
@SOURCE
@AS_JSON
def profile_command(source: str | None, as_json: bool) -> None:
    """Show each source's statistics and distributions, as of now."""
    with translated(), _opened() as connection, _working("scoring policies"):
        measured = _whole(_measured(connection, source), source)
    if as_json:
        click.echo(orjson.dumps([each.profile.as_document() for each in measured.sources], option=orjson.OPT_INDENT_2))
        return
    for each in measured.sources:
        show_profile(screen(), each.profile)


@command.command("anomalies")
@SOURCE
@AS_JSON
def anomalies_command(source: str | None, as_json: bool) -> None:
    """Say what differs from what is usual for each source, and which amounts lie far from their like."""
    with translated(), _opened() as connection, _working("scoring policies"):
        measured = _whole(_measured(connection, source), source)
    if as_json:
        found = {each.profile.source: {"anomalies": each.anomalies, "note": each.history_note} for each in measured.sources}
        click.echo(orjson.dumps({"sources": found, "outliers": measured.as_document()["outliers"]}, option=orjson.OPT_INDENT_2))
        return
    for each in measured.sources:
        for words in each.anomalies or (each.history_note or "nothing differs from what is usual",):
            screen().print(f"{escape(each.profile.source)}: {escape(words)}", highlight=False, soft_wrap=True)
    for outlier in measured.outliers:
        screen().print(f"{escape(outlier.policy_id)}: {escape(outlier.words)}", highlight=False, soft_wrap=True)


@command.command("trend")
@SOURCE
@AS_JSON
def trend_command(source: str | None, as_json: bool) -> None:
    """Show where the scores go, and when they will cross the threshold."""
    with translated(), _opened() as connection, _working("scoring policies"):
        measured = _whole(_measured(connection, source), source)
    if as_json:
        click.echo(orjson.dumps({each.profile.source: each.as_document()["trends"] for each in measured.sources}, option=orjson.OPT_INDENT_2))
    else:
        show_trends(screen(), measured)


def _measured(connection: Connection, source: str | None) -> Quality:
    return look(connection, today(), settings().quality_score_threshold, source)


def _whole(measured: Quality, source: str | None) -> Quality:
    """`measured`, unless it has nothing of the source that was asked for."""
    if source is not None and not measured.sources:
        raise Refused(f"no policy of a source named {source}: see `aegis collect sources`")
    return measured


def _report(measured: Quality) -> Path:
    from batch.quality.report import write

    return write(measured, settings().aegis_report_dir, datetime.now(UTC)).page


@contextmanager
def _opened() -> Iterator[Connection]:
    with psycopg.connect(settings().postgres_validator_dsn.get_secret_value(), autocommit=True) as connection:
        yield connection


@contextmanager
def _working(what: str) -> Iterator[None]:
    with Console(stderr=True).status(what):
        yield
