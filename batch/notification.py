"""What is done when a scheduled run fails: one function, whoever calls it. Email and Slack will be told from here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from batch.folders import batch_folder

TIMED_OUT = "timed_out"
"""Airflow's reason where a whole run took too long."""

log = structlog.get_logger(__name__)


def notify_failure(context: Mapping[str, Any]) -> None:
    """Log the failure of a task, or of a run, and add it to the list of failures. `context` is Airflow's; parts of it may be missing."""
    failure = described(context)
    log.error("batch.failed", **failure)
    path = failures_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(failure, ensure_ascii=False) + "\n")  # one write of one line: others may append at the same time


def notify_timeout(context: Mapping[str, Any]) -> None:
    """As a run's callback: its failed tasks have been told of already, so only the end of its time is news."""
    if context.get("reason") == TIMED_OUT:
        notify_failure(context)


def described(context: Mapping[str, Any]) -> dict[str, Any]:
    """What is told: when, which DAG, task, run and attempt, and why. No contents of records."""
    instance, dag = context.get("task_instance"), context.get("dag")
    timed_out = context.get("reason") == TIMED_OUT
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "dag": getattr(dag, "dag_id", None),
        "task": None if timed_out else getattr(instance, "task_id", None),
        "run": context.get("run_id"),
        "attempt": None if timed_out else getattr(instance, "try_number", None),
        "error": _error(context),
        "log": None if timed_out else getattr(instance, "log_url", None),
    }


def failures_file() -> Path:
    """One JSON object a line."""
    return batch_folder() / "failures.jsonl"


def _error(context: Mapping[str, Any]) -> str:
    error = context.get("exception")
    if isinstance(error, BaseException):
        return f"{type(error).__name__}: {error}"
    return str(error or context.get("reason") or "no reason given: see the task's log")
