"""State of the connectors, as Kafka Connect tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE_SECONDS = 4.0
RUNNING = "RUNNING"
PREFIX = "aegis-"
CONNECTOR = "aegis-postgres-connector"


@dataclass(frozen=True, slots=True)
class Connector:
    """State of a connector and of its tasks, in Connect's words; `reason` why one failed, in one line."""

    name: str
    state: str
    tasks: tuple[str, ...]
    reason: str = ""

    @property
    def runs(self) -> bool:
        """Whether it and all its tasks run; a connector without tasks does not."""
        return self.state == RUNNING and bool(self.tasks) and set(self.tasks) == {RUNNING}


def observe_connectors(url: str) -> tuple[Connector, ...]:
    """Every registered connector of Aegis; others may share the cluster. Raises httpx.HTTPError where Connect does not answer."""
    answer = httpx.get(f"{url.rstrip('/')}/connectors", params={"expand": "status"}, timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    return tuple(_connector(name, found["status"]) for name, found in sorted(answer.json().items()) if name.startswith(PREFIX))


def stored_lsn(url: str, name: str = CONNECTOR) -> int | None:
    """The LSN up to which Debezium's changes are acknowledged by Kafka; None where nothing is stored yet."""
    return max((int(offset["lsn"]) for offset in stored_offsets(url, name) if offset.get("lsn") is not None), default=None)


def snapshot_pending(url: str, name: str = CONNECTOR) -> bool:
    """Whether a snapshot, the first one or an incremental one, is not yet complete."""
    return any(in_snapshot(offset) for offset in stored_offsets(url, name))


def in_snapshot(offset: Mapping[str, Any]) -> bool:
    """Whether a stored source offset was stored in the middle of a snapshot.

    Source: Debezium's PostgresOffsetContext (`snapshot`, `snapshot_completed`) and its context of incremental snapshots, whose fields are there while one runs.
    """
    first = bool(offset.get("snapshot")) and not offset.get("snapshot_completed")
    return first or any(name.startswith("incremental_snapshot") and value is not None for name, value in offset.items())


def stored_offsets(url: str, name: str = CONNECTOR) -> list[dict[str, Any]]:
    """The source offsets that Connect has stored, as Debezium made them. Raises httpx.HTTPError."""
    answer = httpx.get(f"{url.rstrip('/')}/connectors/{name}/offsets", timeout=PATIENCE_SECONDS)
    answer.raise_for_status()
    return [entry["offset"] for entry in answer.json()["offsets"] if entry.get("offset")]


def _connector(name: str, status: dict[str, Any]) -> Connector:
    parts = [status["connector"], *status["tasks"]]
    traces = [part["trace"] for part in parts if part["state"] == "FAILED" and part.get("trace")]
    return Connector(name, status["connector"]["state"], tuple(task["state"] for task in status["tasks"]), _cause(traces[0]) if traces else "")


def _cause(trace: str) -> str:
    """The innermost cause of a Java stack trace."""
    causes = [line.removeprefix("Caused by: ") for line in trace.splitlines() if line.startswith("Caused by: ")]
    return (causes[-1] if causes else trace.split("\n", maxsplit=1)[0]).strip()[:300]
