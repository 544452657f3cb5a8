"""One picture of the whole pipeline, taken from all servers at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from aegis.cli.observing.cold_path import ColdPath, Freshness, observe_cold_path
from aegis.cli.observing.kafka import Group, Groups
from aegis.cli.observing.postgres import Capture, DeadLetters, Rows, observe_capture, observe_dead_letters, observe_rows, reading
from aegis.cli.observing.reading import store_questions
from aegis.cli.observing.servers import Server, probes
from aegis.cli.observing.side_by_side import Fault, ask_all
from aegis.connect_status import CONNECTOR, Connector, observe_connectors
from aegis.derivations import STORES
from aegis.settings import Settings
from aegis.stores.protocol import Count, Store

DEADLINE_SECONDS = 10.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Relational:
    """PostgreSQL's part of the picture, read in one session."""

    rows: dict[str, Rows]
    dead_letters: DeadLetters
    capture: Capture | None
    cold_path: ColdPath


@dataclass(frozen=True, slots=True)
class Picture:
    """What each part said; a `Fault` where it did not."""

    servers: dict[str, Server | Fault]
    connectors: tuple[Connector, ...] | Fault
    groups: dict[str, Group] | Fault
    relational: Relational | Fault
    counts: dict[str, dict[str, Count] | Fault]
    """Store → table → count."""


def take_picture(settings: Settings, seconds: float = DEADLINE_SECONDS) -> Picture:
    """Ask every server whether it is there, then all that are for what they hold; each round waits no longer than `seconds`."""
    counting = store_questions(STORES, settings, _counts, seconds)
    servers = ask_all(probes(settings), seconds)
    questions: dict[str, tuple[str, Callable[[], Any]]] = {name: (name, count) for name, count in counting.items()}
    questions |= {
        "connectors": ("connect", partial(observe_connectors, settings.connect_url)),
        "groups": ("kafka", lambda: Groups(settings.kafka_bootstrap_servers).observe()),
        "relational": ("postgresql", partial(_relational, settings.postgres_reader_dsn.get_secret_value())),
    }
    down = {server for server, answer in servers.items() if isinstance(answer, Fault)}
    answers: dict[str, Any] = {name: Fault(f"{server} is down") for name, (server, _) in questions.items() if server in down}
    answers |= ask_all({name: question for name, (server, question) in questions.items() if server not in down}, seconds)
    return Picture(servers, answers["connectors"], answers["groups"], answers["relational"], {name: answers[name] for name in STORES})


def _counts(store: Store) -> dict[str, Count]:
    return {table: store.count(table) for table in sorted(store.tables)}


def _relational(dsn: str) -> Relational:
    with reading(dsn) as reader:
        return Relational(observe_rows(reader), observe_dead_letters(reader), observe_capture(reader), observe_cold_path(reader))


def problems(picture: Picture) -> list[str]:
    """Why the pipeline is not healthy, one line each; empty where it is. Lag alone is no problem: it may just be busy."""
    found = [f"{name} is down: {answer.reason}" for name, answer in picture.servers.items() if isinstance(answer, Fault)]
    down = {name for name, answer in picture.servers.items() if isinstance(answer, Fault)}
    found += _connector_problems(picture.connectors) if "connect" not in down else []
    found += _group_problems(picture.groups, paused(picture)) if "kafka" not in down else []
    found += _relational_problems(picture.relational) if "postgresql" not in down else []
    found += [f"{store} cannot be counted: {answer.reason}" for store, answer in picture.counts.items() if isinstance(answer, Fault) and store not in down]
    return found


def _connector_problems(connectors: tuple[Connector, ...] | Fault) -> list[str]:
    if isinstance(connectors, Fault):
        return [f"connectors: {connectors.reason}"]
    if CONNECTOR not in {connector.name for connector in connectors}:
        return [f"{CONNECTOR} is not registered: run `make connect`"]
    return [
        f"{connector.name} is {connector.state}, tasks {', '.join(connector.tasks) or 'none'}{f': {connector.reason}' if connector.reason else ''}"
        for connector in connectors
        if not connector.runs
    ]


def paused(picture: Picture) -> frozenset[str]:
    """Apps that the cold path keeps out of their groups for a while."""
    relational = answered(picture.relational)
    return frozenset() if relational is None else frozenset(one.app for one in relational.cold_path.paused)


def _group_problems(groups: dict[str, Group] | Fault, on_leave: frozenset[str]) -> list[str]:
    if isinstance(groups, Fault):
        return [f"consumer groups: {groups.reason}"]
    idle = [group for app, group in groups.items() if group.members == 0 and app not in on_leave]
    return [f"{group.name} has no member: is its stream app running? {group.lag} changes wait" for group in idle]


def _relational_problems(relational: Relational | Fault) -> list[str]:
    if isinstance(relational, Fault):
        return [f"postgresql: {relational.reason}"]
    found = []
    if relational.capture is None or not relational.capture.slot_exists:
        found.append("replication slot aegis_slot is missing: run `make connect`")
    elif not relational.capture.active:
        found.append("replication slot aegis_slot is inactive: nobody reads the WAL; see `aegis connect status`")
    if relational.dead_letters.held:
        found.append(f"{relational.dead_letters.held} keys are held: see `aegis dlq list`")
    if relational.cold_path.freshness is Freshness.MISSING:
        found.append(f"{relational.cold_path.said}: run `aegis reconcile`")
    return found


def answered(answer: T | Fault) -> T | None:
    """The answer, None for a fault."""
    return None if isinstance(answer, Fault) else answer
