"""`aegis connect`: register the connectors, see and steer them, and keep them running."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import partial, wraps
from typing import Any

import click
import psycopg
import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from aegis.position import lsn_text
from aegis.registry import SCHEMA_FOLDER
from aegis.settings import settings
from aegis.telemetry.health import HealthServer
from aegis.telemetry.logs import configure_logs
from aegis.topics import TopicMismatch, missing, observe, topics
from connectors.definition import Definition, UnfilledPlaceholder, definitions
from connectors.registration import NotRunning, apply, forget_offset, loss, refuse_loss
from connectors.rest import Connect, ConnectRefused, ConnectUnavailable
from connectors.restarts import Policy
from connectors.schemas import RegistryFault, captured_subjects, differing, hold_compatibility, write
from connectors.slot import PossibleLoss, Slot, observe_slot, possible_loss, stored_lsn
from connectors.values import placeholder_values
from connectors.watcher import Watcher

log = structlog.get_logger(__name__)

KNOWN_ERRORS = (
    ConnectRefused,
    ConnectUnavailable,
    KafkaException,
    NotRunning,
    PossibleLoss,
    RegistryFault,
    TopicMismatch,
    UnfilledPlaceholder,
    psycopg.Error,
)


def _explained(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except KNOWN_ERRORS as error:
            raise click.ClickException(f"{type(error).__name__}: {error}") from error

    return run


def _definitions() -> tuple[Definition, ...]:
    return definitions(placeholder_values(settings().postgres_dsn.get_secret_value(), settings().schema_registry_url))


def _slot_of(name: str) -> Slot | None:
    return observe_slot(settings().postgres_dsn.get_secret_value(), name)


def _connect() -> closing[Connect]:
    return closing(Connect(settings().connect_url))


@click.group("connect")
def command() -> None:
    """Debezium's connectors: register, see, steer and watch them."""


@command.command("apply")
@click.option("--deadline", default=90.0, show_default=True, help="Seconds until connectors and tasks must run.")
@click.option("--snapshot-again", is_flag=True, help="Forget the stored offset first, so that every row is read anew. The remedy when the slot was lost.")
@_explained
def apply_command(deadline: float, snapshot_again: bool) -> None:
    """Register or update every connector, wait until it and its tasks run, print their state. Idempotent; refuses where changes could be lost."""
    admin = AdminClient({"bootstrap.servers": settings().kafka_bootstrap_servers, "log_level": 0})
    absent = missing(topics(settings().aegis_topic_partitions), observe(admin))
    if absent:
        raise click.ClickException(f"topics are missing: {', '.join(topic.name for topic in absent)}. Run aegis topics create")
    if hold_compatibility(settings().schema_registry_url):
        click.echo("registry: compatibility set")
    with _connect() as connect:
        for definition in _definitions():
            if snapshot_again:
                forget_offset(connect, definition, deadline)
            done = apply(connect, definition, _slot_of, deadline_seconds=deadline)
            changed = f" ({', '.join(done.step.differing)})" if done.step.differing else ""
            tasks = ", ".join(f"task {task.number} {task.state}" for task in done.status.tasks)
            click.echo(f"{definition.name}: {done.step.action}{changed}; {done.status.state}, {tasks}")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@_explained
def status_command(as_json: bool) -> None:
    """State of each connector and task, why what failed has failed, and the slot. Exit status 1 where one does not run."""
    rows = []
    with _connect() as connect:
        for definition in _definitions():
            name = definition.config["slot.name"]
            status = connect.status(definition.name)
            slot = _slot_of(name)
            stored = stored_lsn(connect.offsets(definition.name))
            rows.append(
                {
                    "connector": definition.name,
                    "state": status.state if status else "NOT REGISTERED",
                    "running": bool(status and status.running),
                    "tasks": [{"task": task.number, "state": task.state, "reason": task.reason} for task in status.tasks] if status else [],
                    "stored_lsn": None if stored is None else lsn_text(stored),
                    "slot": None if slot is None else {**asdict(slot), "behind_bytes": slot.behind_bytes},
                    "possible_loss": possible_loss(definition.name, name, stored, slot),
                }
            )
    click.echo(json.dumps(rows) if as_json else "\n".join(_status_lines(rows)))
    if not all(row["running"] for row in rows):
        raise SystemExit(1)


