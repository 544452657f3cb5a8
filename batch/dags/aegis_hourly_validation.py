"""Every hour: judge the policies that came in or changed, then measure the quality of every source."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from batch import hourly
from batch.notification import notify_failure, notify_timeout

LIMIT = timedelta(hours=1)


@dag(
    dag_id="aegis_hourly_validation",
    schedule=CronTriggerTimetable("30 * * * *", timezone="Asia/Seoul"),  # between the collections, which begin at full hours
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=LIMIT,
    on_failure_callback=notify_timeout,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5), "execution_timeout": LIMIT, "on_failure_callback": notify_failure},
    doc_md=__doc__,
    tags=["aegis", "cold path"],
)
def _hourly_validation() -> None:
    judged = task(task_id="validate_policies")(hourly.validate_policies)()
    judged >> task(task_id="measure_quality", trigger_rule="all_done")(hourly.measure_quality)()


_hourly_validation()
