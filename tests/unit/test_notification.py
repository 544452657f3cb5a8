"""Failures of scheduled runs are told once, by one function."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aegis.errors import AegisError, Code
from batch.notification import described, failures_file, notify_failure, notify_timeout

DAG = SimpleNamespace(dag_id="aegis_data_consistency_check")
TASK = SimpleNamespace(task_id="verify_consistency", try_number=4, log_url="http://127.0.0.1/log")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_BATCH_FOLDER", str(tmp_path / "batch"))


def told() -> list[dict[str, Any]]:
    return [json.loads(line) for line in failures_file().read_text(encoding="utf-8").splitlines()] if failures_file().exists() else []


def test_a_failed_task_is_told_with_where_and_why() -> None:
    error = AegisError(Code.CONSISTENCY_CHECK_FAILED, "저장소가 다릅니다")
    notify_failure({"dag": DAG, "task_instance": TASK, "run_id": "manual__1", "exception": error})
    [failure] = told()
    assert (failure["dag"], failure["task"], failure["run"], failure["attempt"]) == (DAG.dag_id, "verify_consistency", "manual__1", 4)
    assert failure["error"] == "AegisError: DP_3004: 저장소가 다릅니다"
    assert failure["log"] == TASK.log_url


def test_each_failure_is_a_line_of_its_own() -> None:
    for run in ("manual__1", "manual__2"):
        notify_failure({"dag": DAG, "task_instance": TASK, "run_id": run, "exception": "two\nlines"})
    assert [failure["run"] for failure in told()] == ["manual__1", "manual__2"]


def test_a_run_that_took_too_long_is_told_and_names_no_task() -> None:
    notify_timeout({"dag": DAG, "task_instance": TASK, "run_id": "manual__1", "reason": "timed_out"})
    [failure] = told()
    assert (failure["task"], failure["error"]) == (None, "timed_out")


def test_a_run_that_failed_with_a_task_is_not_told_again() -> None:
    notify_timeout({"dag": DAG, "run_id": "manual__1", "reason": "task_failure"})
    assert told() == []


def test_a_context_that_lacks_everything_can_still_be_told() -> None:
    assert described({})["error"] == "no reason given: see the task's log"
