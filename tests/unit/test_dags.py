"""Airflow's DAGs: they import without a word, and are wired as the design says."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.support.dags import FOLDER, read_dags

NIGHTLY = "aegis_data_consistency_check"
SYNCHRONISED = ["sync_cache_data", "sync_graph_data", "sync_search_data", "sync_vector_data"]
HOUR = 3600.0
ALLOWED_IMPORTS = {"__future__", "datetime", "typing", "airflow.sdk", "batch", "batch.notification"}
FILES = sorted(path for path in FOLDER.glob("*.py") if path.name != "__init__.py")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dags(tmp_path_factory.mktemp("airflow"))


@pytest.fixture
def nightly(read: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = read["dags"][NIGHTLY]
    return found


def test_the_dags_import_without_errors_or_warnings(read: dict[str, Any]) -> None:
    assert (read["import_errors"], read["warnings"]) == ({}, [])
    assert set(read["dags"]) == {NIGHTLY, "aegis_replay", "aegis_rebuild", "aegis_collection", "aegis_hourly_validation"}


def test_reading_the_dags_loads_no_driver(read: dict[str, Any]) -> None:
    assert read["heavy"] == []


def test_the_nightly_run_has_exactly_its_tasks_in_their_order(nightly: dict[str, Any]) -> None:
    assert {name: task["downstream"] for name, task in nightly["tasks"].items()} == {
        "extract_external_data": ["validate_and_stage"],
        "validate_and_stage": ["sync_postgresql"],
        "sync_postgresql": SYNCHRONISED,
        **{name: ["verify_consistency"] for name in SYNCHRONISED},
        "verify_consistency": ["cleanup_orphaned_data"],
        "cleanup_orphaned_data": [],
    }


def test_it_starts_at_three_in_the_morning_in_korea_one_run_at_a_time_and_skips_missed_nights(nightly: dict[str, Any]) -> None:
    assert (nightly["schedule"]["expression"], nightly["schedule"]["timezone"]) == ("0 3 * * *", "Asia/Seoul")
    assert (nightly["max_active_runs"], nightly["catchup"], nightly["limit_seconds"]) == (1, False, 4 * HOUR)


def test_sources_that_are_due_are_collected_every_ten_minutes_and_never_side_by_side(read: dict[str, Any]) -> None:
    dag = read["dags"]["aegis_collection"]
    assert (dag["schedule"]["expression"], dag["max_active_runs"], dag["catchup"], list(dag["tasks"])) == ("*/10 * * * *", 1, False, ["collect_due_sources"])


def test_every_task_is_tried_again_three_times_after_five_minutes(nightly: dict[str, Any]) -> None:
    assert {(task["retries"], task["retry_seconds"], task["limit_seconds"]) for task in nightly["tasks"].values()} == {(3, 300.0, 4 * HOUR)}


def test_a_portal_that_is_down_does_not_keep_the_stores_from_being_compared(nightly: dict[str, Any]) -> None:
    tasks = nightly["tasks"]
    assert {tasks[name]["rule"] for name in ("validate_and_stage", "sync_postgresql", *SYNCHRONISED)} == {"all_done"}
    assert {tasks[name]["rule"] for name in ("verify_consistency", "cleanup_orphaned_data")} == {"all_success"}


def test_every_failure_is_told_by_the_same_function(read: dict[str, Any]) -> None:
    for dag in read["dags"].values():
        assert {tuple(task["on_failure"]) for task in dag["tasks"].values()} == {("batch.notification.notify_failure",)}
        assert dag["on_failure"] == ["batch.notification.notify_timeout"]


@pytest.mark.parametrize(("dag_id", "params"), [("aegis_replay", {"store", "origin", "table", "dry_run"}), ("aegis_rebuild", {"store", "table", "dry_run"})])
def test_runs_by_hand_have_no_schedule_and_change_nothing_unless_told(read: dict[str, Any], dag_id: str, params: set[str]) -> None:
    dag = read["dags"][dag_id]
    assert (dag["schedule"], dag["catchup"], dag["max_active_runs"]) == (None, False, 1)
    assert set(dag["params"]) == params
    assert dag["params"]["dry_run"]["default"] is True
    assert dag["params"]["store"]["enum"] == ["vector", "graph", "search", "cache"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_dag_files_hold_wiring_only(path: Path) -> None:
    """No work of their own: imports of Airflow and of the functions that the tasks call, and functions that only connect them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= ALLOWED_IMPORTS
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While | ast.If | ast.Try | ast.With | ast.Lambda)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert max(len(function.body) for function in functions) <= 8


def test_each_nightly_task_calls_one_function_of_the_package(nightly: dict[str, Any]) -> None:
    called = {name: task["calls"] for name, task in nightly["tasks"].items()}
    assert {name: call for name, call in called.items() if name not in SYNCHRONISED} == {
        name: f"batch.nightly.{name}" for name in called if name not in SYNCHRONISED
    }
    assert {called[name] for name in SYNCHRONISED} == {"batch.nightly.synchronise"}


def test_policies_are_judged_every_hour_one_run_at_a_time(read: dict[str, Any]) -> None:
    dag = read["dags"]["aegis_hourly_validation"]
    assert (dag["schedule"]["expression"], dag["schedule"]["timezone"]) == ("30 * * * *", "Asia/Seoul")
    assert (dag["max_active_runs"], dag["catchup"], dag["limit_seconds"]) == (1, False, HOUR)
    assert {name: (task["calls"], task["downstream"]) for name, task in dag["tasks"].items()} == {
        "validate_policies": ("batch.hourly.validate_policies", ["measure_quality"]),
        "measure_quality": ("batch.hourly.measure_quality", []),
    }


def test_a_policy_that_cannot_be_judged_does_not_keep_the_quality_from_being_measured(read: dict[str, Any]) -> None:
    assert read["dags"]["aegis_hourly_validation"]["tasks"]["measure_quality"]["rule"] == "all_done"
