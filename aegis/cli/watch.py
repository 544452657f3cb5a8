"""`aegis watch`: rates, lag and dead letters, live."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from threading import Event
from time import monotonic
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from aegis.cli.observing.kafka import Groups
from aegis.cli.observing.postgres import Capture, DeadLetters, observe_capture, observe_dead_letters, reading
from aegis.cli.observing.side_by_side import Fault, ask_all
from aegis.cli.pulse import Moment, Pulse, plain, pulse
from aegis.cli.screen import screen
from aegis.settings import Settings, settings

DEADLINE_SECONDS = 5.0


@click.command("watch")
@click.option("--interval", default=1.0, show_default=True, type=click.FloatRange(0.2, 3600), help="Seconds between two looks.")
@click.option("--once", is_flag=True, help="Two looks, one line, then end.")
def command(interval: float, once: bool) -> None:
    """Watch the rate and lag of each store, the delay of capture, and dead letters, until interrupted. Plain lines when not on a terminal."""
    console = screen()
    pulses = _pulses(settings(), interval)
    if once:
        next(pulses)
        click.echo(plain(next(pulses)))
    elif not console.is_terminal:
        for found in pulses:
            click.echo(plain(found))
            sys.stdout.flush()
    else:
        with Live(console=console, auto_refresh=False, screen=False) as live:
            for found in pulses:
                live.update(_screen(found), refresh=True)


def _pulses(configured: Settings, interval: float) -> Iterator[Pulse]:
    groups, tick, before = Groups(configured.kafka_bootstrap_servers), Event(), None
    while True:
        now = _moment(configured, groups)
        yield pulse(before, now)
        before = now
        tick.wait(max(0.0, now.at + interval - monotonic()))


def _moment(configured: Settings, groups: Groups) -> Moment:
    at = monotonic()
    dsn = configured.postgres_reader_dsn.get_secret_value()
    answers: dict[str, Any] = ask_all({"kafka": groups.observe, "postgresql": lambda: _relational(dsn)}, DEADLINE_SECONDS)
    faults = {part: answer.reason for part, answer in answers.items() if isinstance(answer, Fault)}
    capture, letters = (None, None) if "postgresql" in faults else answers["postgresql"]
    return Moment(at, None if "kafka" in faults else answers["kafka"], capture, letters, faults)


def _relational(dsn: str) -> tuple[Capture | None, DeadLetters]:
    with reading(dsn) as reader:
        return observe_capture(reader), observe_dead_letters(reader)


def _screen(found: Pulse) -> Group:
    table = Table("stream app", "changes/s", "lag", "members")
    for beat in found.beats:
        rate = "" if beat.rate is None else f"{beat.rate:,.0f}"
        table.add_row(beat.app, rate, f"[{'yellow' if beat.lag else 'green'}]{beat.lag:,}[/]", f"[{'green' if beat.members else 'red'}]{beat.members}[/]")
    lines: list[Table | Text] = [table]
    if found.capture is not None:
        behind = found.capture.behind_bytes
        rate = "" if found.wal_rate is None else f"{found.wal_rate / 1024:,.0f} KiB/s written, "
        slot = "[red]no slot[/]" if behind is None else f"{behind / 1024:,.0f} KiB behind, slot {'active' if found.capture.active else '[red]inactive[/]'}"
        lines.append(Text.from_markup(f"WAL: {rate}{slot}; heartbeat {found.capture.heartbeat_age_seconds:.1f} s old"))
    if found.dead_letters is not None:
        colour = "red" if found.dead_letters.held else "green"
        lines.append(Text.from_markup(f"[{colour}]dead letters {found.dead_letters.open} open, keys held {found.dead_letters.held}[/]"))
    lines += [Text.from_markup(f"[red]✗[/] {part}: {escape(reason)}") for part, reason in found.faults.items()]
    return Group(*lines)
