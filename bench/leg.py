"""A store's leg (`Store.apply`) against a bulk write of prebuilt payloads into the same server: measured in turns, in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from aegis.record import Record
from bench.store_records import batches, rate, records, spread

AIM = 0.8
WRITES = ("first copy", "update")

Rates = dict[tuple[str, str, int], list[float]]
"""(write, `leg` or `bulk`, writers) → rows per second of each round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: `rounds` of `number` policies, `batch` a call, with each number of `writers`; the better one counts."""

    store: str
    number: int
    batch: int
    rounds: int
    writers: tuple[int, ...] = (1, 2)


def measure(plan: Plan, leg: Callable[[Any], object], bulk: Callable[[Any], object], payloads: Callable[[Sequence[Record]], Sequence[Any]]) -> Rates:
    """Rates of both ends, in turns; a first round warms up and is left out."""
    rates: Rates = {}
    for turn in range(-1, plan.rounds):
        for writers in plan.writers:
            for step, write in enumerate(WRITES):
                made = records(plan.store, plan.number, f"{turn}w{writers}-", 1_000_000 * (step + 1), title=write)
                prebuilt = batches(payloads(made), plan.batch)
                takes = {"bulk": partial(rate, bulk, prebuilt, writers), "leg": partial(rate, leg, batches(made, plan.batch), writers)}
                for who in sorted(takes, reverse=bool((turn + step) % 2)):
                    measured = takes[who]()
                    if turn >= 0:
                        rates.setdefault((write, who, writers), []).append(measured)
    return rates


def report(plan: Plan, title: str, rates: Rates, rows_aims: dict[str, int] | None = None) -> None:
    """Print the ratio of each write, then its parts; with the rows/s of the leg where there is an aim for them."""
    for write in WRITES:
        best = {who: max(median(rates[write, who, writers]) for writers in plan.writers) for who in ("leg", "bulk")}
        rows = f"; {best['leg']:.0f} rows/s (aim >= {rows_aims[write]})" if rows_aims else ""
        print(f"{title}, {write}: {best['leg'] / best['bulk']:.2f} (aim >= {AIM}){rows}")
        for writers in plan.writers:
            print(f"  {writers} writers: leg {spread(rates[write, 'leg', writers])} rows/s, bulk {spread(rates[write, 'bulk', writers])} rows/s")
    print(f"  {plan.rounds} rounds of {plan.number} policies, {plan.batch} a batch")
