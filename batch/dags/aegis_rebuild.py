"""By hand: fill one derived store anew from PostgreSQL, then compare it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from batch import manual
from batch.notification import notify_failure, notify_timeout


@dag(
    dag_id="aegis_rebuild",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    on_failure_callback=notify_timeout,
    default_args={"retries": 0, "on_failure_callback": notify_failure},
    params={
        "store": Param(
            "search", enum=["vector", "graph", "search", "cache"], description="The store that is filled anew; readers of the others notice nothing."
        ),
        "table": Param(None, type=["null", "string"], enum=[None, "policies", "users", "business_rules"], description="One captured table alone."),
        "dry_run": Param(True, type="boolean", title="dry run", description="Say what would be done, and change nothing."),
    },
    doc_md=__doc__,
    tags=["aegis", "cold path"],
)
def _rebuild() -> None:
    @task(task_id="rebuild")
    def rebuild(params: dict[str, Any] | None = None) -> manual.Report:
        return manual.rebuild(**params or {})

    rebuild()


_rebuild()
