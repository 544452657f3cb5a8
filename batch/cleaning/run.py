"""One run of a task: what was answered before is read, the rest is asked, and every answer is kept as it comes; the file is written when all are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal

from aegis.files.parquet import parquet_rows
from aegis.files.storage import Sink
from batch.cleaning.asking import Answered, Asker
from batch.cleaning.budget import most
from batch.cleaning.columns import row as line
from batch.cleaning.columns import schema
from batch.cleaning.ledger import Known, Ledger
from batch.cleaning.rows import Row

THREADS = 8
"""Requests under way at once; the pace says how many begin in a second."""
KEPT_TOGETHER = 20

Progress = Callable[[int, int], None]
"""Told how many rows are done and how many of them were asked for."""


@dataclass(slots=True)
class Tally:
    """Counts of one run."""

    rows: int = 0
    asked: int = 0
    known: int = 0
    """Rows whose answer was there before, or is that of another row with the same text."""
    problems: int = 0
    """Rows without an answer."""
    most_cost: Decimal = field(default_factory=Decimal)
    """Dollars that those not yet answered can cost at most; of a dry run."""


def estimate(chunks: Iterable[Sequence[Row]], asker: Asker, ledger: Ledger, *, again: bool = False) -> Tally:
    """What a run would do."""
    tally = Tally()
    for chunk in chunks:
        missing = _missing(chunk, asker, _known(chunk, asker, ledger, again=again))
        tally.rows += len(chunk)
        tally.asked += len(missing)
        tally.known += len(chunk) - len(missing)
        tally.most_cost += sum((most(asker.task, asker.task.text(row), asker.prices) for row in missing.values()), Decimal(0))
    return tally


def clean(
    chunks: Iterable[Sequence[Row]], asker: Asker, ledger: Ledger, sink: Sink, progress: Progress = lambda _done, _asked: None, *, again: bool = False
) -> Tally:
    """Write every row with its answer to `sink`. `again`: ask once more where there was no answer.

    Raises what `Asker.ask` raises, after the answers that came until then are kept: the next run goes on from there.
    """
    tally, task = Tally(), asker.task
    with parquet_rows(sink, schema(task)) as file:
        for chunk in chunks:
            known = _known(chunk, asker, ledger, again=again)
            missing = _missing(chunk, asker, known)
            ledger.used(list(known))
            done = tally.rows + len(chunk) - len(missing)
            for answers in _answered(missing.values(), asker):
                ledger.keep(answers)
                known |= {each.request_hash: Known(each.output, each.problem) for each in answers}
                tally.asked += len(answers)
                done += len(answers)
                progress(done, tally.asked)
            lines = [line(task, row, known[asker.request_hash(row)], asker.provider.name, asker.model) for row in chunk]
            file.add(lines)
            tally.rows += len(chunk)
            tally.known += len(chunk) - len(missing)
            tally.problems += sum(known[asker.request_hash(row)].problem is not None for row in chunk)
    return tally


def _known(chunk: Sequence[Row], asker: Asker, ledger: Ledger, *, again: bool) -> dict[str, Known]:
    found = ledger.known([asker.request_hash(row) for row in chunk])
    return {request: known for request, known in found.items() if not (again and known.problem is not None)}


def _missing(chunk: Sequence[Row], asker: Asker, known: dict[str, Known]) -> dict[str, Row]:
    """Request hash → one of the rows with that text."""
    return {request: row for row in chunk if (request := asker.request_hash(row)) not in known}


def _answered(rows: Iterable[Row], asker: Asker) -> Iterator[list[Answered]]:
    """Answers in the order in which they come, some at a time. What one raises is raised after the others that are under way are given."""
    waiting, failed = iter(rows), None
    came: list[Answered] = []
    with ThreadPoolExecutor(THREADS) as threads:
        under_way: set[Future[Answered]] = {threads.submit(asker.ask, row) for _, row in zip(range(THREADS), waiting, strict=False)}
        while under_way:
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                error = future.exception()
                if error is None:
                    came.append(future.result())
                failed = failed or error
                row = None if failed else next(waiting, None)
                if row is not None:
                    under_way.add(threads.submit(asker.ask, row))
            if len(came) >= KEPT_TOGETHER:
                yield came
                came = []
    if came:
        yield came
    if failed:
        raise failed
