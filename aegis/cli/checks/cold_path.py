"""Whether the stores are proven equal often enough."""

from __future__ import annotations

from aegis.cli.checks.finding import Finding, fail, ok, warn
from aegis.cli.observing.cold_path import ColdPath, Freshness, observe_cold_path
from aegis.cli.observing.postgres import reading
from aegis.settings import Settings

REMEDY = "`aegis reconcile`; does the nightly run aegis_data_consistency_check still come to its end? See `SELECT * FROM ops.runs ORDER BY started_at DESC`"


def check_cold_path(settings: Settings) -> list[Finding]:
    """The age of the last clean comparison, runs in progress, pauses. Raises psycopg.Error where PostgreSQL does not answer."""
    with reading(settings.postgres_reader_dsn.get_secret_value()) as reader:
        return cold_path_findings(observe_cold_path(reader))


def cold_path_findings(cold: ColdPath) -> list[Finding]:
    """Late is a warning, two nights without a clean end a failure."""
    level = {Freshness.FRESH: None, Freshness.LATE: warn, Freshness.MISSING: fail}[cold.freshness]
    findings = [ok("comparison", cold.said) if level is None else level("comparison", cold.said, REMEDY)]
    if cold.last is not None and cold.last.verdict not in {"clean", "repaired"}:
        detail = f"{cold.last.run_id} ended {cold.last.verdict or cold.last.state}"
        findings.append(warn("last comparison", detail, "its message stands in ops.runs, its findings in ops.findings; mend the cause, then `aegis reconcile`"))
    findings += [
        warn("run", f"{run.kind} {run.run_id} died in phase {run.phase}", "run it again: the next run marks this one abandoned")
        for run in cold.running
        if not run.alive
    ]
    findings += [
        warn("paused app", f"{one.app} until {one.until:%H:%M:%S}: {one.reason}", "it comes back by itself when the lease ends") for one in cold.paused
    ]
    return findings
