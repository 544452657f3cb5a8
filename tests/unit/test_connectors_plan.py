"""Decisions about connectors: what to do, when to refuse, when to restart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.position import lsn_text
from connectors.definition import Definition
from connectors.plan import Action, Step, plan
from connectors.rest import Status, Task
from connectors.restarts import HOUR_SECONDS, Policy, Verdict, decide
from connectors.slot import Slot, possible_loss, stored_lsn

DESIRED = Definition("c", {"a": "1", "b": "2"})
RUNNING = Status("c", "RUNNING", (Task(0, "RUNNING"),))
FAILED = Status("c", "RUNNING", (Task(0, "FAILED", "org.x.Outer: o\n\tat y\nCaused by: org.x.Middle: m\nCaused by: org.x.Inner: no schema\n\tat z"),))


@pytest.mark.parametrize(
    ("observed", "step"),
    [
        (None, Step("c", Action.CREATE)),
        ({"a": "1", "b": "2", "name": "c"}, Step("c", Action.NONE)),
        ({"a": "1", "b": "3", "name": "c"}, Step("c", Action.UPDATE, ("b",))),
        ({"a": "1", "name": "c"}, Step("c", Action.UPDATE, ("b",))),
        ({"a": "1", "b": "2", "z": "9", "name": "c"}, Step("c", Action.UPDATE, ("z",))),
    ],
)
def test_registration_does_what_makes_the_stored_configuration_equal(observed: dict[str, str] | None, step: Step) -> None:
    assert plan(DESIRED, observed) == step


def slot(confirmed: int, wal_status: str = "reserved") -> Slot:
    return Slot("s", active=False, wal_status=wal_status, confirmed=confirmed, written=500)


@pytest.mark.parametrize(
    ("stored", "observed", "reason"),
    [
        (None, None, None),  # never registered
        (None, slot(100), None),  # a new offset: everything is read anew
        (100, slot(100), None),
        (100, slot(90), None),  # the usual: the slot follows
        (100, None, "slot s is missing"),
        (100, slot(101), "ahead of the stored offset 0/64"),
        (100, slot(50, "lost"), "max_slot_wal_keep_size"),
    ],
)
def test_a_start_that_could_lose_changes_is_refused(stored: int | None, observed: Slot | None, reason: str | None) -> None:
    found = possible_loss("c", "s", stored, observed)
    if reason is None:
        assert found is None
    else:
        assert found is not None
        assert reason in found
        assert "aegis connect apply --snapshot-again" in found


def test_the_stored_position_is_read_from_debeziums_offset() -> None:
    assert stored_lsn([{"partition": {"server": "aegis"}, "offset": {"lsn": 38320680, "txId": 1282}}]) == 38320680
    assert stored_lsn([]) is None
    assert stored_lsn([{"partition": {"server": "aegis"}, "offset": None}]) is None
    assert lsn_text(38320680) == "0/248BA28"


def test_a_status_names_the_innermost_cause() -> None:
    assert FAILED.failures == ("task 0: org.x.Inner: no schema",)
    assert not FAILED.running
    assert RUNNING.running
    assert not Status("c", "RUNNING", ()).running
    assert Status("c", "FAILED", (), "org.x.Broken: b\n\tat y").failures == ("connector: org.x.Broken: b",)


POLICY = Policy(cap_per_hour=3, first_pause_seconds=10, longest_pause_seconds=15)


@pytest.mark.parametrize(
    ("status", "restarts", "verdict"),
    [
        (None, (), Verdict.HEALTHY),
        (RUNNING, (), Verdict.HEALTHY),
        (Status("c", "PAUSED", (Task(0, "PAUSED"),)), (), Verdict.HEALTHY),
        (FAILED, (), Verdict.RESTART),
        (FAILED, (9_995.0,), Verdict.WAIT),
        (FAILED, (9_990.0,), Verdict.RESTART),
        (FAILED, (9_900.0, 9_986.0), Verdict.WAIT),  # the pause doubles to 20 s, and ends at the longest, 15 s
        (FAILED, (9_900.0, 9_985.0), Verdict.RESTART),
        (FAILED, (9_000.0, 9_100.0, 9_200.0), Verdict.GIVE_UP),
        (FAILED, (10_000 - HOUR_SECONDS, 9_100.0, 9_200.0), Verdict.RESTART),  # the first is an hour ago
    ],
)
def test_what_failed_is_restarted_with_growing_pauses_and_a_cap(status: Status | None, restarts: tuple[float, ...], verdict: Verdict) -> None:
    assert decide(POLICY, status, restarts, 10_000.0) is verdict


@given(st.lists(st.floats(min_value=0.5, max_value=600), min_size=1, max_size=400))
def test_however_often_it_fails_the_cap_holds_in_every_hour(pauses: list[float]) -> None:
    now, restarts = 0.0, list[float]()
    for pause in pauses:
        now += pause
        if decide(POLICY, FAILED, tuple(restarts), now) is Verdict.RESTART:
            restarts.append(now)
            assert sum(now - at < HOUR_SECONDS for at in restarts) <= POLICY.cap_per_hour
    assert restarts
