from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from aegis.derivations import STORES
from aegis.settings import Settings
from tests.faults.load import Load, burst
from tests.faults.watching import REPOSITORY, await_restart, behind, kill, members
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import until

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ROWS = 150


def test_every_app_killed_in_mid_batch_loses_nothing(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN writers that do not stop
    killed: dict[str, dict[str, int]] = {}
    with Load(owner, prefix) as load:
        for round_, store in enumerate(STORES):
            # WHEN an app is killed while it works on a transaction of some hundred rows
            burst(owner, f"{prefix}{store}-", ROWS, round_)
            until(lambda store=store: behind(stack, store) >= ROWS // 4, 30, f"the app of {store} to have work", interval=0.0)
            killed[store] = kill(f"app-{store}")
        # THEN each is started again while writing goes on
        for store, had in killed.items():
            await_restart(f"app-{store}", had)
        before = load.commits
        until(lambda: load.commits > before + 30, 30, "the load to go on")
    # AND nothing is lost, in any store
    assert_equal_everywhere(stack, prefix, seconds=120)
    with psycopg.connect(owner) as connection:
        [[rows]] = connection.execute("SELECT count(*) FROM policies WHERE starts_with(policy_id, %s)", (prefix,)).fetchall()
    assert rows >= ROWS * len(STORES)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_second_worker_takes_partitions_over_and_gives_them_back_when_it_ends(stack: Settings, owner: str, prefix: str, ending: signal.Signals) -> None:
    # GIVEN one worker more of the Redis app, under load
    alone = members(stack, "redis")
    with Load(owner, prefix), second_worker("redis") as second:
        until(lambda: len(members(stack, "redis")) == len(alone) + 1, 60, "the second worker to get partitions")
        burst(owner, prefix, ROWS)
        # WHEN it ends in the middle of work
        second.send_signal(ending)
        burst(owner, prefix, ROWS, start=1)
        second.wait(30)
        # THEN the first has all partitions again
        until(lambda: len(members(stack, "redis")) == len(alone), 60, "the second worker's partitions to come back")
    # AND nothing is lost
    assert_equal_everywhere(stack, prefix)


@contextmanager
def second_worker(store: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the store's app beside those of the supervisor."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stream_apps", store],
        cwd=REPOSITORY,
        env={**os.environ, "AEGIS_METRICS_PORT": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
