"""One dead letter in full: its row as the log carries it, the attempts on its key, and what operators did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
import orjson

from aegis.cli.observing.postgres import Reader
from aegis.cli.observing.side_by_side import one_line
from aegis.codec import Codec
from aegis.collapse import decode
from aegis.errors import AegisError
from aegis.message import Message
from aegis.queries import queries

BYTES_SHOWN = 64
LISTS = ("attempts", "history")


def whole_letter(reader: Reader, number: int, codec: Codec) -> dict[str, Any] | None:
    """All there is of letter `number`; None where there is none. `row`: before and after as the log carries them, or why they cannot be read."""
    blocks = queries("letters")
    letter = reader.execute(blocks["letter"], {"id": number}).fetchone()
    if letter is None:
        return None
    letter["row"] = row_of(letter, codec)
    letter["attempts"] = reader.execute(blocks["attempts"], letter).fetchall() if letter["key"] is not None else []
    letter["history"] = reader.execute(blocks["history"], letter).fetchall()
    return letter


def row_of(letter: dict[str, Any], codec: Codec) -> dict[str, Any]:
    """Operation, before and after of the letter's bytes, without personal data, which never enters Kafka; `error` where they are no change."""
    value = letter["value_bytes"]
    if value is None:
        return {"error": "the bytes were too many for a dead letter; they stand in the log"}
    message = Message(letter["topic"], letter["partition"], letter["offset"], letter["key_bytes"], bytes(value))
    try:
        change = decode(message, codec)
    except AegisError as error:
        return {"error": one_line(error)}
    if change is None:
        return {"error": "the bytes concern no row"}
    return {"operation": change.operation.value, "before": change.before, "after": change.after, "cause": change.cause or None}


def as_json(letter: dict[str, Any]) -> bytes:
    """The letter for machines; bytes in hexadecimal."""
    plain = {name: bytes(value).hex() if isinstance(value, bytes) else value for name, value in letter.items()}
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2)


def show_whole(letter: dict[str, Any]) -> None:
    """Print the letter for people: a field a line, then its row, attempts and history."""
    for name, value in letter.items():
        if value is not None and name not in {"row", *LISTS}:
            click.echo(f"{name:15} {_shown(value)}")
    for name, value in letter["row"].items():
        if value is not None:
            click.echo(f"{'row ' + name:15} {value if isinstance(value, str) else orjson.dumps(value).decode()}")
    for one in letter["attempts"]:
        here = " (this one)" if one["id"] == letter["id"] else ""
        click.echo(f"attempt {one['attempt']:<7} {_shown(one['failed_at'])}  version {one['version']}  {one['code']}  letter {one['id']} {one['state']}{here}")
    for one in letter["history"]:
        drawn = f", new version {one['after']['version']}" if one["after"] else ""
        click.echo(f"{one['action']:15} {_shown(one['occurred_at'])}  by {one['actor']}{drawn}: {one['reason']}")


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes: {value[:BYTES_SHOWN].hex(' ')}{' …' if len(value) > BYTES_SHOWN else ''}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    return str(value).rstrip().replace("\n", "\n" + " " * 16)
