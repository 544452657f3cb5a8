"""Records for the benchmarks of stores: generated policies through the store's own projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter
from typing import TypeVar

from aegis.derivations import project
from aegis.position import SourcePosition
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from bench.generated import policies

T = TypeVar("T")
TIMES = {"created_at": "2026-01-02T03:04:05.678901Z", "updated_at": "2026-11-20T23:59:59.000001Z"}


def records(store: str, number: int, prefix: str, version: int, *, title: str = "", category: str | None = None) -> list[Record]:
    """`number` upserts at versions from `version` on; `title` is put before each title, `category` in place of each category."""
    made = []
    for n, row in enumerate(policies(number, prefix)):
        image = {
            **row,
            **TIMES,
            "title": title + row["title"],
            "category": category or row["category"],
            "tags": ["측정", row["category"]],
            "status": "active",
            "is_active": True,
            "version": version + n,
        }
        position = SourcePosition("aegis.public.policies", n % 6, version + n, 2**40 + version + n, 1_000_000 + n)
        made.append(Record("policies", row["policy_id"], Stamp(version + n, Rank.UPSERT), project("policies", store, image), position))
    return made


def batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """`items` in their order, `size` at a time."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def rate(write: Callable[[Sequence[T]], object], items: Sequence[Sequence[T]], writers: int) -> float:
    """Items per second when `writers` threads write the batches `items`."""
    began = perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, items))
    return sum(map(len, items)) / (perf_counter() - began)


def spread(rates: Sequence[float]) -> str:
    """Median with the lowest and the highest."""
    return f"{median(rates):7.0f} ({min(rates):.0f} to {max(rates):.0f})"
