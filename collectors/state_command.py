"""`aegis collect state`: what is remembered of each source from one request to the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import orjson
import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from aegis.korea import KOREA
from aegis.queries import queries
from aegis.settings import settings
from collectors.http.record import Record, refusal
from collectors.session import told


@click.command("state")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def state_command(*, as_json: bool) -> None:
    """Show how often each source was asked today, whether it may be asked now, and when it was last read whole."""
    configured = settings()
    with told(), psycopg.connect(configured.postgres_collector_dsn.get_secret_value(), autocommit=True, row_factory=dict_row) as connection:
        known = connection.execute(queries("sources")["all"]).fetchall()
    rows = [_row(each, configured.collect_daily_limits.get(each["source"]), datetime.now(UTC)) for each in known]
    if as_json:
        click.echo(orjson.dumps(rows))
        return
    table = Table("source", "requests today", "failures in a row", "may be asked", "last read whole (Korea)")
    for row in rows:
        listed = f"{row['listed_at'].astimezone(KOREA):%Y-%m-%d %H:%M}" if row["listed_at"] else "never"
        table.add_row(row["source"], str(row["requests_today"]), str(row["failures"]), row["refusal"] or "yes", listed)
    Console().print(table)


def _row(known: dict[str, Any], per_day: int | None, now: datetime) -> dict[str, Any]:
    record = Record(known["day"], known["requests"], known["spent_at"], known["failures"], known["opened_at"])
    is_today = record.day == now.astimezone(KOREA).date()
    return {
        "source": known["source"],
        "requests_today": record.requests if is_today else 0,
        "failures": record.failures,
        "refusal": refusal(record, now, known["source"], per_day),
        "listed_at": known["listed_at"],
    }
