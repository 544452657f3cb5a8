"""Commit → readable by key in each derived store: p50 and p99 at 20 updates/s, and at half of saturation.

Aims: 60/200 ms at 20 updates/s; p99 < 500 ms (Milvus < 1 s) at half of saturation. Measured from the moment when COMMIT returned to the first read by key that
shows that version or a newer one. Readers watch a sample of the updates, since they share the cores with what
they measure; a read every 10 ms is what it is exact to.
"""

from __future__ import annotations

from time import monotonic, sleep

import psycopg

from aegis.derivations import STORES
from aegis.settings import settings
from aegis.stores.opening import open_store
from bench.arrival import Arrivals, percentile
from bench.generated import insert, policies, remove

PREFIX = "bench-latency-"
KEYS = 200
WATCHED = 7
"""Updates a second that readers wait for."""
TOUCH = "UPDATE policies SET application_period_text = %s WHERE policy_id = %s RETURNING version"
RETITLE = "UPDATE policies SET title = %s WHERE policy_id = %s RETURNING version"


def _paced(dsn: str, watchers: list[Arrivals], statement: str, per_second: float, number: int) -> None:
    """Update `number` rows one commit each, `per_second`, and watch `WATCHED` a second of them."""
    every = max(1, round(per_second / WATCHED))
    with psycopg.connect(dsn, autocommit=True) as connection:
        began = monotonic()
        for index in range(number):
            sleep(max(0.0, began + index / per_second - monotonic()))
            key = f"{PREFIX}{index % KEYS:06d}"
            row = connection.execute(statement, (f"[측정용] {index} {began}", key)).fetchone()
            at = monotonic()
            assert row is not None
            for watcher in watchers if index % every == 0 else ():
                watcher.sent(key, row[0], at)


def delays(statement: str, per_second: float, number: int, stores: tuple[str, ...] = STORES) -> dict[str, Arrivals]:
    """Store → what arrived there of `number` updates."""
    watchers = {name: Arrivals(open_store(name, settings()), 0.01) for name in stores}
    for watcher in watchers.values():
        watcher.start()
    _paced(settings().postgres_dsn.get_secret_value(), list(watchers.values()), statement, per_second, number)
    for watcher in watchers.values():
        watcher.finish(120)
        watcher.store.close()
    return watchers


def told(arrivals: Arrivals) -> str:
    """p50 and p99, and whether anything is missing."""
    p50, p99 = (1000 * percentile(arrivals.delays, share) for share in (0.5, 0.99))
    missing = arrivals.outstanding()
    return f"p50 {p50:6.0f} ms   p99 {p99:6.0f} ms   n {len(arrivals.delays)}{f'   NOT ARRIVED {missing}' if missing else ''}"


def _measure(title: str, statement: str, per_second: float, number: int, stores: tuple[str, ...] = STORES) -> None:
    """Print p50/p99 per store."""
    arrived = delays(statement, per_second, number, stores)
    print(f"   {title}:")
    for name, arrivals in arrived.items():
        print(f"      {name:<14} {told(arrivals)}")


def _saturation(dsn: str, number: int) -> float:
    """Updates/s at which all four stores keep up: one commit each, as fast as one writer can, until the last has arrived everywhere."""
    watchers = [Arrivals(open_store(name, settings()), 0.25) for name in STORES]
    began = monotonic()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for index in range(number):
            key = f"{PREFIX}b{index:06d}"
            row = connection.execute(TOUCH, (f"[측정용] {began}", key)).fetchone()
            assert row is not None
            for watcher in watchers:
                watcher.sent(key, row[0], began)
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        if missing := watcher.finish(300):
            raise RuntimeError(f"{missing} of {number} updates have not arrived in {watcher.store.name}: see `aegis status`")
        watcher.store.close()
    return number / (monotonic() - began)


def run() -> None:
    """Print the delays, then remove the rows."""
    dsn = settings().postgres_dsn.get_secret_value()
    remove(dsn, PREFIX)
    try:
        insert(dsn, policies(KEYS, PREFIX))
        insert(dsn, policies(1500, PREFIX + "b", seed=2))
        _saturation(dsn, 1500)  # the first one waits for the inserts, too
        _measure("20 updates/s, text unchanged (aim p50 <= 60, p99 <= 200 ms)", TOUCH, 20, 800)
        _measure("5 updates/s, text changed: embedded anew", RETITLE, 5, 50, ("milvus",))
        rate = _saturation(dsn, 1500)
        print(f"   saturation of updates with unchanged text: {rate:.0f}/s until all four stores have them")
        half = rate / 2
        _measure(f"half of saturation, {half:.0f} updates/s (aim p99 < 500 ms, Milvus < 1000 ms)", TOUCH, half, int(half * 30))
    finally:
        remove(dsn, PREFIX)


if __name__ == "__main__":
    run()
