from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest

from aegis.consumer_groups import consumer_group
from aegis.offsets import Offsets
from aegis.pausing import Lease
from aegis.settings import Settings
from aegis.stores.opening import opened
from tests.faults.load import Load, burst
from tests.faults.watching import REPOSITORY, members, pids
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import until

pytestmark = [pytest.mark.stack, pytest.mark.slow]

LEASE_SECONDS = 4.0
HOLD = """
import sys, threading
from aegis.pausing import Lease
with Lease(sys.argv[1], "redis", "a holder that dies", "test", float(sys.argv[2])):
    print("held", flush=True)
    threading.Event().wait()
"""


def away(stack: Settings) -> bool:
    """Whether nobody is in the group of Redis' app."""
    group = consumer_group("redis")
    return Offsets(stack.kafka_bootstrap_servers).described([group])[group] == ("empty", 0)


def test_a_paused_app_leaves_its_group_and_reads_on_from_where_its_offsets_were_moved(stack: Settings, owner: str, prefix: str) -> None:
    offsets, key = Offsets(stack.kafka_bootstrap_servers), f"{prefix}00000"
    with opened("redis", stack) as store, Load(owner, prefix):
        # GIVEN a change that was applied and acknowledged
        burst(owner, prefix, 1)
        stored = until(lambda: store.fetch("policies", [key]).get(key), 30, "the change to be applied")
        place = (stored.position.topic, stored.position.partition)
        until(lambda: offsets.committed(consumer_group("redis")).get(place, 0) > stored.position.offset, 30, "the change to be acknowledged")
        processes = pids("app-redis")
        # WHEN its app is paused
        with Lease(stack.postgres_operator_dsn.get_secret_value(), "redis", "test", "trying"):
            # THEN it leaves its group while writing goes on, and its offsets can be moved
            until(lambda: away(stack), 30, "the group to be empty")
            offsets.move(consumer_group("redis"), {place: stored.position.offset})
        # AND it comes back as the same process, and applies the change again

        def applied_at() -> datetime:
            return store.fetch("policies", [key])[key].applied_at

        until(lambda: applied_at() > stored.applied_at, 60, "the change to be applied again")
        assert pids("app-redis") == processes
    assert_equal_everywhere(stack, prefix)


def test_an_app_whose_pauser_was_killed_comes_back_when_the_lease_ends(stack: Settings) -> None:
    dsn = stack.postgres_operator_dsn.get_secret_value()
    arguments = [sys.executable, "-c", HOLD, dsn, str(LEASE_SECONDS)]
    with subprocess.Popen(arguments, cwd=REPOSITORY, stdout=subprocess.PIPE) as holder:
        try:
            until(lambda: away(stack), 30, "the group to be empty")
        finally:
            holder.kill()
    until(lambda: members(stack, "redis"), 60, "a worker to be back")
