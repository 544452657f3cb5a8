from __future__ import annotations

from time import monotonic

import pytest

from aegis.settings import Settings
from aegis.stores.opening import opened
from tests.faults.load import Load, burst
from tests.faults.watching import held_by, members, pids, start, stop
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import until

pytestmark = [pytest.mark.stack, pytest.mark.slow]

DOWN_SECONDS = 30.0
ROWS = 100


@pytest.mark.parametrize(("down", "up"), [(("redis", "milvus"), ("neo4j", "elasticsearch")), (("neo4j", "elasticsearch"), ("redis", "milvus"))])
def test_stores_stopped_for_half_a_minute_hold_up_nobody_else_and_catch_up(
    stack: Settings, owner: str, prefix: str, down: tuple[str, ...], up: tuple[str, ...]
) -> None:
    # GIVEN load, and every app a member of its group
    apps = {store: (pids(f"app-{store}"), members(stack, store)) for store in down}
    assert all(of for _, of in apps.values())
    with Load(owner, prefix):
        burst(owner, f"{prefix}a-", ROWS)
        try:
            # WHEN stores are down
            for store in down:
                stop(store)
            stopped = monotonic()
            burst(owner, f"{prefix}b-", ROWS)
            # THEN the others go on
            for store in up:
                with opened(store, stack) as reader:
                    last = f"{prefix}b-{ROWS - 1:05d}"
                    until(lambda reader=reader, last=last: held_by(reader, last), DOWN_SECONDS, f"{store} to go on")
            until(lambda: monotonic() - stopped > DOWN_SECONDS, DOWN_SECONDS + 5, "half a minute to pass")
        finally:
            for store in down:
                start(store)
        # AND the waiting workers are the same members as before, in the same processes
        assert {store: (pids(f"app-{store}"), members(stack, store)) for store in down} == apps
    # AND what they missed arrives
    assert_equal_everywhere(stack, prefix)
    assert {store: (pids(f"app-{store}"), members(stack, store)) for store in down} == apps
