"""The DAGs as Airflow reads them, as JSON.

A program, run with warnings as errors: Airflow sets up logging of its own, which has no place in a test's process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.wait import patient

REPOSITORY = Path(__file__).parents[2]

FOLDER = REPOSITORY / "batch" / "dags"


def airflow_environment(home: Path, **variables: str) -> dict[str, str]:
    """For a child process whose Airflow is of this test alone; not measured for coverage, which would slow all of Airflow."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "COV"))}
    own = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    return {**inherited, **own, **variables}


def read_dags(home: Path) -> dict[str, Any]:
    """`{"import_errors": …, "warnings": …, "dags": {dag_id: …}}`. Fails with the program's errors when anything warns."""
    command = [sys.executable, "-W", "error", "-m", "tests.support.dags"]
    done = subprocess.run(command, env=airflow_environment(home), cwd=REPOSITORY, capture_output=True, text=True, timeout=patient(120), check=False)
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return read


def _callbacks(callbacks: Any) -> list[str]:
    found = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    return [f"{each.__module__}.{each.__qualname__}" for each in found if each]


def _task(task: Any) -> dict[str, Any]:
    return {
        "downstream": sorted(task.downstream_task_ids),
        "retries": task.retries,
        "retry_seconds": task.retry_delay.total_seconds(),
        "limit_seconds": task.execution_timeout.total_seconds() if task.execution_timeout else None,
        "rule": str(task.trigger_rule.value),
        "on_failure": _callbacks(task.on_failure_callback),
        "calls": f"{task.python_callable.__module__}.{task.python_callable.__qualname__}",
    }


def _dag(dag: Any) -> dict[str, Any]:
    return {
        "schedule": {"expression": dag.timetable.expression, "timezone": str(dag.timetable.timezone)} if dag.schedule else None,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "limit_seconds": dag.dagrun_timeout.total_seconds(),
        "on_failure": _callbacks(dag.on_failure_callback),
        "params": {name: dag.params.get_param(name).schema | {"default": dag.params[name]} for name in dag.params},
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


def main() -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(FOLDER)
    warned = [str(warning) for found in bag.captured_warnings.values() for warning in found]
    heavy = sorted({"aegis.settings", "confluent_kafka", "pymilvus", "neo4j", "elasticsearch", "onnxruntime", "faust"} & set(sys.modules))
    errors = {str(path): error for path, error in bag.import_errors.items()}
    said = {"import_errors": errors, "warnings": warned, "heavy": heavy, "dags": {name: _dag(dag) for name, dag in bag.dags.items()}}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
