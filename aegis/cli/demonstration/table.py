"""The demo's last table: the same policies in PostgreSQL and the four stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from rich.markup import escape
from rich.table import Table

from aegis.cli.demonstration.arrivals import Stored, seconds_of
from aegis.derivations import STORES

TITLE_COLUMNS = 44


@dataclass(frozen=True, slots=True)
class Line:
    """One policy at one stamp: what PostgreSQL says, and each store's delay (None: not known) or that it differs."""

    title: str
    truth: str
    delays: Mapping[str, float | None]
    differs: frozenset[str] = frozenset()


def line(title: str, truth: str, key: str, stored: Mapping[str, Stored], differs: Mapping[str, Sequence[str]]) -> Line:
    """The line of `key`."""
    delays = {name: seconds_of(records[key]) for name, records in stored.items()}
    return Line(title, truth, delays, frozenset(name for name, keys in differs.items() if key in keys))


def summary(title: str, stored: Mapping[str, Stored], differs: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rows over all policies: how many are equal, and the median delay."""
    equals, medians = [], []
    for name in STORES:
        known = [delay for record in stored[name].values() if (delay := seconds_of(record)) is not None]
        equal = len(stored[name]) - len(differs.get(name, ()))
        colour = "green" if equal == len(stored[name]) else "red"
        equals.append(f"[{colour}]{equal} equal[/]")
        medians.append(milliseconds(median(known) if known else None))
    return (title, str(len(next(iter(stored.values())))), *equals), ("median delay", "", *medians)


def milliseconds(seconds: float | None) -> str:
    """A delay for people."""
    return "?" if seconds is None else f"{seconds * 1000:,.0f} ms"


def table_of(lines: Sequence[Line], totals: Sequence[tuple[str, ...]]) -> Table:
    """The table: one row per line, then the totals."""
    table = Table(title="the same policies everywhere, with the delay from commit to applied", title_justify="left")
    table.add_column("policy", max_width=TITLE_COLUMNS, no_wrap=True, overflow="ellipsis")
    for column in ("PostgreSQL", *STORES):
        table.add_column(column, no_wrap=True)
    for each in lines:
        table.add_row(escape(each.title), escape(each.truth), *(_cell(each, name) for name in STORES))
    table.add_section()
    for total in totals:
        table.add_row(*total)
    return table


def _cell(each: Line, store: str) -> str:
    if store in each.differs:
        return "[red]differs[/]"
    return f"[green]=[/] {milliseconds(each.delays.get(store))}"
