"""Full validation and scoring without embedding: rows a second, its parts, memory; and its rules against plain polars with the same expressions.

Aim: at least 2,800 rows/s, which is 20 times the floor of 500,000 an hour; at most 8 GB at a million rows. `AEGIS_BENCH_VALIDATION_ROWS` sets how many.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from time import perf_counter

import polars as pl

from aegis.rows.policy import Policy
from batch.quality.score import score
from batch.validation.checks import rules
from batch.validation.examination import Examination
from batch.validation.filling import filling
from batch.validation.frame import frame
from batch.validation.judgement import Judgement, case, judge
from collectors.draft import Accepted
from collectors.portals import PORTALS
from collectors.validation import validate
from infra.local.portals.generated import bizinfo_row, gov24_row

ROWS = int(os.environ.get("AEGIS_BENCH_VALIDATION_ROWS", "20000"))
DIFFERENT = 4_000
"""So many different records, over and over: making them costs more than judging them."""
BATCH = 100
"""As COLD_PATH_BATCH_SIZE is by default."""
AIM = 2_800
ON = date(2026, 6, 1)
AT = datetime(2026, 6, 1, tzinfo=UTC)


def policies() -> list[Policy]:
    """Rows as the collectors store them, half of each portal."""
    rows = []
    for number in range(DIFFERENT):
        name, raw = ("gov24", gov24_row(number + 1)) if number % 2 else ("bizinfo", bizinfo_row(number + 1))
        outcome = validate(PORTALS[name], raw)
        if isinstance(outcome, Accepted):
            draft = outcome.draft
            values = {"policy_id": draft.policy_id, **draft.model_dump(), "status": "pending_validation", "created_at": AT, "updated_at": AT, "version": number}
            rows.append(Policy.model_construct(**values))
    return rows


def batches(rows: Sequence[Policy], number: int) -> Iterator[list[Policy]]:
    """`number` rows in batches, as the run reads them."""
    endless = (rows[place % len(rows)] for place in range(number))
    while batch := list(islice(endless, BATCH)):
        yield batch


def judged(batch: Sequence[Policy], examination: Examination) -> list[Judgement]:
    """One batch, from rows to judgements."""
    cases = [case(row, {}) for row in batch]
    violations = examination.reasons([each.reading.row for each in cases])
    return [judge(each, violations.get(each.row.policy_id, ()), None, ON) for each in cases]


def timed(rows: Sequence[Policy], number: int, work: Callable[[list[Policy]], object]) -> float:
    """Seconds that `work` takes for all batches."""
    began = perf_counter()
    for batch in batches(rows, number):
        work(batch)
    return perf_counter() - began


def run() -> None:
    """Print rates, ratios and memory."""
    rows, given = policies(), rules(ON)
    examination = Examination(given)
    plain = [rule.holds.fill_null(value=True).alias(rule.name) for rule in given]
    judged(rows[:BATCH], examination)  # the first call makes polars' and pandera's machinery ready
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = timed(rows, ROWS, lambda batch: judged(batch, examination))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"   {ROWS / whole:,.0f} rows/s for reading, rules, references, score and judgement (aim >= {AIM:,})", flush=True)
    part = min(ROWS, 10_000)
    parts = {
        "reading amounts and dates": timed(rows, part, lambda batch: [filling(row) for row in batch]),
        "rules, by pandera": timed(rows, part, examination.reasons),
        "the same rules, plain polars": timed(rows, part, lambda batch: frame(batch).select(plain)),
        "score": timed(rows, part, lambda batch: [score(row, ON) for row in batch]),
    }
    for name, seconds in parts.items():
        print(f"   {name}: {part / seconds:,.0f} rows/s")
    print(f"   rules: ratio {parts['the same rules, plain polars'] / parts['rules, by pandera']:.2f} of plain polars")
    whole_table = pl.concat([frame(batch) for batch in batches(rows, part)])
    began = perf_counter()
    whole_table.select(plain)
    print(f"   for comparison, plain polars over one frame of {part:,} rows that is there already: {part / (perf_counter() - began):,.0f} rows/s")
    print(f"   memory: {after / 1024:.0f} MB at most over {ROWS:,} rows, {before / 1024:.0f} MB before (aim <= 8,192 MB at 1,000,000)")
