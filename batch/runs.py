"""A run of the cold path: recorded in `ops.runs`, alone under its lock, and never half-believed.

The lock is an advisory lock of the session that also writes the run's end: a process that dies loses it with its session, and a session that is lost cannot
record a verdict. What an earlier process left as `running` is marked abandoned by the next run that gets the lock.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from threading import Event
from time import monotonic
from typing import Any

import psycopg
import structlog
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aegis.errors import AegisError, Code
from aegis.queries import queries
from batch.progress import Progress

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.5
RECONCILE_LOCK = "reconcile"
"""Of everything that compares and repairs."""


class Verdict(StrEnum):
    """How a run ended."""

    CLEAN = "clean"
    REPAIRED = "repaired"
    """There was drift; a second comparison was clean."""
    DRIFT_LEFT = "drift_left"
    FAILED = "failed"


EXIT_CODES = {Verdict.CLEAN: 0, Verdict.FAILED: 1, Verdict.REPAIRED: 3, Verdict.DRIFT_LEFT: 4}
"""Verdict → exit code of the commands (2 is click's, for wrong usage)."""


class RunInProgress(AegisError):
    """Another run has the lock."""


@dataclass(slots=True)
class Run:
    """A run that has its lock. `connection` is the session that holds it: the operator's, in autocommit, rows as dicts."""

    run_id: str
    kind: str
    connection: psycopg.Connection[dict[str, Any]]
    abandoned: tuple[str, ...] = ()
    """Earlier runs that had died."""
    summary: dict[str, Any] = field(default_factory=dict)
    """What is recorded at the end, whatever the end."""
    verdict: Verdict | None = None
    """To be set before the end of the block; without one the run counts as failed."""
    message: str | None = None

    def enter(self, phase: str) -> None:
        """Say what the run does now."""
        self.connection.execute(queries("runs")["phase"], {"run_id": self.run_id, "phase": phase})


def enter(run: Run, progress: Progress, phase: str) -> None:
    """Tell the record and whoever watches."""
    run.enter(phase)
    progress.phase(phase)


@contextmanager
def open_run(dsn: str, kind: str, options: Mapping[str, Any], *, lock: str, wait_seconds: float = 0.0) -> Iterator[Run]:
    """A run of `kind` (as in `ops.runs`), alone under `lock`. Raises `RunInProgress` where another has it for longer than `wait_seconds`, and psycopg.Error.

    Recorded as failed where the block raises, with the error's text.
    """
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS, row_factory=dict_row, application_name=f"aegis {kind}") as connection:
        _take(connection, lock, wait_seconds)
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        abandoned = tuple(row["run_id"] for row in connection.execute(queries("runs")["abandon"], {"lock": lock, "run_id": run_id}))
        begun = {"run_id": run_id, "kind": kind, "lock": lock, "actor": getuser(), "options": Jsonb(dict(options))}
        connection.execute(queries("runs")["begin"], begun)
        run = Run(run_id, kind, connection, abandoned)
        try:
            yield run
        except BaseException as error:
            _end(run, "fail", Verdict.FAILED, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
            raise
        _end(run, "finish" if run.verdict else "fail", run.verdict or Verdict.FAILED, run.message)


def _take(connection: psycopg.Connection[dict[str, Any]], lock: str, wait_seconds: float) -> None:
    deadline, pause = monotonic() + wait_seconds, Event()
    while True:
        row = connection.execute(queries("runs")["try_lock"], {"lock": lock}).fetchone()
        if row is not None and row["taken"]:
            return
        if monotonic() >= deadline:
            break
        pause.wait(PAUSE_SECONDS)
    other = connection.execute(queries("runs")["running"], {"lock": lock}).fetchone()
    who = f"{other['kind']} {other['run_id']} by {other['actor']} since {other['started_at']:%H:%M:%S}, in phase {other['phase']}" if other else "another run"
    raise RunInProgress(
        Code.BATCH_ERROR,
        f"{who} is in progress, and two at once would repair each other's findings; wait for it (`--wait SECONDS`, where a command has it), or stop it",
    )


def _end(run: Run, how: str, verdict: Verdict, message: str | None) -> None:
    values = {"run_id": run.run_id, "verdict": verdict.value, "summary": Jsonb(run.summary), "message": message}
    try:
        run.connection.execute(queries("runs")[how], values)
    except psycopg.Error:
        if how == "finish":
            raise
        log.exception("run.end_not_recorded", run_id=run.run_id)  # the next run marks it abandoned; the first error is the one to see
