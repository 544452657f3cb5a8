"""Runs `aegis reconcile` as an operator does, and reads what the run recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.support.servers import REPOSITORY
from tests.support.wait import patient

AEGIS = Path(sys.executable).with_name("aegis")
CLEAN, FAILED, REPAIRED, DRIFT_LEFT = 0, 1, 3, 4
"""Exit codes."""
MOST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """How a reconciliation ended."""

    exit_code: int
    report: dict[str, Any]

    @property
    def run_id(self) -> str:
        return str(self.report["run_id"])

    def __str__(self) -> str:
        """For a failing assertion: what is left, without thousands of lines."""
        found = [f"{one['store']} {one['table']} {one['key']}: {one['class']} ({one['detail']})" for one in self.report["left"][:20]]
        return f"exit code {self.exit_code}, {self.report['message']}; left: {found}"


def started(*options: str) -> subprocess.Popen[bytes]:
    """`aegis reconcile` under way."""
    return subprocess.Popen([AEGIS, "reconcile", "--json", *options], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def reconciled(*options: str) -> Run:
    """`aegis reconcile`, to its end. Raises AssertionError with what it said where it failed."""
    process = started("--wait", "120", *options)
    try:
        output, complaint = process.communicate(timeout=patient(MOST_SECONDS))
    finally:
        process.kill()
        process.wait(10)
    assert process.returncode in {CLEAN, REPAIRED, DRIFT_LEFT}, complaint.decode()[-3000:]
    return Run(process.returncode, json.loads(output))


def findings(dsn: str, run_id: str, number: int = 1) -> list[dict[str, Any]]:
    """What the comparison `number` of a run found: store, table, key, class, detail, repair and published."""
    query = (
        'SELECT store, table_name AS "table", key, class, detail, repair, published_at IS NOT NULL AS published FROM ops.findings '
        "WHERE run_id = %s AND round = %s"
    )
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(query, (run_id, number)).fetchall()


def audited(dsn: str, run_id: str) -> set[tuple[str, str, str]]:
    """Store, table and key of everything that a run repaired."""
    with psycopg.connect(dsn) as connection:
        return set(connection.execute("SELECT store, table_name, key FROM audit_logs WHERE run_id = %s AND action = 'repair'", (run_id,)).fetchall())