def _status_lines(rows: list[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        slot = row["slot"]
        seen = f"slot {slot['name']} {'active' if slot['active'] else 'inactive'}, {slot['behind_bytes']:,} bytes behind" if slot else "slot missing"
        lines.append(f"{row['connector']}: {row['state']}; stored {row['stored_lsn'] or 'nothing'}; {seen}")
        lines += [f"  task {task['task']}: {task['state']}{': ' + task['reason'] if task['reason'] else ''}" for task in row["tasks"]]
        lines += [f"  {row['possible_loss']}"] if row["possible_loss"] else []
    return lines


@command.command("pause")
@_explained
def pause_command() -> None:
    """Stop capturing; PostgreSQL keeps the WAL meanwhile, up to max_slot_wal_keep_size."""
    with _connect() as connect:
        for definition in _definitions():
            connect.pause(definition.name)
            click.echo(f"{definition.name}: pause requested")


@command.command("resume")
@_explained
def resume_command() -> None:
    """Capture again after pause. Refuses where changes could be lost."""
    with _connect() as connect:
        for definition in _definitions():
            refuse_loss(connect, definition, _slot_of)
            connect.resume(definition.name)
            click.echo(f"{definition.name}: resume requested")


@command.command("restart")
@click.option("--only-failed", is_flag=True, help="Leave alone what runs.")
@_explained
def restart_command(only_failed: bool) -> None:
    """Restart connectors and tasks. Refuses where changes could be lost."""
    with _connect() as connect:
        for definition in _definitions():
            refuse_loss(connect, definition, _slot_of)
            connect.restart(definition.name, only_failed=only_failed)
            click.echo(f"{definition.name}: restart requested")


@command.command("offsets")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@_explained
def offsets_command(as_json: bool) -> None:
    """The stored source offsets: everything before them is in Kafka."""
    with _connect() as connect:
        found = {definition.name: connect.offsets(definition.name) for definition in _definitions()}
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, offsets in found.items():
        stored = stored_lsn(offsets)
        click.echo(f"{name}: {'nothing stored' if stored is None else lsn_text(stored)}")


@command.command("schemas")
@click.option("--write", "writes", is_flag=True, help="Write the registered schemas over schemas/avro.")
@_explained
def schemas_command(writes: bool) -> None:
    """Compare the registry's schemas of the captured tables with the committed ones. Exit status 1 where they differ."""
    url = settings().schema_registry_url
    if writes:
        for subject in write(url, SCHEMA_FOLDER, captured_subjects()):
            click.echo(f"written  {subject}.avsc")
    different = differing(url, SCHEMA_FOLDER, captured_subjects())
    for subject in different:
        click.echo(f"differs  {subject}")
    click.echo(f"{len(captured_subjects()) - len(different)} equal, {len(different)} different")
    if different:
        raise SystemExit(1)


def _guard(connect: Connect, name: str) -> str | None:
    """What the watcher asks before it restarts connector `name`."""
    try:
        return next((loss(connect, definition, _slot_of) for definition in _definitions() if definition.name == name), None)
    except psycopg.Error as error:
        log.warning("connect.slot_unknown", connector=name, error=str(error))  # PostgreSQL is away: the restarted task will fail, and be looked at again
        return None


@command.command("watch")
@click.option("--interval", default=5.0, show_default=True, help="Seconds between looks.")
@click.option("--cap", default=10, show_default=True, help="Most restarts of one connector in an hour.")
def watch_command(interval: float, cap: int) -> None:
    """Restart what fails, with growing pauses and a cap, until told to stop. Serves /metrics and /health."""
    configure_logs(settings().aegis_log_level, "connect-watch")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with closing(Connect(settings().connect_url, timeout_seconds=10, patience_seconds=0)) as connect:
        watcher = Watcher(connect, Policy(cap_per_hour=cap), partial(_guard, connect))
        with HealthServer(settings().aegis_metrics_port, watcher.readiness):
            watcher.round()
            while not stop.wait(interval):
                watcher.round()
