"""Comparing PostgreSQL with the stores, against a full key-ordered scan of both ends; PostgreSQL's end alone; memory.

Aims: at least 5 times as fast where at most 0.01 % of the rows differ, never slower than 0.9 times; PostgreSQL's sums at least as fast as a merge over COPY.
What is timed is the look for suspects (sums, then keys of the buckets that differ). The waits that confirm a suspect under live traffic are left out: they
are for the pipeline, not for a comparison, and the plain scan has none. Rows and stores are of the benchmark's own, in the stack's servers; Redis is a process
of its own. `AEGIS_BENCH_ROWS` sets the number of rows. Milvus has at most `AEGIS_BENCH_VECTORS` of them, apart, with vectors that no model made.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from time import perf_counter
from typing import TypeVar

import psycopg

from batch.compare import Pair, Sweep
from batch.truth import Truth, open_truth
from bench import reconcile_memory, reconcile_scan
from bench.reconcile_load import fill, plant
from bench.reconcile_place import TABLE, Place, ended_in_order, made, redis_server

ROWS_SETTING = "AEGIS_BENCH_ROWS"
ROWS = 100_000
MOST_VECTORS = int(os.environ.get("AEGIS_BENCH_VECTORS", "20000"))
ROUNDS = 3
LARGE = 500_000
"""From so many rows on one round tells enough, and takes minutes."""
DRIFTS = (0.0, 0.0001, 0.01)
AIMS = {0.0: ">= 5", 0.0001: ">= 5", 0.01: ">= 0.9"}
COPY_OUT = 'COPY (SELECT policy_id, version FROM policies ORDER BY policy_id COLLATE "C") TO STDOUT'


T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds that `work` took, and what it gave."""
    began = perf_counter()
    given = work()
    return perf_counter() - began, given


def swept(place: Place) -> dict[str, set[str]]:
    """Store → suspects, as the reconciler looks for them."""
    found: dict[str, set[str]] = {store: set() for store in place.stores}
    with place.opened() as stores, open_truth(place.dsn) as truth:
        sweep = Sweep(truth, stores)
        sweep.sums([Pair(store, TABLE) for store in place.stores])
        for suspects in sweep.listings():
            found[suspects.pair.store] |= suspects.keys
    return found


def compare(place: Place, rows: int, share: float, planted: set[str]) -> None:
    """Print the ratios of both ways, of each store and of all together. Raises RuntimeError where either finds anything but what was planted."""
    parts = [Place(place.name, (store,), place.redis_url) for store in place.stores]
    for part in [*parts, place] if len(parts) > 1 else parts:
        seconds: dict[str, list[float]] = {"sweep": [], "scan": []}
        for turn in range(1 if rows >= LARGE else ROUNDS):
            ways = {"sweep": lambda part=part: swept(part), "scan": lambda part=part: reconcile_scan.differences(part)}
            for way in sorted(ways, reverse=bool(turn % 2)):
                took, found = timed(ways[way])
                if found != dict.fromkeys(part.stores, planted):
                    raise RuntimeError(f"{way} of {part.stores} found { {s: len(k) for s, k in found.items()} } keys, not the {len(planted)} that were planted")
                seconds[way].append(took)
        sweep, scan = median(seconds["sweep"]), median(seconds["scan"])
        title = part.stores[0] if len(part.stores) == 1 else "all of them at once"
        print(
            f"   {share:.2%} drift, {rows:,} rows, {title:<20} {scan / sweep:6.2f} (aim {AIMS[share]}): sweep {sweep:.2f} s, plain scan {scan:.2f} s",
            flush=True,
        )


def merged_copies(dsn: str) -> int:
    """Rows that differ between two readings of the table by COPY in the order of the keys, merged as text."""
    different = 0
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(stack.enter_context(psycopg.connect(dsn)).cursor().copy(COPY_OUT)) for _ in range(2))
        rows, others = map(bytes, ours), map(bytes, theirs)
        row, their = next(rows, None), next(others, None)
        while row is not None and their is not None:
            if row == their:
                row, their = next(rows, None), next(others, None)
                continue
            different += 1
            if row[: row.index(b"\t")] < their[: their.index(b"\t")]:
                row = next(rows, None)
            else:
                their = next(others, None)
    return different


def postgres_alone(place: Place, rows: int) -> None:
    """Print the ratio of PostgreSQL's sums to the merge over COPY."""
    sums, merge = list[float](), list[float]()
    with open_truth(place.dsn) as truth:
        for _ in range(ROUNDS):
            merge.append(timed(lambda: merged_copies(place.dsn))[0])
            sums.append(timed(lambda: _summed(truth, rows))[0])
    ratio = median(merge) / median(sums)
    print(f"   PostgreSQL alone, {rows:,} rows: {ratio:.2f} (aim >= 1): sums {median(sums):.2f} s, merge over COPY {median(merge):.2f} s", flush=True)


def _summed(truth: Truth, rows: int) -> None:
    if truth.sums(TABLE).records != rows:
        raise RuntimeError("PostgreSQL's sums are not of all rows")


def memory(place: Place, rows: int) -> None:
    """Print the peak of a process that compares."""
    peak = reconcile_memory.measured(place)
    print(
        f"   memory, {rows:,} rows in {', '.join(place.stores)}, {peak.suspects:,} suspects: {peak.most:.0f} MB at most, {peak.at_start:.0f} before", flush=True
    )


def measure(place: Place, rows: int, *, ratios: bool) -> None:
    """Fill `place` and print what is measured in it."""
    seconds, _ = timed(lambda: fill(place, rows))
    print(f"   {rows:,} rows loaded into PostgreSQL, {', '.join(place.stores)} in {seconds:.0f} s", flush=True)
    if ratios and len(place.stores) > 1:
        postgres_alone(place, rows)
    planted: set[str] = set()
    for share in DRIFTS if ratios else DRIFTS[-1:]:
        planted |= plant(place, round(rows * share) - len(planted))
        if ratios:
            compare(place, rows, share, planted)
    memory(place, rows)


def run() -> None:
    """Print the ratios; then remove everything."""
    rows = int(os.environ.get(ROWS_SETTING, str(ROWS)))
    stores = ("neo4j", "elasticsearch", "redis")
    with ended_in_order(), redis_server() as url:
        with made(Place("tenth", stores, url)) as tenth:
            measure(tenth, rows // 10, ratios=False)
        with made(Place("whole", stores, url)) as whole:
            measure(whole, rows, ratios=True)
        with made(Place("vectors", ("milvus",), url)) as vectors:
            measure(vectors, min(rows, MOST_VECTORS), ratios=True)


if __name__ == "__main__":
    run()
