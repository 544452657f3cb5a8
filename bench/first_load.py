"""End to end: rows/s of a first load into all four stores, embedding included, against what the cores allow.

Ratio: CPU seconds that all processes of the stack spent / (cores x seconds until the last store had the last row). Aim >= 0.6: below it, the cores
idled while rows waited.
With it the number of cores that 139 rows/s (500,000 an hour) take.
"""

from __future__ import annotations

import os
from time import monotonic, sleep

import psutil

from aegis.derivations import STORES
from aegis.settings import settings
from aegis.stores.opening import open_store
from bench.arrival import TABLE
from bench.generated import insert, policies, remove

PREFIX = "bench-load-"
ROWS = 3000
TARGET_ROWS_PER_SECOND = 139


def cpu_by_process() -> dict[str, float]:
    """CPU seconds so far of each process of the stack, children included, by name and pid; this benchmark's own process is left out."""
    own, seconds = os.getpid(), {}
    for process in psutil.process_iter(["name", "cmdline", "pid"]):
        if process.pid == own:
            continue
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # ended meanwhile: what it spent is not ours to count
        seconds[f"{_title(process.info['cmdline'] or [], process.info['name'])}#{process.pid}"] = times.user + times.system
    return seconds


def _title(command: list[str], name: str) -> str:
    line = " ".join(command)
    known = {
        "kafka.Kafka": "kafka",
        "ConnectDistributed": "connect",
        "org.elasticsearch": "elasticsearch",
        "Neo4jCommunity": "neo4j",
        "quarkus-run": "registry",
        "milvus": "milvus" if "stream_apps" not in line else "app milvus",
        "stream_apps": f"app {command[-1]}" if command else name,
        "redis-server": "redis",
        "postgres": "postgres",
    }
    return next((title for mark, title in known.items() if mark in line), name)


def run() -> None:
    """Print rows/s, the ratio and CPU seconds per process; then remove the rows."""
    dsn = settings().postgres_dsn.get_secret_value()
    remove(dsn, PREFIX)
    stores = {name: open_store(name, settings()) for name in STORES}
    rows = policies(ROWS, PREFIX, seed=int(monotonic()))
    last = dict.fromkeys(STORES, 0.0)
    try:
        before, began = cpu_by_process(), monotonic()
        insert(dsn, rows)
        keys = [row["policy_id"] for row in rows]
        missing = {name: set(keys) for name in STORES}
        while any(missing.values()):
            for name, store in stores.items():
                sample = list(missing[name])[:1000]
                arrived = [key for key, record in store.fetch(TABLE, sample).items() if record.content is not None] if sample else []
                missing[name].difference_update(arrived)
                last[name] = monotonic() - began if arrived else last[name]
            if monotonic() - began > 900:
                raise RuntimeError(f"not arrived after 900 s: { {name: len(left) for name, left in missing.items()} }")
            sleep(0.1)  # a reader that polls harder takes the cores that it measures
        took, after = monotonic() - began, cpu_by_process()
    finally:
        remove(dsn, PREFIX)
        for store in stores.values():
            store.close()
    spent = {name: after[name] - before.get(name, 0.0) for name in after}
    total, cores = sum(spent.values()), os.cpu_count() or 1
    print(
        f"   {ROWS} rows in {took:.1f} s = {ROWS / took:.0f} rows/s; ratio of CPU used to what {cores} cores allow: {total / (cores * took):.2f} (aim >= 0.6)"
    )
    print("   last row in: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in last.items()))
    print(f"   {1000 * total / ROWS:.1f} CPU ms a row: {TARGET_ROWS_PER_SECOND} rows/s take {TARGET_ROWS_PER_SECOND * total / ROWS:.1f} cores")
    by_title: dict[str, float] = {}
    for name, seconds in spent.items():
        title = name.split("#")[0]
        by_title[title] = by_title.get(title, 0.0) + seconds
    parts = sorted(by_title.items(), key=lambda item: -item[1])
    print("   CPU seconds: " + ", ".join(f"{title} {seconds:.1f}" for title, seconds in parts if seconds >= 0.2))


if __name__ == "__main__":
    run()
