"""Reconciliation: compare, repair through the log, compare again. Only a clean second comparison is a success (design, section 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from aegis.correction_log import open_correction_log
from aegis.errors import AegisError, Code
from aegis.queries import queries
from aegis.registry import Registry
from aegis.row_keys import RowKeys
from aegis.settings import Settings
from aegis.stores.opening import opened
from aegis.stores.protocol import Store
from batch.compare import Pair, Slice, Suspects, Sweep
from batch.confirm import Confirmation, Waits
from batch.ends import Ends
from batch.findings import Counts, Findings
from batch.judge import PLAUSIBLE_LEAD
from batch.progress import Progress, Silent
from batch.repair import Repairer
from batch.report import summary_of, write_reports
from batch.request import BRAKE_LEAST, Request, Result
from batch.runs import RECONCILE_LOCK, Run, Verdict, enter, open_run
from batch.truth import Truth, open_truth
from batch.watermark import watermark

log = structlog.get_logger(__name__)

ROUNDS = 4
"""Comparisons of one run, repairs between them."""
SUSPECTS_AT_ONCE = 20_000
"""Suspects that are confirmed together."""


class Braked(AegisError):
    """More of a store would be changed than the brake lets pass."""


@dataclass(slots=True)
class Reconciliation:
    """One run under way."""

    request: Request
    run: Run
    truth: Truth
    stores: Mapping[str, Store]
    waits: Waits
    repairer: Repairer
    progress: Progress
    slice: Slice
    findings: Findings = field(init=False)
    sweeps: list[Sweep] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    published: int = 0
    sequence_moved_to: int | None = None
    _phase: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        self.findings = Findings(self.run.connection, self.run.run_id)

    def go(self) -> Verdict:
        """Compare and repair until a comparison is clean. Raises `Braked` and whatever servers raise."""
        pairs = self.request.pairs()
        drift = self._compare(1, pairs, self.slice, ())
        if not drift:
            return Verdict.CLEAN
        if self.request.dry_run:
            return Verdict.DRIFT_LEFT
        self._brake(drift)
        for number in range(1, ROUNDS):
            vectors = self._repair(number, [pair for pair in pairs if pair in drift])
            drift = self._compare(number + 1, pairs, _without_vectors(self.slice), vectors)
            if not drift:
                return Verdict.REPAIRED
        return Verdict.DRIFT_LEFT

    def close(self) -> None:
        """Note how long the last phase took."""
        self._enter("")

    def _compare(self, number: int, pairs: Sequence[Pair], part: Slice, known: Sequence[Suspects]) -> Counter[Pair]:
        """Drift by pair. `known`: suspects of before, to be looked at in any case."""
        second = number > 1
        sweep = Sweep(self.truth, self.stores, self.progress.step)
        self.sweeps.append(sweep)
        self._enter("verify" if second else "sums")
        sweep.sums(pairs)
        for batch in _batched(self._suspects(sweep, part, known, second=second)):
            before = self._phase
            self._enter("verify" if second else "confirm")
            self.findings.record(number, self._confirmation().confirm(batch))
            if before is not None:
                self._enter(before[0])
        counts = self.findings.counts(number)
        self.counts.append(counts)
        drift: Counter[Pair] = Counter()
        for (pair, kind), found in counts.items():
            if kind.is_drift:
                drift[pair] += found
        return drift

    def _suspects(self, sweep: Sweep, part: Slice, known: Sequence[Suspects], *, second: bool) -> Iterator[Suspects]:
        """All of one sweep; the phase changes as it goes."""
        if not second:
            self._enter("listing")
        yield from sweep.listings()
        if not second:
            self._enter("content")
        yield from sweep.contents(part)
        yield from known

    def _confirmation(self) -> Confirmation:
        return Confirmation(self._ends, self.truth.wal_position, self.waits)

    def _ends(self, pair: Pair) -> Ends:
        return Ends(self.truth, self.stores[pair.store], pair.table)

    def _brake(self, drift: Counter[Pair]) -> None:
        """Raises `Braked` where the likelier fault is ours."""
        if self.request.force:
            return
        for store in sorted({pair.store for pair in drift}):
            wrong = sum(found for pair, found in drift.items() if pair.store == store)
            whole = sum(max(looked.rows, looked.records) for pair, looked in self.sweeps[-1].looked.items() if pair.store == store)
            if wrong > BRAKE_LEAST and wrong > whole * self.request.brake:
                raise Braked(
                    Code.CONSISTENCY_CHECK_FAILED,
                    f"{wrong} of {whole} records of {store} would be changed, more than {self.request.brake:.0%}: rather a fault of ours (a projection, a row "
                    f"model, a wrong connection) than drift. Nothing was changed. If {store} was wiped: `aegis rebuild {store}`. To repair it all: --force",
                )

    def _repair(self, number: int, pairs: Sequence[Pair]) -> list[Suspects]:
        """Publish the repairs of round `number` and wait until the apps have dealt with them. Vectors that were repaired, to be looked at again."""
        self._enter("repair")
        self._pass_sequence(number, pairs)
        vectors: list[Suspects] = []
        for pair in pairs:
            done = 0
            for page in self.findings.pages(number, pair):
                drift = [one for one in page if one.drift.is_drift]
                self.published += self.repairer.repair(self.findings, drift, pair)
                done += len(page)
                self.progress.step(f"repairs of {pair.table} in {pair.store}", done, done)
                wrong = frozenset(one.key for one in drift if one.detail == "vector")
                vectors += [Suspects(pair, wrong, wrong)] if wrong else []
        self.waits.pass_wal(self.truth.wal_position())
        self.waits.pass_log(frozenset(self.stores))
        return vectors

    def _pass_sequence(self, number: int, pairs: Sequence[Pair]) -> None:
        """Move the version sequence past every stamp that a store has, so that new versions win: after a restore of PostgreSQL it lags behind."""
        drawn = self.truth.drawn()
        stamps = [*self.sweeps[-1].highest.values()]
        for pair in pairs:
            stamps += [one.stored_stamp or 0 for page in self.findings.pages(number, pair) for one in page if "beyond the sequence" in one.detail]
        beyond = max((stamp // 4 for stamp in stamps if drawn < stamp // 4 <= drawn + PLAUSIBLE_LEAD), default=None)
        if beyond is not None:
            row = self.run.connection.execute(queries("reconcile")["pass_version"], {"beyond": beyond}).fetchone()
            assert row is not None
            self.sequence_moved_to = int(row["reached"])
            log.warning("reconcile.sequence_moved", run_id=self.run.run_id, beyond=beyond, reached=self.sequence_moved_to)

    def _enter(self, phase: str) -> None:
        if self._phase is not None and self._phase[0] == phase:
            return
        if self._phase is not None:
            name, since = self._phase
            self.seconds[name] = self.seconds.get(name, 0.0) + monotonic() - since
        self._phase = (phase, monotonic()) if phase else None
        if phase:
            enter(self.run, self.progress, phase)


def reconcile(
    settings: Settings,
    request: Request,
    progress: Progress | None = None,
    *,
    stores: Mapping[str, Store] | None = None,
    groups: Mapping[str, str] | None = None,
) -> Result:
    """Compare and repair as `request` says; recorded in `ops.runs`, reported in files.

    `stores`, `groups`: other store objects than the settings', and the consumer groups that write them (a store that is being rebuilt). Raises `RunInProgress`,
    `NotSettled`, `StoreUnavailable`, `RegistryUnavailable`, psycopg.Error and KafkaException; the run is then recorded as failed.
    """
    told = progress or Silent()
    dsn = settings.postgres_operator_dsn.get_secret_value()
    with ExitStack() as stack:
        run = stack.enter_context(open_run(dsn, "reconcile", request.options(), lock=RECONCILE_LOCK, wait_seconds=request.wait_seconds))
        truth = stack.enter_context(open_truth(dsn))
        wanted = dict.fromkeys(pair.store for pair in request.pairs())
        mine = {name: (stores or {}).get(name) or stack.enter_context(opened(name, settings)) for name in wanted}
        waits = watermark(
            settings.connect_url,
            settings.kafka_bootstrap_servers,
            groups=groups,
            seconds=request.patience_seconds,
            tell=lambda what, left: told.step(what, left, 0),
        )
        registry = stack.enter_context(closing(Registry(settings.schema_registry_url)))
        repairer = Repairer(run.run_id, run.connection, truth, mine, open_correction_log(settings), RowKeys(registry).key_bytes)
        work = Reconciliation(request, run, truth, mine, waits, repairer, told, _slice(request, run))
        message = ""
        try:
            verdict = work.go()
        except Braked as error:
            verdict, message = Verdict.DRIFT_LEFT, error.message
        finally:
            work.close()
            run.summary = summary_of(work)
        if verdict is not Verdict.DRIFT_LEFT and not request.dry_run and not request.deep and request.complete:
            run.connection.execute(queries("reconcile")["remember_slice"], {"slice": work.slice.seed + 1})
        result = Result(run.run_id, verdict, run.summary, message)
        reports = write_reports(settings.aegis_report_dir, result, request.options(), work.findings)
        run.verdict, run.message = verdict, message or None
    return replace(result, reports=reports)


def _slice(request: Request, run: Run) -> Slice:
    if request.deep:
        return Slice.everything()
    row = run.connection.execute(queries("reconcile")["next_slice"]).fetchone()
    return Slice.of_night(0 if row is None else int(row["slice"]), request.nights, floor=request.floor, vectors=request.vectors)


def _without_vectors(part: Slice) -> Slice:
    return Slice(part.buckets, part.floor, 0, part.seed)


def _batched(suspects: Iterable[Suspects]) -> Iterator[list[Suspects]]:
    """Suspects in batches that are confirmed together."""
    batch: list[Suspects] = []
    size = 0
    for one in suspects:
        batch.append(one)
        size += len(one.keys)
        if size >= SUSPECTS_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
