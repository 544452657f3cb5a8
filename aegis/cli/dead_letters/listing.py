"""Lists of dead letters for people: by cause, or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

SHOWN_FIELDS = 160
COLOURS = {"held": "red", "open": "yellow"}

Row = dict[str, Any]


def show_causes(console: Console, causes: Sequence[Row]) -> None:
    """One line per cause, the most frequent first, then how many there are in all."""
    columns = [Column(name, no_wrap=True) for name in ("cause", "letters", "keys", "attempts", "store", "table", "code", "first", "last")]
    table = Table(*columns, Column("what it says", overflow="fold"), Column("example", overflow="fold"))
    for cause in causes:
        table.add_row(
            cause["cause"], f"{cause['letters']:,}", f"{cause['keys']:,}", str(cause["attempts"]), cause["store"], cause["table"] or "(undecodable)",
            cause["code"], _time(cause["first_at"]), _time(cause["last_at"]), escape(f"{cause['error_class']}: {cause['message']}"[:SHOWN_FIELDS]),
            escape(cause["example_key"]) if cause["example_key"] is not None else f"letter {cause['example_id']}",
        )  # fmt: skip
    console.print(table)
    letters, number = causes[0]["total"], causes[0]["causes"]
    left_out = f"; {number - len(causes):,} causes are left out: --limit" if number > len(causes) else ""
    console.print(f"{letters:,} dead letters of {number:,} cause{'s' if number > 1 else ''}{left_out}; one by one: --letters --cause CAUSE", highlight=False)


def show_letters(console: Console, letters: Sequence[Row], limit: int) -> None:
    """One line per letter, the newest first."""
    columns = [Column(name, no_wrap=True) for name in ("id", "", "store", "version", "attempt", "code", "since")]
    table = Table(*columns, Column("row", overflow="fold"), "reason")
    for letter in letters:
        row = f"{letter['table_name']} {letter['key']}" if letter["key"] is not None else "(undecodable)"
        colour = COLOURS.get(letter["state"], "default")
        version = "" if letter["version"] is None else str(letter["version"])
        reason = f"{letter['error_class']}: {letter['message']}"[:SHOWN_FIELDS]
        cells = (letter["store"], version, str(letter["attempt"]), letter["code"], _time(letter["failed_at"]), escape(row), escape(reason))
        table.add_row(str(letter["id"]), f"[{colour}]{letter['state']}[/]", *cells)
    console.print(table)
    if len(letters) == limit:
        console.print(f"older ones: --before {letters[-1]['id']}", highlight=False)


def _time(at: datetime) -> str:
    return f"{at.astimezone():%m-%d %H:%M:%S}"
