"""What a comparison costs a running hot path: commit → readable at 20 updates/s, with `aegis reconcile --deep --dry-run` in a loop and without.

The loop is harsher than a night: one run after the other, all contents compared and all vectors embedded again, on the cores that everything else shares.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from aegis.settings import settings
from bench.arrival import Arrivals, percentile
from bench.generated import insert, policies, remove
from bench.latency import KEYS, PREFIX, TOUCH, delays, told

PER_SECOND = 20
UPDATES = 600
STORES = ("elasticsearch", "redis")
COMMAND = (str(Path(sys.executable).with_name("aegis")), "reconcile", "--deep", "--dry-run", "--json", "--wait", "60")


@contextmanager
def comparing() -> Iterator[list[int]]:
    """Runs the comparison again and again for the time of the block; the exit codes so far."""
    stop, codes = Event(), list[int]()
    running: list[subprocess.Popen[bytes]] = []

    def loop() -> None:
        while not stop.is_set():
            running[:] = [subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
            codes.append(running[0].wait())

    thread = Thread(target=loop)
    thread.start()
    try:
        yield codes
    finally:
        stop.set()
        for process in running:
            process.terminate()
        thread.join()


def run() -> None:
    """Print the delays of both, then remove the rows."""
    dsn = settings().postgres_dsn.get_secret_value()
    remove(dsn, PREFIX)
    try:
        insert(dsn, policies(KEYS, PREFIX))
        delays(TOUCH, PER_SECOND, KEYS)  # warms up, and waits for the inserts
        without = delays(TOUCH, PER_SECOND, UPDATES, STORES)
        with comparing() as codes:
            beside = delays(TOUCH, PER_SECOND, UPDATES, STORES)
        for store in STORES:
            print(f"   {store:<14} p99 beside a comparison {_p99(beside[store]) / _p99(without[store]):.1f} times that without")
            print(f"      without   {told(without[store])}")
            print(f"      beside    {told(beside[store])}")
        ended = ", ".join(map(str, codes[:-1])) or "none"
        print(f"   comparisons that ended meanwhile: {len(codes[:-1])}, with exit codes {ended} (0 equal, 4 drift)")
    finally:
        remove(dsn, PREFIX)


def _p99(arrivals: Arrivals) -> float:
    return percentile(arrivals.delays, 0.99)


if __name__ == "__main__":
    run()
