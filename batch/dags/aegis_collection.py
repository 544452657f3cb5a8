"""Every ten minutes: collect the sources that are due. When each is due, `aegis collect schedule` says."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from batch import collection
from batch.notification import notify_failure, notify_timeout

LIMIT = timedelta(hours=3)


@dag(
    dag_id="aegis_collection",
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="Asia/Seoul"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=LIMIT,
    on_failure_callback=notify_timeout,
    default_args={"retries": 0, "execution_timeout": LIMIT, "on_failure_callback": notify_failure},  # a source that failed is due again by its own rhythm
    doc_md=__doc__,
    tags=["aegis", "collection"],
)
def _collection() -> None:
    task(task_id="collect_due_sources")(collection.collect_due_sources)()


_collection()
