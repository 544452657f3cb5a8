"""The steps of the nightly run. Each runs what the command line offers and returns a small report, which Airflow keeps and shows."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import Any

import structlog

from aegis.errors import AegisError, Code
from batch.command import Answer, aegis
from batch.folders import report_folder, run_folder

Report = dict[str, Any]

WAITING = ("--wait", "3600")
"""Seconds, for another run of the cold path: they exclude each other, and the four stores are synchronised side by side."""
KEPT_RUNS = 7
CLEAN, REPAIRED, DRIFT_LEFT = 0, 3, 4
"""Exit codes of `aegis reconcile`."""

log = structlog.get_logger(__name__)


def extract_external_data(run: str) -> Report:
    """Fetch the listing of every source that `aegis collect run --all` takes. One that fails holds up no other; AegisError then names it, and the next attempt
    asks it alone.
    """
    folder = str(run_folder(run))
    sources = _done(aegis("collect", "sources", "--json"), "aegis collect sources").said
    skipped = [row["source"] for row in sources if row["key"] is False]
    if skipped:
        log.warning("extract.skipped", sources=skipped, remedy="set <SOURCE>_API_KEY to collect them")
    answer = aegis("collect", "fetch", "--all", "--into", folder, "--json")
    if answer.exit_code:
        raise AegisError(Code.SOURCE_UNAVAILABLE, "; ".join(answer.complaint.splitlines()))
    return {"folder": folder, "fetched": answer.said, "skipped_without_key": skipped}


def validate_and_stage(run: str) -> Report:
    """Map and validate what was fetched."""
    folder = str(run_folder(run))
    return {"folder": folder, "staged": _done(aegis("collect", "stage", folder, "--json"), "aegis collect stage").said}


def sync_postgresql(run: str) -> Report:
    """Write what was staged: new and changed records are stored, vanished ones archived. `stood_in`: source that is down → what stood in for it, and why.

    A source that was collected while the night fetched it is passed over: what it has is newer.
    """
    folder = str(run_folder(run))
    written = _done(aegis("collect", "write", folder, "--skip-outdated", "--json"), "aegis collect write").said
    stood_in = {source: said["instead"] for source, said in written.items() if said["instead"]}
    if stood_in:
        log.warning("extract.stood_in", **stood_in)
    return {"folder": folder, "written": written, "stood_in": stood_in}


def synchronise(store: str) -> Report:
    """Compare one store with PostgreSQL and repair it. Drift that was repaired is a success; AegisError says what was left."""
    answer = aegis("reconcile", "--store", store, *WAITING, "--json")
    if answer.exit_code in {CLEAN, REPAIRED}:
        return _report(answer)
    if answer.exit_code == DRIFT_LEFT:
        raise AegisError(Code.CONSISTENCY_CHECK_FAILED, f"{store} still differs from PostgreSQL: {_told(answer)}")
    raise AegisError(Code.COLD_PATH_FAILED, f"{store} could not be compared: {_told(answer)}")


def verify_consistency() -> Report:
    """Compare everything once more, and change nothing. AegisError where anything differs."""
    answer = aegis("reconcile", "--dry-run", *WAITING, "--json")
    if answer.exit_code == CLEAN:
        return _report(answer)
    if answer.exit_code == DRIFT_LEFT:
        raise AegisError(Code.CONSISTENCY_CHECK_FAILED, f"derived stores differ from PostgreSQL: {_told(answer)}")
    raise AegisError(Code.COLD_PATH_FAILED, f"the stores could not be compared: {_told(answer)}")


def cleanup_orphaned_data(run: str) -> Report:
    """Purge tombstones that no log can contradict any more, and remove what old runs fetched. What dangles in the graph, the comparison has repaired."""
    purged = _done(aegis("purge", *WAITING, "--json"), "aegis purge").said
    kept = sorted(run_folder(run).parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in kept[KEPT_RUNS:]:
        shutil.rmtree(folder)
    return {"purged": purged, "removed_runs": len(kept[KEPT_RUNS:])}


def _done(answer: Answer, command: str) -> Answer:
    if answer.exit_code:
        raise AegisError(Code.BATCH_ERROR, f"{command} ended with {answer.exit_code}: {answer.complaint}")
    return answer


def _report(answer: Answer) -> Report:
    said = answer.said
    first = said["rounds"][0]["pairs"] if said["rounds"] else []
    return {
        "run_id": said["run_id"],
        "verdict": said["verdict"],
        "rows": sum(pair["rows"] for pair in first),
        "records": sum(pair["records"] for pair in first),
        "found": dict(sum((Counter(pair["found"]) for pair in first), Counter())),
        "repaired": said["repairs_published"],
        "report": _path(said),
    }


def _told(answer: Answer) -> str:
    """What a person needs to go on: the message, and where the report is."""
    if not isinstance(answer.said, dict):
        return answer.complaint
    found = _report(answer)["found"]
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in found.items())
    return "; ".join(part for part in (counts, answer.said["message"], f"report: {_path(answer.said)}") if part)


def _path(said: Report) -> str:
    return str(report_folder() / f"reconcile-{said['run_id']}.md")
