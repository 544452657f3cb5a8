"""Every night: collect, then compare PostgreSQL with the four stores, repair them, and end with a comparison that is clean."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from batch import nightly
from batch.notification import notify_failure, notify_timeout

LIMIT = timedelta(hours=4)
RUN = "{{ run_id }}"
WHATEVER_CAME_BEFORE = "all_done"  # a portal that is down must not keep the stores from being compared


@dag(
    dag_id="aegis_data_consistency_check",
    schedule=CronTriggerTimetable("0 3 * * *", timezone="Asia/Seoul"),  # without a start date: with one, a new Airflow would begin with a run at noon
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=LIMIT,
    on_failure_callback=notify_timeout,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": LIMIT,
        "on_failure_callback": notify_failure,
    },
    doc_md=__doc__,
    tags=["aegis", "cold path"],
)
def _consistency_check() -> None:
    extracted = task(task_id="extract_external_data")(nightly.extract_external_data)(RUN)
    staged = task(task_id="validate_and_stage", trigger_rule=WHATEVER_CAME_BEFORE)(nightly.validate_and_stage)(RUN)
    written = task(task_id="sync_postgresql", trigger_rule=WHATEVER_CAME_BEFORE)(nightly.sync_postgresql)(RUN)
    synchronised = [
        task(task_id=f"sync_{store}_data", trigger_rule=WHATEVER_CAME_BEFORE)(nightly.synchronise)(store) for store in ("vector", "graph", "search", "cache")
    ]
    verified = task(task_id="verify_consistency")(nightly.verify_consistency)()
    cleaned = task(task_id="cleanup_orphaned_data")(nightly.cleanup_orphaned_data)(RUN)
    extracted >> staged >> written >> synchronised >> verified >> cleaned


_consistency_check()
