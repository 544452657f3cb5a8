"""The task of the collection's schedule in Airflow."""

from __future__ import annotations

from aegis.errors import AegisError, Code
from batch.command import aegis


def collect_due_sources() -> str:
    """Collect every source that is due; what the command said. AegisError names those that failed; the others are collected all the same."""
    answer = aegis("collect", "due")
    if answer.exit_code:
        raise AegisError(Code.SOURCE_UNAVAILABLE, answer.complaint or answer.text)
    return answer.text
