"""`aegis subscriptions`: which services are told of events, and what could not be delivered to them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import uuid4

import click
import psycopg
from confluent_kafka import KafkaException
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.table import Table

from aegis.durable_log import DurableLog, open_producer
from aegis.events.payloads import PAYLOADS
from aegis.offsets import quiet_logger
from aegis.queries import queries
from aegis.settings import settings
from stream_apps.subscriptions.address import NotAllowed, hosts_of
from stream_apps.subscriptions.sending import DeliveryFailed, check_target, sender_of
from stream_apps.subscriptions.subscription import Filter, Operator, subscription_of

Connection = psycopg.Connection[dict[str, Any]]
JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, change nothing.")
SAMPLE = {"policy_id": "aegis-test", "source": "aegis", "source_id": "test", "status": "pending_validation", "version": 1, "operation": "created"}


@contextmanager
def _operating() -> Iterator[Connection]:
    try:
        with psycopg.connect(settings().postgres_operator_dsn.get_secret_value(), connect_timeout=5, row_factory=dict_row) as connection:
            yield connection
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL: {type(error).__name__}: {error}") from error


def _translated(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (NotAllowed, DeliveryFailed, KafkaException) as error:
            raise click.ClickException(str(error)) from error

    return run


def _row(connection: Connection, name: str) -> dict[str, Any]:
    row = connection.execute(queries("subscriptions")["one"], {"name": name}).fetchone()
    if row is None:
        raise click.ClickException(f"there is no subscription {name}; see `aegis subscriptions list`")
    return row


@click.group("subscriptions")
def command() -> None:
    """Services that are told of events, by webhook or through a topic of their own; their dead letters (docs/events.md)."""


@command.command("list")
@JSON
def list_command(*, as_json: bool) -> None:
    """Every subscription, with what waits and what was given up."""
    with _operating() as connection:
        rows = connection.execute(queries("subscriptions")["list"]).fetchall()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("subscription", "types", "filters", "to", "waiting", "dead letters")
    for row in rows:
        conditions = "; ".join(f"{one['field']} {one['operator']} {', '.join(one['values'])}" for one in row["filters"])
        table.add_row(row["name"], ", ".join(row["types"]) or "all", conditions, f"{row['kind']} {row['target']}", f"{row['waiting']:,}", f"{row['dead']:,}")
    Console().print(table)


@command.command("add")
@click.argument("name")
@click.option("--webhook", help="URL. Its host must be named in AEGIS_WEBHOOK_HOSTS.")
@click.option("--topic", help="Kafka topic of the service's own; it must exist.")
@click.option("--secret-env", help="For a webhook: the app's environment variable AEGIS_WEBHOOK_SECRET_… with the key that it signs with.")
@click.option("--type", "types", multiple=True, type=click.Choice(list(PAYLOADS)), help="Only this type of event; may be repeated.")
@click.option("--equals", nargs=2, multiple=True, metavar="FIELD VALUE", help="Only where the field (subject, source, data.status, …) has this value.")
@click.option("--in", "one_of", nargs=2, multiple=True, metavar="FIELD A,B,…", help="Only where the field has one of these values.")
@click.option("--prefix", nargs=2, multiple=True, metavar="FIELD TEXT", help="Only where the field begins so.")
@click.option("--attempts", type=click.IntRange(1, 50), default=8, show_default=True, help="Failures after which a delivery is given up.")
@DRY_RUN
@_translated
def add_command(
    *,
    name: str,
    webhook: str | None,
    topic: str | None,
    secret_env: str | None,
    types: tuple[str, ...],
    equals: tuple[tuple[str, str], ...],
    one_of: tuple[tuple[str, str], ...],
    prefix: tuple[tuple[str, str], ...],
    attempts: int,
    dry_run: bool,
) -> None:
    """Tell a service of events from now on. All conditions must hold."""
    if (webhook is None) == (topic is None) or (webhook is None) != (secret_env is None):
        raise click.UsageError("give --webhook with --secret-env, or --topic")
    kind, target = ("kafka", topic) if webhook is None else ("webhook", webhook)
    assert target is not None
    check_target(kind, target, hosts_of(settings().aegis_webhook_hosts))
    filters = [
        *(Filter(field, Operator.EQUALS, (value,)) for field, value in equals),
        *(Filter(field, Operator.IN, tuple(values.split(","))) for field, values in one_of),
        *(Filter(field, Operator.PREFIX, (value,)) for field, value in prefix),
    ]
    row = {"name": name, "types": list(types), "filters": Jsonb([one.document() for one in filters]), "kind": kind, "target": target}
    with _operating() as connection:
        added = connection.execute(queries("subscriptions")["add"], row | {"secret_env": secret_env, "most_attempts": attempts}).rowcount
        if dry_run:
            connection.rollback()
    if not added:
        raise click.ClickException(f"there is a subscription {name} already: remove it first")
    click.echo(f"{'would be added' if dry_run else 'added'}  {name}  {kind} {target}")


@command.command("remove")
@click.argument("name")
@DRY_RUN
def remove_command(*, name: str, dry_run: bool) -> None:
    """Tell a service nothing more. What waits for it, and its dead letters, are dropped."""
    with _operating() as connection:
        _row(connection, name)
        waiting = next(row for row in connection.execute(queries("subscriptions")["list"]).fetchall() if row["name"] == name)
        if not dry_run:
            connection.execute(queries("subscriptions")["remove"], {"name": name})
    click.echo(f"{'would be removed' if dry_run else 'removed'}  {name}, with {waiting['waiting']} waiting and {waiting['dead']} dead letters")


@command.command("test")
@click.argument("name")
@_translated
def test_command(name: str) -> None:
    """Send a service a made-up policy.validated, from here; the key of a webhook is read from this command's environment."""
    configured = settings()
    with _operating() as connection:
        subscription = subscription_of(_row(connection, name))
    seconds = configured.aegis_store_timeout_seconds

    def open_log() -> DurableLog:
        return DurableLog(open_producer(configured.kafka_bootstrap_servers, "aegis-subscriptions-test", seconds, log_level=0, logger=quiet_logger()), seconds)

    attributes = {
        "id": str(uuid4()),
        "source": "/aegis/test",
        "specversion": "1.0",
        "type": "policy.validated",
        "subject": SAMPLE["policy_id"],
        "time": datetime.now(UTC).isoformat(),
        "dataschema": "urn:aegis:events:policy.validated:1.0",
    }
    with closing(sender_of(subscription, os.environ.get, hosts_of(configured.aegis_webhook_hosts), open_log)) as sender:
        sender.send(attributes, SAMPLE)
    click.echo(f"taken  {name} took event {attributes['id']}")


@command.command("deadletters")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@JSON
def dead_letters_command(*, name: str | None, limit: int, as_json: bool) -> None:
    """What was given up, of all services or of one."""
    with _operating() as connection:
        rows = connection.execute(queries("subscriptions")["dead"], {"name": name, "most": limit}).fetchall()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    table = Table("delivery", "subscription", "type", "subject", "attempts", "reason", "given up")
    for row in rows:
        given_up = f"{row['finished_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(row["id"]), row["subscription"], row["type"], row["subject"], str(row["attempts"]), row["error"], given_up)
    Console().print(table)


@command.command("retry")
@click.argument("name")
@click.option("--delivery", "ids", type=int, multiple=True, help="Only this one; may be repeated.")
@DRY_RUN
def retry_command(*, name: str, ids: tuple[int, ...], dry_run: bool) -> None:
    """Try a service's dead letters again. They come before what waits, and after newer events of the same policy that it was told meanwhile."""
    with _operating() as connection:
        _row(connection, name)
        tried = connection.execute(queries("subscriptions")["retry"], {"name": name, "ids": list(ids) or None}).rowcount
        if dry_run:
            connection.rollback()
    click.echo(f"{tried} dead letters of {name} {'would be' if dry_run else 'are'} tried again")
