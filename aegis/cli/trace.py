"""`aegis trace`: one row's way from PostgreSQL through the log into every derived store."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
import orjson
import psycopg
from confluent_kafka import KafkaException
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis.cli.observing.log import Published, look_up
from aegis.cli.observing.postgres import block, reading
from aegis.cli.observing.reading import store_questions
from aegis.cli.observing.side_by_side import ask_all, one_line
from aegis.cli.screen import screen
from aegis.cli.tracing import Arrival, Step, Way, shown_in, way
from aegis.derivations import CAPTURED
from aegis.position import lsn_text
from aegis.queries import queries
from aegis.record import StoredRecord
from aegis.row_image import row_image
from aegis.settings import Settings, settings

DEADLINE_SECONDS = 10.0
COLOURS = {Arrival.CURRENT: "green", Arrival.DELETED: "green", Arrival.WITHDRAWN: "green", Arrival.WAITING: "yellow", Arrival.COMPENSATED: "yellow"}


@click.command("trace")
@click.argument("table", type=click.Choice(sorted(CAPTURED)))
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(table: str, key: str, as_json: bool) -> None:
    """Follow row KEY of TABLE: row version → LSN → topic, partition, offset → each store's stamp and time of application, with the delays between.

    Exit code 0: every store says what PostgreSQL says; 1: not (yet), or nobody knows the key.
    """
    found, published = follow(settings(), table, key)
    if as_json:
        click.echo(orjson.dumps(as_document(found, published), option=orjson.OPT_INDENT_2))
    elif not found.known:
        raise click.ClickException(f"nobody knows {table} {key}: PostgreSQL has no such row and no store a record or tombstone of it")
    else:
        show(screen(), found, published)
    sys.exit(0 if found.known and found.settled else 1)


def follow(configured: Settings, table: str, key: str) -> tuple[Way, Mapping[tuple[str, int, int], Published]]:
    """The way of one row, and what the log still has of it. Raises click's exception where PostgreSQL does not answer; other servers may be down."""
    questions = store_questions(CAPTURED[table].projections, configured, lambda store: store.fetch(table, [key]).get(key), DEADLINE_SECONDS)
    try:
        with reading(configured.postgres_reader_dsn.get_secret_value()) as reader:
            row = reader.execute(queries("rows")[f"{table}_rows"], {"keys": [key]}).fetchone()
            letters = tuple(reader.execute(block("letters_of_key"), {"table": table, "key": key}))
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL: {one_line(error)}; see `aegis doctor`") from error
    stores = ask_all(questions, DEADLINE_SECONDS)
    places = [(stored.position.topic, stored.position.partition, stored.position.offset) for stored in stores.values() if isinstance(stored, StoredRecord)]
    try:
        published = look_up(configured.kafka_bootstrap_servers, places)
    except KafkaException as error:
        click.echo(f"Kafka: {one_line(error)}; delays through the log are not known", err=True)
        published = {}
    shown = shown_in(table, None if row is None else row_image(table, row))
    return way(table, key, row, shown, stores, published={place: message.at for place, message in published.items()}, letters=letters), published


def as_document(found: Way, published: Mapping[tuple[str, int, int], Published]) -> dict[str, Any]:
    """The way as JSON values. Contents of rows are left out."""
    return {
        "table": found.table,
        "key": found.key,
        "row": None if found.version is None else {"version": found.version, "updated_at": found.updated_at},
        "settled": found.settled,
        "held_by": found.held_by,
        "stores": {step.store: _step(step, published) for step in found.steps},
        "dead_letters": [dict(letter) for letter in found.letters],
    }


def _step(step: Step, published: Mapping[tuple[str, int, int], Published]) -> dict[str, Any]:
    stored = step.stored
    if stored is None:
        return {"arrival": step.arrival, "error": step.fault} if step.fault else {"arrival": step.arrival}
    place = stored.position
    message = published.get((place.topic, place.partition, place.offset))
    return {
        "arrival": step.arrival,
        "stamp": {"version": stored.stamp.version, "rank": stored.stamp.rank.name.lower(), "packed": stored.stamp.packed},
        "tombstone": stored.content is None,
        "position": {**asdict(place), "lsn_text": lsn_text(place.lsn)},
        "published_at": step.published_at,
        "applied_at": stored.applied_at,
        "trace": message.trace if message else None,
        "seconds": {"commit_to_log": step.commit_to_log, "log_to_store": step.log_to_store, "total": step.total},
    }


def show(console: Console, found: Way, published: Mapping[tuple[str, int, int], Published]) -> None:
    """Print the way for people."""
    row = f"version {found.version}, changed {_time(found.updated_at)}" if found.version is not None else "[yellow]no such row[/]: deleted, or never there"
    console.print(f"[bold]{found.table} {escape(found.key)}[/] in PostgreSQL: {row}", highlight=False)
    table = Table("store", "", "stamp", "LSN", "topic\\[partition]@offset", "committed", "→ log", "→ applied", "total")
    for step in found.steps:
        table.add_row(*_cells(step))
    console.print(table)
    traces = sorted({message.trace for message in published.values() if message.trace})
    for trace in traces:
        console.print(f"traceparent {trace}", highlight=False)
    for letter in found.letters:
        state = (
            "[red]held[/]"
            if letter["held"]
            else "retried"
            if letter["retried_at"]
            else "discarded"
            if letter["discarded_at"]
            else "resolved by a newer version"
        )
        console.print(
            f"dead letter {letter['id']}: {letter['store']} rejected version {letter['version']}: {letter['code']} {escape(letter['message'])} ({state})",
            highlight=False,
        )
    if found.held_by:
        console.print(f"[red]held[/] by {', '.join(found.held_by)}: mend the cause, then `aegis dlq retry {found.table} {escape(found.key)}`", highlight=False)


def _cells(step: Step) -> tuple[str, ...]:
    colour = COLOURS.get(step.arrival, "red")
    name = f"[{colour}]{step.arrival}[/]"
    if step.stored is None:
        return (step.store, name, escape(step.fault), "", "", "", "", "", "")
    position = step.stored.position
    delays = (_delay(step.commit_to_log), _delay(step.log_to_store), _delay(step.total))
    return (step.store, name, str(step.stored.stamp), lsn_text(position.lsn), escape(str(position)), _time(position.committed_at), *delays)


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone().isoformat(sep=" ", timespec="milliseconds")


def _delay(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:,.0f} ms"
