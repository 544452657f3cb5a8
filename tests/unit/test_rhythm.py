"""When a source is asked next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import Code
from aegis.korea import KOREA
from collectors.schedule.rhythm import RHYTHMS, Ran, next_run

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _ran(changes: int = 1, *, ago: timedelta = timedelta(0), fetched: int = 1_000) -> Ran:
    return Ran(NOW - ago, "success", changes, fetched)


def _failed(code: str = Code.SOURCE_UNAVAILABLE, *, limit: bool = False) -> Ran:
    return Ran(NOW, "failure", error_code=code, limit_of_the_day=limit)


def test_a_source_that_never_ran_is_due_at_once() -> None:
    assert next_run("api", [], NOW).at == NOW


@pytest.mark.parametrize(
    ("runs", "interval"),
    [
        ([_ran()], 6 * HOUR),
        ([_ran(0)] * 3, 6 * HOUR),
        ([_ran(0)] * 4, 12 * HOUR),
        ([_ran(0)] * 8, 24 * HOUR),
        ([_ran(0)] * 64, 24 * HOUR),
        ([_ran(), *[_ran(0)] * 8], 6 * HOUR),
        ([_ran(244)], 3 * HOUR),
        ([_ran(19)], 6 * HOUR),
        ([_ran(50, fetched=10_000)], 6 * HOUR),
        ([_ran(244)] * 9, HOUR),
        ([_ran(0), _ran(244)], 6 * HOUR),
    ],
    ids=["usual", "three quiet", "four quiet", "eight quiet", "always quiet", "no longer quiet", "burst", "few", "small share", "long burst", "burst over"],
)
def test_quiet_sources_are_asked_less_and_those_in_a_burst_more(runs: list[Ran], interval: timedelta) -> None:
    due = next_run("api", runs, NOW)
    assert (due.interval, due.at) == (interval, NOW + interval)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 15), (2, 30), (3, 60), (6, 360), (40, 360)])
def test_a_failing_source_is_asked_again_soon_and_then_less_and_less(failures: int, minutes: int) -> None:
    assert next_run("api", [_failed()] * failures, NOW).at == NOW + timedelta(minutes=minutes)


def test_a_spent_limit_waits_for_midnight_in_korea() -> None:
    assert next_run("api", [_failed(Code.RATE_LIMITED, limit=True)], NOW).at == datetime(2026, 11, 22, 0, 5, tzinfo=KOREA)


@pytest.mark.parametrize("code", [Code.SCRAPING_BLOCKED, Code.INVALID_FORMAT])
def test_where_a_person_has_to_look_the_source_is_asked_as_seldom_as_may_be(code: Code) -> None:
    assert next_run("feed", [_failed(code)], NOW).interval == RHYTHMS["feed"].most


@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=40), timedelta(hours=11)])
def test_pages_begin_at_midnight_in_korea_however_long_a_run_took(late: timedelta) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=KOREA)
    due = next_run("pages", [Ran(midnight + late, "success", 1, 100)], NOW)
    assert due.at == midnight + timedelta(days=1)


RUNS = st.lists(
    st.builds(
        Ran,
        finished_at=st.integers(0, 10_000).map(lambda minutes: NOW - timedelta(minutes=minutes)),
        status=st.sampled_from(["success", "partial", "failure"]),
        changes=st.integers(0, 20_000),
        fetched=st.integers(0, 20_000),
        error_code=st.sampled_from([None, *Code]),
        limit_of_the_day=st.booleans(),
    ),
    min_size=1,
    max_size=80,
)


@given(kind=st.sampled_from(sorted(RHYTHMS)), runs=RUNS)
def test_whatever_happened_the_next_run_is_after_the_last_and_within_the_limits(kind: str, runs: list[Ran]) -> None:
    rhythm, due = RHYTHMS[kind], next_run(kind, runs, NOW)
    assert due.at > runs[0].finished_at
    assert due.reason
    if runs[0].status != "failure":
        assert rhythm.least <= due.interval <= rhythm.most
