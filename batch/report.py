"""Reports of a reconciliation: JSON for machines, Markdown for people. Keys and classes, never contents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from batch.finding import DriftClass
from batch.findings import Findings
from batch.request import Result
from batch.runs import Verdict

if TYPE_CHECKING:
    from batch.reconcile import Reconciliation

FINDINGS_SHOWN = 10_000
"""Findings that a report names; `ops.findings` has them all."""
FINDINGS_IN_MARKDOWN = 200

MEANING = {
    Verdict.CLEAN: "PostgreSQL and the stores are equal.",
    Verdict.REPAIRED: "There was drift; it was repaired, and a second comparison is clean.",
    Verdict.DRIFT_LEFT: "There is drift.",
    Verdict.FAILED: "The run failed: nothing is known.",
}


def summary_of(work: Reconciliation) -> dict[str, Any]:
    """Counts and durations, as `ops.runs` keeps them."""
    rounds = [
        {
            "round": number,
            "pairs": [
                {
                    "store": pair.store,
                    "table": pair.table,
                    "rows": looked.rows,
                    "records": looked.records,
                    "buckets_listed": looked.buckets_listed,
                    "contents_compared": looked.contents,
                    "vectors_compared": looked.vectors,
                    "suspects": looked.suspects,
                    "found": {kind.value: found for (of, kind), found in counts.items() if of == pair},
                }
                for pair, looked in sweep.looked.items()
            ],
        }
        for number, (sweep, counts) in enumerate(zip(work.sweeps, [*work.counts, *[{}] * len(work.sweeps)], strict=False), 1)
    ]
    return {
        "rounds": rounds,
        "repairs_published": work.published,
        "repairs_overtaken": len(work.repairer.skipped),
        "sequence_moved_to": work.sequence_moved_to,
        "seconds": {phase: round(seconds, 3) for phase, seconds in work.seconds.items()},
    }


def total(summary: Mapping[str, Any], number: int) -> dict[str, int]:
    """Class → findings of one round, over all pairs."""
    found: dict[str, int] = {}
    for one in summary["rounds"]:
        if one["round"] == number:
            for pair in one["pairs"]:
                for kind, count in pair["found"].items():
                    found[kind] = found.get(kind, 0) + count
    return found


def document(result: Result, options: Mapping[str, Any], findings: Findings) -> dict[str, Any]:
    """The report as JSON values."""
    rounds = len(result.summary["rounds"])
    return {
        "run_id": result.run_id,
        "verdict": result.verdict.value,
        "meaning": MEANING[result.verdict],
        "message": result.message,
        "request": dict(options),
        **result.summary,
        "findings": findings.first(1, FINDINGS_SHOWN),
        "left": findings.first(rounds, FINDINGS_SHOWN) if result.verdict is Verdict.DRIFT_LEFT and rounds > 1 else [],
    }


def write_reports(folder: Path, result: Result, options: Mapping[str, Any], findings: Findings) -> tuple[Path, ...]:
    """Write both reports into `folder`, each whole or not at all. Returns their paths."""
    values = document(result, options, findings)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {".md": markdown(values).encode(), ".json": orjson.dumps(values, option=orjson.OPT_INDENT_2)}
    written = []
    for suffix, text in texts.items():
        path = folder / f"reconcile-{result.run_id}{suffix}"
        unfinished = path.with_suffix(path.suffix + ".part")
        unfinished.write_bytes(text)
        unfinished.replace(path)
        written.append(path)
    return tuple(written)


def markdown(values: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = [f"# Reconciliation {values['run_id']}: {values['verdict'].replace('_', ' ')}", "", values["meaning"]]
    if values["message"]:
        lines += ["", values["message"]]
    lines += ["", "| store | table | rows | records | contents compared | found |", "|---|---|---:|---:|---:|---|"]
    first = values["rounds"][0] if values["rounds"] else {"pairs": []}
    for pair in first["pairs"]:
        found = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in pair["found"].items()) or "nothing"
        lines.append(f"| {pair['store']} | {pair['table']} | {pair['rows']:,} | {pair['records']:,} | {pair['contents_compared']:,} | {found} |")
    lines += ["", f"Repairs published: {values['repairs_published']:,}; comparisons: {len(values['rounds'])}."]
    if values["sequence_moved_to"]:
        lines.append(f"The version sequence was moved to {values['sequence_moved_to']:,}: a store held stamps beyond it.")
    lines += _listed("Findings", values["findings"]) + _listed("Left", values["left"])
    lines += ["", "Seconds: " + ", ".join(f"{phase} {seconds}" for phase, seconds in values["seconds"].items())]
    return "\n".join(lines) + "\n"


def _listed(title: str, findings: list[dict[str, Any]]) -> list[str]:
    if not findings:
        return []
    lines = ["", f"## {title}", "", "| store | table | key | what | row version | stored stamp | detail |", "|---|---|---|---|---:|---:|---|"]
    for one in findings[:FINDINGS_IN_MARKDOWN]:
        key, detail = (str(one[name]).replace("|", "\\|") for name in ("key", "detail"))
        stamp = "" if one["stored_stamp"] is None else one["stored_stamp"]
        version = "" if one["row_version"] is None else one["row_version"]
        lines.append(f"| {one['store']} | {one['table']} | {key} | {DriftClass(one['class']).value.replace('_', ' ')} | {version} | {stamp} | {detail} |")
    if len(findings) > FINDINGS_IN_MARKDOWN:
        lines.append(f"\n… and {len(findings) - FINDINGS_IN_MARKDOWN} more: the JSON report names {len(findings)}, `ops.findings` all.")
    return lines
