"""Commands of the cold path as processes of their own, and what is recorded of their runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from aegis.settings import Settings
from tests.support.wait import patient, until

AEGIS = Path(sys.executable).with_name("aegis")
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. `said`: its JSON."""

    exit_code: int
    said: dict[str, Any]
    complaint: str


def aegis(*arguments: str) -> Ended:
    """Run `aegis` with `--json` to its end."""
    done = subprocess.run([str(AEGIS), *arguments, "--json"], capture_output=True, text=True, timeout=patient(SECONDS), check=False)
    return Ended(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`aegis`, running; killed at the end of the block if it still is."""
    process = subprocess.Popen([str(AEGIS), *arguments, "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def last_run(settings: Settings, lock: str) -> dict[str, Any]:
    """The newest run under `lock`; empty where there is none."""
    with psycopg.connect(settings.postgres_reader_dsn.get_secret_value(), row_factory=dict_row) as connection:
        return connection.execute("SELECT * FROM ops.runs WHERE lock = %s ORDER BY started_at DESC LIMIT 1", (lock,)).fetchone() or {}


def killed_in(settings: Settings, phase: str, lock: str, *arguments: str) -> str:
    """Start a command, kill -9 it when it has entered `phase`; the run's id."""
    before = last_run(settings, lock).get("run_id")
    with running(*arguments) as process:

        def entered() -> bool:
            assert process.poll() is None, f"it ended with {process.returncode} before it entered {phase}"
            run = last_run(settings, lock)
            return run.get("run_id") != before and run.get("phase") == phase

        until(entered, 120, f"the phase {phase}", interval=0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    run = last_run(settings, lock)
    assert run["state"] == "running", f"it ended by itself: {run['state']} in {run['phase']}"
    return str(run["run_id"])


def findings(settings: Settings, run_id: str, prefix: str) -> dict[str, str]:
    """Key → class of what a comparison found of rows whose keys begin with `prefix`."""
    with psycopg.connect(settings.postgres_reader_dsn.get_secret_value()) as connection:
        return dict(connection.execute("SELECT key, class FROM ops.findings WHERE run_id = %s AND starts_with(key, %s)", (run_id, prefix)).fetchall())


def state_of(settings: Settings, run_id: str) -> str:
    """running, finished, failed or abandoned."""
    with psycopg.connect(settings.postgres_reader_dsn.get_secret_value()) as connection:
        [[state]] = connection.execute("SELECT state FROM ops.runs WHERE run_id = %s", (run_id,)).fetchall()
    return str(state)
