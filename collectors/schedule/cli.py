"""`aegis collect serve`, `due`, `schedule`: collections at their times."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import Event

import click
import orjson
import psycopg
from rich.console import Console
from rich.table import Table

from aegis.korea import KOREA
from aegis.settings import Settings, settings
from collectors.schedule.child import collected, collected_side_by_side
from collectors.schedule.serving import Service
from collectors.schedule.timetable import Timetable
from collectors.session import asked_by_default, collector_logs
from collectors.sources import kind_of


@click.command("schedule")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def schedule_command(*, as_json: bool) -> None:
    """Show when each source is asked next, and why then."""
    collector_logs(settings())  # a site's bad file is told there
    with _translated():
        dues = _timetable(settings()).dues(datetime.now(UTC))
    ordered = sorted(dues.items(), key=lambda item: (item[1].at, item[0]))
    if as_json:
        rows = [{"source": source, "at": due.at, "interval_seconds": due.interval.total_seconds(), "reason": due.reason} for source, due in ordered]
        click.echo(orjson.dumps(rows))
        return
    table = Table("source", "next run (Korea)", "interval", "because of")
    for source, due in ordered:
        table.add_row(source, f"{due.at.astimezone(KOREA):%Y-%m-%d %H:%M}", str(due.interval).removesuffix(":00"), due.reason)
    Console().print(table)


@click.command("due")
@click.option("--dry-run", is_flag=True, help="Say which sources are due, ask none.")
def due_command(*, dry_run: bool) -> None:
    """Collect every source that is due now, then end: for a scheduler of your own, such as Airflow or cron.

    Exit code 1 where one failed; the others are collected all the same.
    """
    configured = settings()
    collector_logs(configured)
    with _translated():
        service = _service(configured)
        sources = service.due(datetime.now(UTC))
        if dry_run or not sources:
            click.echo("due: " + (", ".join(sources) or "nothing"))
            return
        codes = collected_side_by_side(sources, configured.max_concurrent_collections, partial(_collected, service))
    click.echo("\n".join(f"{source}: {'collected' if code == 0 else f'failed with exit code {code}'}" for source, code in codes.items()))
    if any(codes.values()):
        raise SystemExit(1)


@click.command("serve")
def serve_command() -> None:
    """Collect every source whenever it is due, until stopped. A restart forgets nothing and makes up once for what passed meanwhile.

    Interfaces are asked every 6 hours, pages daily at 00:00 in Korea, feeds every half hour: less often where nothing changes, more often in a burst
    (`aegis collect schedule` says why). Not beside Airflow's aegis_collection, which does the same.
    """
    configured = settings()
    collector_logs(configured)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopped.set())
    with _translated():
        scheduler = _service(configured).start()
    click.echo("collecting at the times of `aegis collect schedule`; stop with Ctrl-C", err=True)
    stopped.wait()
    scheduler.shutdown(wait=False)


def _collected(service: Service, source: str) -> int:
    """Collect one source, and decide about it at once: whoever looks while the others still run must not find it due."""
    code = collected(source)
    service.timetable.decide([source], datetime.now(UTC))
    return code


def _service(configured: Settings) -> Service:
    return Service(_timetable(configured), collected, configured.max_concurrent_collections)


def _timetable(configured: Settings) -> Timetable:
    """Of the sources that can be asked: those whose key is set, or that need none."""
    kinds = {name: kind_of(name) for name in asked_by_default(configured)}
    return Timetable(configured.postgres_collector_dsn.get_secret_value(), kinds, configured.collect_daily_limits)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL does not answer ({type(error).__name__}): start it with `make up`, or check POSTGRES_COLLECTOR_DSN") from error
