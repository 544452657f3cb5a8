"""A run of the full validation: batch by batch, from what is due to what was decided.

What each batch decided is committed with it, so a run that dies leaves nothing half done, and the next one goes on with what is still due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from psycopg.rows import dict_row

from aegis.rows.policy import Policy
from aegis.telemetry.traces import current_traceparent, span
from batch.progress import Progress
from batch.runs import CONNECT_TIMEOUT_SECONDS, Run, Verdict, enter, open_run
from batch.validation.business_rule import compiled
from batch.validation.checks import rules as built_in_rules
from batch.validation.examination import Examination
from batch.validation.judgement import Case, Judgement, case, judge, spoken_for
from batch.validation.judgement import Verdict as Duplicate
from batch.validation.ledger import Due, Ledger, Order, Written
from batch.validation.tally import Tally

log = structlog.get_logger(__name__)

LOCK = "validate"
Compare = Callable[[Sequence[Policy]], Mapping[str, Duplicate]]
"""The policies of a batch, as they were read → policy_id → that it is a duplicate, and of which. Runs in the batch's transaction."""
Comparing = Callable[[psycopg.Connection[dict[str, Any]]], Compare]


@dataclass(frozen=True, slots=True)
class Validated:
    """What came of a run."""

    run_id: str
    verdict: Verdict
    tally: Tally


def validate(operator_dsn: str, validator_dsn: str, order: Order, progress: Progress, comparing: Comparing) -> Validated:
    """Judge everything that is due. Raises `RunInProgress`, and psycopg.Error.

    The verdict is clean where every policy could be judged; rules that cannot be read are skipped, and told of.
    """
    with open_run(operator_dsn, "validate", order.options(), lock=LOCK) as run, span("validate"), _session(validator_dsn) as connection:
        tally = Tally()
        ledger = Ledger(connection, run.run_id, current_traceparent())
        try:
            Validation(order, ledger, comparing(connection), tally, progress).go(run)
        finally:
            run.summary = tally.document()
        run.verdict = Verdict.DRIFT_LEFT if tally.unreadable or tally.refused else Verdict.CLEAN
        log.info("validate.ended", run_id=run.run_id, dry_run=order.dry_run, judged=tally.judged, changed=tally.changed, **tally.statuses)
        return Validated(run.run_id, run.verdict, tally)


@dataclass(slots=True)
class Validation:
    """One run under way."""

    order: Order
    ledger: Ledger
    compare: Compare
    tally: Tally
    progress: Progress

    def go(self, run: Run) -> None:
        """Every batch that is due."""
        enter(run, self.progress, "rules")
        found = compiled(self.ledger.rules(), self.order.on)
        self.tally.malformed_rules = [str(each) for each in found.malformed]
        for each in found.malformed:
            log.warning("validate.rule_malformed", rule=each.rule, problems=list(each.problems), remedy="aegis rules check")
        examination = Examination((*built_in_rules(self.order.on), *found.rules))
        enter(run, self.progress, "judge")
        total = self.ledger.due_count(self.order)
        for batch in self._batches():
            self._take(batch, examination)
            self.progress.step("policies", self.tally.judged, max(total, self.tally.judged))

    def _batches(self) -> Iterator[tuple[Due, ...]]:
        after: str | None = ""
        left = self.order.limit
        while after is not None and left != 0:
            size = self.order.batch_size if left is None else min(self.order.batch_size, left)
            batch = self.ledger.due(self.order, after, size)
            self.tally.unreadable += batch.unreadable
            left = None if left is None else left - len(batch.due) - batch.unreadable
            after = batch.last
            yield batch.due

    def _take(self, batch: tuple[Due, ...], examination: Examination) -> None:
        """Judge a batch, and with it the policies that it turned out to speak for, or to speak for no longer, in one transaction."""
        with self.ledger.transaction(dry_run=self.order.dry_run):
            members = self._judge(batch, examination)
            left = () if self.order.dry_run else self.ledger.spoken_for_no_longer([each.row.policy_id for each in batch], members)
            if left:
                self._judge(left, examination)

    def _judge(self, batch: tuple[Due, ...], examination: Examination) -> list[str]:
        """Keys of the policies that others speak for."""
        cases = [case(each.row, each.filled) for each in batch]
        alone = judged(cases, examination, {}, self.order)
        # Compared as what they are about to be: who is rejected speaks for nobody.
        verdicts = self.compare([each.reading.row.model_copy(update={"status": own.status}) for each, own in zip(cases, alone, strict=True)])
        keys = {each.row.policy_id for each in batch}
        beside = {key: verdict.canonical_id for key, verdict in verdicts.items() if key not in keys}
        others = [case(each.row, each.filled) for each in self.ledger.newly_spoken_for(beside)]
        judgements = (*(spoken_for(each, verdicts.get(each.policy_id)) for each in alone), *judged(others, examination, verdicts, self.order))
        self.tally.add(judgements, Written(len(judgements), 0, 0) if self.order.dry_run else self.ledger.judge(judgements))
        return list(verdicts)


def judged(cases: Sequence[Case], examination: Examination, verdicts: Mapping[str, Duplicate], order: Order) -> tuple[Judgement, ...]:
    """The judgements of `cases`, in their order."""
    violations = examination.reasons([each.reading.row for each in cases])
    return tuple(judge(each, violations.get(each.row.policy_id, ()), verdicts.get(each.row.policy_id), order.on, order.threshold) for each in cases)


@contextmanager
def _session(dsn: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS, row_factory=dict_row, application_name="aegis validate") as connection:
        yield connection
