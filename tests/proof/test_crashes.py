"""Whatever is killed, and whenever: the next run converges, and of the killed run nothing is believed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from aegis.errors import StoreUnavailable
from aegis.settings import Settings
from aegis.stores.opening import opened
from tests.faults.watching import await_restart, kill, pids
from tests.proof.running import CLEAN, REPAIRED, reconciled
from tests.proof.sowing import open_field
from tests.proof.spoiling import open_spoilt
from tests.support.cold_path import aegis, killed_in, last_run, running, state_of
from tests.support.equality import assert_equal_everywhere
from tests.support.soundness import unsound
from tests.support.wait import NotYet, until

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(2400)]

STORES = ("redis", "elasticsearch", "neo4j", "milvus")
PHASES = ("sums", "listing", "content", "confirm", "repair", "verify")
RECONCILE = ("reconcile", "--deep", "--force")
PHASE_SECONDS, END_SECONDS, ANSWER_SECONDS = 120.0, 400.0, 240.0


def test_a_reconciliation_that_is_killed_in_any_phase_is_abandoned_and_the_next_one_converges(stack: Settings, prefix: str) -> None:
    # GIVEN drift of every kind
    with open_field(stack, prefix, 1) as field:
        assert field.sow()
    # WHEN runs are killed, each in another phase
    killed = [killed_in(stack, phase, "reconcile", *RECONCILE, "--wait", "60") for phase in PHASES]
    # THEN the next one repairs what they left
    run = reconciled(*RECONCILE[1:])
    assert run.exit_code in {CLEAN, REPAIRED}, run
    assert [state_of(stack, one) for one in killed] == ["abandoned"] * len(PHASES)
    assert_equal_everywhere(stack, prefix)
    assert unsound(stack, prefix) == []


def test_apps_and_stores_that_are_killed_during_repair_hold_nobody_up_for_long(stack: Settings, prefix: str) -> None:
    with open_spoilt(stack, prefix) as rows:
        # GIVEN drift in every store, WHEN every app is killed while repairs are published
        rows.spoil()
        code = _with_killed(stack, "repair", [f"app-{store}" for store in STORES], *RECONCILE)
        # THEN the run itself waits for them
        assert code == REPAIRED
        assert unsound(stack, prefix) == []
        # GIVEN drift in the same records, WHEN every store is killed in the middle of that
        rows.spoil()
        _with_killed(stack, "repair", list(STORES), *RECONCILE)
        # THEN the next run repairs what is left
        run = reconciled(*RECONCILE[1:])
    assert run.exit_code in {CLEAN, REPAIRED}, run
    assert_equal_everywhere(stack, prefix)
    assert unsound(stack, prefix) == []


@pytest.mark.parametrize(
    ("command", "lock", "victims"),
    [
        (("replay", "cache", "--from-beginning", "--yes"), "replay redis", ("app-redis", "redis")),
        (("rebuild", "search", "--yes"), "replay elasticsearch", ("app-elasticsearch", "elasticsearch")),
    ],
    ids=["replay", "rebuild"],
)
def test_an_app_and_a_store_that_are_killed_while_it_reads_the_log_again_converge_with_the_next_run(
    stack: Settings, prefix: str, command: tuple[str, ...], lock: str, victims: tuple[str, ...]
) -> None:
    with open_spoilt(stack, prefix) as rows:
        # GIVEN drift, WHEN the app is killed while the log is read again, and then the store
        rows.spoil()
        for victim in victims:
            _with_killed(stack, "read", [victim], *command, lock=lock)
    # THEN the next one ends with equal ends
    done = aegis(*command)
    assert done.exit_code in {CLEAN, REPAIRED}, done.complaint
    # AND a reconciliation brings the stores that it was not for
    run = reconciled("--deep", "--force")
    assert run.exit_code in {CLEAN, REPAIRED}, run
    assert_equal_everywhere(stack, prefix)
    assert unsound(stack, prefix) == []


def _with_killed(stack: Settings, phase: str, victims: list[str], *command: str, lock: str = "reconcile") -> int:
    """Run `command` to its end, and kill -9 `victims` when it has entered `phase`; its exit code. Returns when the victims run again."""
    before = last_run(stack, lock).get("run_id")
    with running(*command) as process:

        def entered() -> bool:
            assert process.poll() is None, f"it ended with {process.returncode} before it entered {phase}"
            run = last_run(stack, lock)
            return run.get("run_id") != before and run.get("phase") == phase

        until(entered, PHASE_SECONDS, f"the phase {phase}", interval=0.02)
        had = {victim: _killed(victim) for victim in victims}
        until(lambda: process.poll() is not None, END_SECONDS, f"{command[0]} to end")
        code = process.returncode
    for victim, processes in had.items():
        await_restart(victim, processes, seconds=90)
    for store in STORES:
        until(partial(_answers, stack, store), ANSWER_SECONDS, f"{store} to answer")
    assert last_run(stack, lock)["state"] in {"finished", "failed"}
    return code


def _killed(program: str) -> dict[str, int]:
    """kill -9 every process of `program` and their children: Elasticsearch's server is one of a launcher. The process ids that the supervisor had."""
    children = [child for pid in pids(program).values() for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    had = kill(program)
    for child in children:
        with suppress(ProcessLookupError):  # it went with its parent
            os.kill(int(child), signal.SIGKILL)
    return had


def _answers(stack: Settings, store: str) -> bool | NotYet:
    with opened(store, stack) as reader:
        try:
            return reader.count("policies").visible >= 0
        except StoreUnavailable as error:
            return NotYet(str(error))
