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


def _paced(dsn: str, watchers: list[Arrivals], statement: str, per_second: float, number: int) -> float:
    """Update `number` rows one commit each, `per_second`, and watch `WATCHED` a second of them; the seconds that it took."""
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
        return monotonic() - began


def _measure(title: str, statement: str, per_second: float, number: int, stores: tuple[str, ...] = STORES) -> float:
    """Print p50/p99 per store; returns the seconds until all had arrived everywhere."""
    dsn = settings().postgres_dsn.get_secret_value()
    watchers = [Arrivals(open_store(name, settings()), 0.01) for name in stores]
    for watcher in watchers:
        watcher.start()
    began = monotonic()
    _paced(dsn, watchers, statement, per_second, number)
    print(f"   {title}:")
    for watcher in watchers:
        missing = watcher.finish(120)
        p50, p99 = (1000 * percentile(watcher.delays, share) for share in (0.5, 0.99))
        print(f"      {watcher.store.name:<14} p50 {p50:6.0f} ms   p99 {p99:6.0f} ms   n {len(watcher.delays)}{f'   NOT ARRIVED {missing}' if missing else ''}")
    took = monotonic() - began
    for watcher in watchers:
        watcher.store.close()
    return took


def _saturation(dsn: str, number: int) -> float:
    """Updates/s at which all four stores keep up, from the time that a burst takes to arrive everywhere."""
    watchers = [Arrivals(open_store(name, settings()), 0.25) for name in STORES]
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "UPDATE policies SET application_period_text = %s WHERE starts_with(policy_id, %s) RETURNING policy_id, version", (str(monotonic()), PREFIX + "b")
        ).fetchall()
    at = monotonic()
    for watcher in watchers:
        for key, version in rows:
            watcher.sent(key, version, at)
        watcher.start()
    for watcher in watchers:
        if missing := watcher.finish(300):
            raise RuntimeError(f"{missing} of {number} updates have not arrived in {watcher.store.name}: see `aegis status`")
        watcher.store.close()
    return len(rows) / (monotonic() - at)


def run() -> None:
    """Print the delays, then remove the rows."""
    dsn = settings().postgres_dsn.get_secret_value()
    remove(dsn, PREFIX)
    try:
        insert(dsn, policies(KEYS, PREFIX))
        insert(dsn, policies(1500, PREFIX + "b", seed=2))
        rows = _saturation(dsn, 1500)  # the first one waits for the inserts, too
        _measure("20 updates/s, text unchanged (aim p50 <= 60, p99 <= 200 ms)", TOUCH, 20, 800)
        _measure("5 updates/s, text changed: embedded anew", RETITLE, 5, 50, ("milvus",))
        rows = _saturation(dsn, 1500)
        print(f"   saturation of updates with unchanged text: {rows:.0f}/s until all four stores have them")
        half = rows / 2
        _measure(f"half of saturation, {half:.0f} updates/s (aim p99 < 500 ms, Milvus < 1000 ms)", TOUCH, half, int(half * 30))
    finally:
        remove(dsn, PREFIX)


if __name__ == "__main__":
    run()
