"""The stream apps and the task watcher, as supervised programs."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

from infra.local.program import Program
from infra.local.servers import Installation

STREAM_APPS = ("milvus", "neo4j", "elasticsearch", "redis", "dead-letters", "receipts", "subscriptions")
WATCHER = "connect-watch"
MOST_WORKERS = 8
"""Most workers of one app: the metrics ports of the next app begin so many further on."""


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _offers(checkout: Path, *command: str) -> bool:
    program = checkout / ".venv" / "bin" / "aegis"
    result = subprocess.run([str(program), *command, "--help"], capture_output=True, cwd=checkout, check=False)
    return result.returncode == 0


def app_commands(checkout: Path) -> list[tuple[str, ...]]:
    """What must have run before the apps start."""
    wanted = [("migrate",), ("topics", "create")]
    return [command for command in wanted if _exists("aegis.cli.main") and _offers(checkout, *command)]


def _app(installed: Installation, name: str, command: tuple[str, ...], metrics_port: int) -> Program:
    folders = installed.folders
    environment = {"AEGIS_ENV_FILE": str(folders.environment_file), "AEGIS_METRICS_PORT": str(metrics_port), "PYTHONUNBUFFERED": "1"}
    return Program(name, command, str(folders.checkout), environment, ports={"metrics": metrics_port}, metrics_port=metrics_port)


def guard(installed: Installation, workers: int, *, with_airflow: bool) -> Program:
    """Brings the supervisor back when it was killed, with what ran under it."""
    checkout = installed.folders.checkout
    command = (str(checkout / ".venv" / "bin" / "python"), "-m", "infra.local.guard", str(installed.folders.logs / "recovery.log"))
    options = ("--workers", str(workers), *(("--airflow",) if with_airflow else ()))
    return Program("guard", (*command, *options), str(checkout), start_seconds=1)


def apps(installed: Installation, workers: int) -> tuple[Program, ...]:
    """Every app, `workers` processes of each stream app (they form one consumer group) and one watcher."""
    checkout = installed.folders.checkout
    programs = checkout / ".venv" / "bin"
    python = str(programs / "python")
    base = installed.ports.metrics
    found: list[Program] = []
    if _exists("stream_apps.__main__"):
        for number, store in enumerate(STREAM_APPS):
            first = base + number * MOST_WORKERS
            found += [_app(installed, f"app-{store}-{worker}", (python, "-m", "stream_apps", store), first + worker) for worker in range(workers)]
    if _exists("aegis.cli.main") and _offers(checkout, "connect", "watch"):
        command = (str(programs / "aegis"), "connect", "watch")
        found.append(_app(installed, WATCHER, command, base + len(STREAM_APPS) * MOST_WORKERS))
    return tuple(found)
