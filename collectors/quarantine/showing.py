"""The quarantine for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

Row = Mapping[str, Any]


def show_causes(console: Console, rows: Sequence[Row]) -> None:
    """One line per cause."""
    table = Table("source", "code", "field", Column("cause", overflow="fold"), Column("problems", justify="right"), "last", "example")
    for row in rows:
        cells = (row["source"], row["code"], row["field"] or "", row["cause"], f"{row['problems']:,}", f"{row['last']:%F %R}", str(row["example"]))
        table.add_row(*map(escape, cells))
    console.print(table)
    console.print("`aegis quarantine show EXAMPLE`, then `release` where it passes now, or `discard --reason …`", highlight=False)


def show_problems(console: Console, rows: Sequence[Row]) -> None:
    """One line per problem."""
    table = Table("ID", "source", "record", "code", "field", Column("reason", overflow="fold"), "since", "state")
    for row in rows:
        cells = (str(row["quarantine_id"]), row["source"], row["source_id"] or "", row["code"], row["field"] or "", row["reason"])
        table.add_row(*map(escape, cells), f"{row['created_at']:%F %R}", state(row))
    console.print(table)


def show_whole(console: Console, row: Row, dealings: Sequence[Row]) -> None:
    """One problem, its record as received, and what was done about it."""
    for name in ("quarantine_id", "source", "source_id", "code", "field", "reason", "created_at", "discard_reason"):
        if row[name] is not None:
            console.print(f"{name.replace('_', ' ')}: {escape(str(row[name]))}", highlight=False)
    console.print(f"state: {state(row)}", highlight=False)
    for each in dealings:
        console.print(f"{each['occurred_at']:%F %T} {escape(each['actor'])}: {each['action']}, {escape(each['reason'] or '')}", highlight=False)
    console.print(escape(row["raw"]), highlight=False)


def state(row: Row) -> str:
    """released, discarded or waiting."""
    if row["released_at"] is not None:
        return "released"
    return "discarded" if row["discarded_at"] is not None else "waiting"
