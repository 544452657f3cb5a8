"""The hourly run: what the command line offers, and a small report, which Airflow keeps and shows."""

from __future__ import annotations

from typing import Any

from aegis.errors import AegisError, Code
from batch.command import aegis

Report = dict[str, Any]

CLEAN, SOME_LEFT = 0, 4
"""Exit codes of `aegis validate`."""


def validate_policies() -> Report:
    """Judge every policy that is due. AegisError says which could not be judged; rules that were skipped stand in the report."""
    answer = aegis("validate", "--json")
    if answer.exit_code == CLEAN and isinstance(answer.said, dict):
        return answer.said
    if answer.exit_code == SOME_LEFT and isinstance(answer.said, dict):
        refused = ", ".join(answer.said["refused"][:10])
        raise AegisError(Code.VALIDATION_FAILED, f"{answer.said['unreadable']} rows cannot be read, judgements were refused of: {refused or 'none'}")
    raise AegisError(Code.COLD_PATH_FAILED, f"aegis validate ended with {answer.exit_code}: {answer.complaint}")


def measure_quality() -> Report:
    """Measure the quality of every source, and write the report. AegisError where that failed; anomalies and early warnings stand in the report."""
    answer = aegis("quality", "run", "--json")
    if answer.exit_code != CLEAN or not isinstance(answer.said, dict):
        raise AegisError(Code.COLD_PATH_FAILED, f"aegis quality run ended with {answer.exit_code}: {answer.complaint}")
    scores = {each["source"]: each["profile"]["score"] for each in answer.said["sources"]}
    return {**{name: answer.said[name] for name in ("on", "anomalies", "warnings", "report")}, "scores": scores}
