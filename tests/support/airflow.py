"""An Airflow of a test's own: a folder, and a database of the stack's PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from aegis.settings import Settings
from tests.support.dags import REPOSITORY, airflow_environment
from tests.support.database import database, in_database
from tests.support.wait import patient

AIRFLOW = Path(sys.executable).with_name("airflow")
SECONDS = 270


@dataclass(frozen=True, slots=True)
class Airflow:
    """Its command line, and what its database says."""

    environment: dict[str, str]
    dsn: str
    batch_folder: Path

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`airflow` with these arguments, to its end; both of its outputs are in `stdout`. A task that is to be tried again lets it wait until it is killed."""
        process = subprocess.Popen(
            [AIRFLOW, *arguments],
            env={**self.environment, **variables},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=patient(SECONDS))
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, output)

    def states(self) -> dict[str, str]:
        """Task → its state in the newest run."""
        return {row["task_id"]: row["state"] for row in self._rows("SELECT task_id, state FROM task_instance WHERE run_id = " + _NEWEST)}

    def returned(self) -> dict[str, Any]:
        """Task → what it returned in the newest run."""
        rows = self._rows("SELECT task_id, value FROM xcom WHERE key = 'return_value' AND run_id = " + _NEWEST)
        return {row["task_id"]: json.loads(row["value"]) if isinstance(row["value"], str) else row["value"] for row in rows}

    def failures(self) -> list[dict[str, Any]]:
        """What was told of failures."""
        file = self.batch_folder / "failures.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.dsn, row_factory=dict_row) as connection:
            return connection.execute(query.encode()).fetchall()


_NEWEST = "(SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1)"


@contextmanager
def airflow(settings: Settings, folder: Path) -> Iterator[Airflow]:
    """Airflow with an empty database, which is dropped afterwards."""
    owner = settings.postgres_dsn.get_secret_value()
    with database(owner) as name:
        dsn = in_database(owner, name)
        parts = conninfo_to_dict(dsn)
        place = f"{parts['user']}:{parts.get('password', '')}@{parts['host']}:{parts.get('port', 5432)}/{name}"
        environment = airflow_environment(
            folder / "airflow",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"postgresql+psycopg://{place}",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC=f"postgresql+psycopg_async://{place}",
            AEGIS_BATCH_FOLDER=str(folder / "batch"),
        )
        made = Airflow(environment, dsn, folder / "batch")
        migrated = made.run("db", "migrate")
        assert migrated.returncode == 0, migrated.stdout
        yield made
