"""By hand: replay the log into one derived store, then compare it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from batch import manual
from batch.notification import notify_failure, notify_timeout


@dag(
    dag_id="aegis_replay",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    on_failure_callback=notify_timeout,
    default_args={"retries": 0, "on_failure_callback": notify_failure},
    params={
        "store": Param("search", enum=["vector", "graph", "search", "cache"], description="The store that is replayed; the others are not touched."),
        "origin": Param(
            "beginning",
            type="string",
            minLength=1,
            title="from where",
            description="`beginning`; a time (ISO 8601, without a zone in Asia/Seoul), or so long ago: 2h; or, with a table, offsets as PARTITION:OFFSET.",
        ),
        "table": Param(None, type=["null", "string"], enum=[None, "policies", "users", "business_rules"], description="One captured table alone."),
        "dry_run": Param(True, type="boolean", title="dry run", description="Say what would be read, and change nothing."),
    },
    doc_md=__doc__,
    tags=["aegis", "cold path"],
)
def _replay() -> None:
    @task(task_id="replay")
    def replay(params: dict[str, Any] | None = None) -> manual.Report:
        return manual.replay(**params or {})

    replay()


_replay()
