"""`aegis status`: servers, connectors, lag, counts per store, dead letters, on one screen."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis.cli.observing.cold_path import ColdPath, Freshness
from aegis.cli.observing.picture import Picture, answered, paused, problems, take_picture
from aegis.cli.observing.side_by_side import Fault
from aegis.cli.screen import screen
from aegis.derivations import CAPTURED, STORES
from aegis.settings import settings

FRESHNESS_COLOURS = {Freshness.FRESH: "green", Freshness.LATE: "yellow", Freshness.MISSING: "red"}


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(as_json: bool) -> None:
    """Show each server, connector, consumer group, table and store. Exit code 0: healthy; 1: not."""
    picture = take_picture(settings())
    wrong = problems(picture)
    if as_json:
        click.echo(orjson.dumps(as_document(picture, wrong), option=orjson.OPT_INDENT_2))
    else:
        show(screen(), picture, wrong)
    sys.exit(1 if wrong else 0)


def as_document(picture: Picture, wrong: list[str]) -> dict[str, Any]:
    """The picture as JSON values; what did not answer has `error`."""
    relational = answered(picture.relational)
    groups, connectors = answered(picture.groups), answered(picture.connectors)
    return {
        "healthy": not wrong,
        "problems": wrong,
        "servers": {name: {"up": not isinstance(server, Fault), **_plain(server)} for name, server in picture.servers.items()},
        "connectors": _plain(picture.connectors)
        if connectors is None
        else {connector.name: {**_plain(connector), "runs": connector.runs} for connector in connectors},
        "groups": _plain(picture.groups) if groups is None else {app: _plain(group) for app, group in groups.items()},
        "capture": _plain(picture.relational) if relational is None else _plain(relational.capture),
        "tables": {table: _counts_of(table, picture) for table in CAPTURED},
        "dead_letters": _plain(picture.relational) if relational is None else _plain(relational.dead_letters),
        "cold_path": _plain(picture.relational) if relational is None else _cold_path(relational.cold_path),
    }


def _plain(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return {"error": value.reason} if isinstance(value, Fault) else asdict(value)


def _cold_path(cold: ColdPath) -> dict[str, Any]:
    age = cold.unproven_for
    return {"freshness": cold.freshness, "unproven_for_seconds": None if age is None else age.total_seconds(), **asdict(cold)}


def _counts_of(table: str, picture: Picture) -> dict[str, Any]:
    relational = answered(picture.relational)
    stores = {store: picture.counts[store] for store in STORES if store in CAPTURED[table].projections}
    return {
        "postgresql": _plain(picture.relational) if relational is None else _plain(relational.rows[table]),
        **{store: _plain(count) if isinstance(count, Fault) else _plain(count[table]) for store, count in stores.items()},
    }


def show(console: Console, picture: Picture, wrong: list[str]) -> None:
    """Print the picture for people."""
    for table in (_servers(picture), _connectors(picture), _groups(picture), _tables(picture)):
        console.print(table)
    relational = answered(picture.relational)
    if relational is not None:
        letters = relational.dead_letters
        colour = "red" if letters.held else "yellow" if letters.open or letters.quarantined else "green"
        console.print(f"[{colour}]dead letters {letters.open} open, keys held {letters.held}, records in quarantine {letters.quarantined}[/]")
        if relational.capture is not None and (behind := relational.capture.behind_bytes) is not None:
            console.print(f"capture: {behind:,} bytes of WAL behind, heartbeat {relational.capture.heartbeat_age_seconds:.1f} s old")
        _show_cold_path(console, relational.cold_path)
    for line in wrong:
        console.print(f"[red]✗[/] {escape(line)}", highlight=False)
    console.print("[red]not healthy[/]; `aegis doctor` names the remedies" if wrong else "[green]healthy[/]")


def _show_cold_path(console: Console, cold: ColdPath) -> None:
    last = "no comparison yet" if cold.last is None else f"last comparison {cold.last.verdict or cold.last.state} at {cold.last.finished_at:%Y-%m-%d %H:%M:%S}"
    console.print(f"[{FRESHNESS_COLOURS[cold.freshness]}]cold path: {cold.said}[/]; {last}", highlight=False)
    for run in cold.running:
        console.print(f"  {run.kind} {run.run_id} by {escape(run.actor)} {f'is in phase {run.phase}' if run.alive else '[red]died[/]'}", highlight=False)
    for one in cold.paused:
        console.print(f"  [yellow]{one.app} is paused[/] until {one.until:%H:%M:%S}: {escape(one.reason)}", highlight=False)


def _servers(picture: Picture) -> Table:
    table = Table("server", "state", "version", "", title="servers", title_justify="left")
    for name, server in picture.servers.items():
        if isinstance(server, Fault):
            table.add_row(name, "[red]down[/]", "", escape(server.reason))
        else:
            table.add_row(name, "[green]up[/]", server.version, server.detail)
    return table


def _connectors(picture: Picture) -> Table:
    table = Table("connector", "state", "tasks", "", title="connectors", title_justify="left")
    if isinstance(picture.connectors, Fault):
        table.add_row("", "[red]unknown[/]", "", escape(picture.connectors.reason))
        return table
    for connector in picture.connectors:
        colour = "green" if connector.runs else "red"
        table.add_row(connector.name, f"[{colour}]{connector.state}[/]", f"[{colour}]{', '.join(connector.tasks) or 'none'}[/]", escape(connector.reason))
    return table


def _groups(picture: Picture) -> Table:
    table = Table("consumer group", "state", "members", "lag", title="stream apps", title_justify="left")
    if isinstance(picture.groups, Fault):
        table.add_row("", "[red]unknown[/]", "", escape(picture.groups.reason))
        return table
    on_leave = paused(picture)
    for app, group in picture.groups.items():
        colour = "green" if group.members else "yellow" if app in on_leave else "red"
        members = f"[{colour}]{group.members}{' (paused)' if app in on_leave else ''}[/]"
        table.add_row(group.name, group.state, members, f"[{'yellow' if group.lag else 'green'}]{group.lag:,}[/]")
    return table


def _tables(picture: Picture) -> Table:
    table = Table("table", "rows", "shown", *STORES, title="records (and tombstones) per store", title_justify="left")
    relational = answered(picture.relational)
    for name, captured in CAPTURED.items():
        rows = None if relational is None else relational.rows[name]
        cells = [_count_cell(picture.counts[store], name, rows.shown if rows else None) if store in captured.projections else "–" for store in STORES]
        table.add_row(name, f"{rows.rows:,}" if rows else "?", f"{rows.shown:,}" if rows else "?", *cells)
    return table


def _count_cell(counts: Any, table: str, shown: int | None) -> str:
    if isinstance(counts, Fault):
        return "[red]?[/]"
    count = counts[table]
    colour = "green" if count.visible == shown else "yellow"
    return f"[{colour}]{count.visible:,}[/]" + (f" (+{count.tombstones:,})" if count.tombstones else "")
