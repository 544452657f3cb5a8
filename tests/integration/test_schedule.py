"""Sources are asked when they are due, over restarts, with a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Lock

import psycopg
import pytest
from psycopg.types.json import Json

from aegis.korea import KOREA
from aegis.settings import Settings
from collectors.schedule.serving import Service
from collectors.schedule.timetable import Timetable
from tests.support.database import in_database
from tests.support.wait import until

pytestmark = pytest.mark.stack
KINDS = {"gov24": "api", "korea": "feed", "town": "pages"}


@pytest.fixture
def owner(stack: Settings, own_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(in_database(stack.postgres_dsn.get_secret_value(), own_database), autocommit=True) as connection:
        yield connection


@pytest.fixture
def timetable(stack: Settings, own_database: str) -> Timetable:
    return Timetable(in_database(stack.postgres_collector_dsn.get_secret_value(), own_database), KINDS)


def _ran(
    owner: psycopg.Connection, source: str, ago: timedelta, *, new: int = 0, status: str = "success", code: str | None = None, stood_in: bool = False
) -> datetime:
    at = datetime.now(UTC) - ago
    owner.execute(
        """INSERT INTO processing_history (pipeline, source, status, counts, error_code, message, started_at, finished_at)
           VALUES ('collect', %s, %s, %s, %s, 'said', %s, %s)""",
        [source, status, Json({"new": new, "fetched": 100} | ({"stood_in": True} if stood_in else {})), code, at, at],
    )
    return at


def test_what_was_decided_is_remembered_and_made_up_for_once(owner: psycopg.Connection, timetable: Timetable) -> None:
    finished = _ran(owner, "gov24", timedelta(hours=30), new=1)
    decided = timetable.decide(["gov24"], datetime.now(UTC))["gov24"]
    assert decided.at == finished + timedelta(hours=6)
    # a restart: a new timetable that knows nothing
    again = Timetable(timetable.dsn, KINDS)
    assert again.dues(datetime.now(UTC))["gov24"] == decided
    assert Service(again, lambda _source: None, 1).due(datetime.now(UTC))[0] == "gov24"


def test_a_limit_of_the_day_that_is_used_up_is_told_from_other_failures(owner: psycopg.Connection, timetable: Timetable) -> None:
    now = datetime.now(UTC)
    for source in ("gov24", "korea"):
        _ran(owner, source, timedelta(0), status="failure")
    owner.execute("INSERT INTO ops.source_states (source, day, spent_at) VALUES ('gov24', (now() AT TIME ZONE 'Asia/Seoul')::date, %s)", [now])
    dues = timetable.decide(["gov24", "korea"], now)
    assert dues["gov24"].reason == "the limit of the day is used up"
    assert dues["korea"].reason == "1 failures in a row"


def test_a_limit_of_ones_own_that_is_reached_waits_for_the_next_day_and_is_told_from_other_failures(owner: psycopg.Connection, timetable: Timetable) -> None:
    limited = Timetable(timetable.dsn, KINDS, {"gov24": 100, "korea": 101, "town": 100})
    for source, code in (("gov24", "DP_1002"), ("korea", "DP_1002"), ("town", "DP_1001")):
        _ran(owner, source, timedelta(0), status="failure", code=code)
        owner.execute("INSERT INTO ops.source_states (source, day, requests) VALUES (%s, (now() AT TIME ZONE 'Asia/Seoul')::date, 100)", [source])
    dues = limited.decide(list(KINDS), datetime.now(UTC))
    assert dues["gov24"].reason == "the limit of the day is used up"
    assert (dues["gov24"].at.astimezone(KOREA).hour, dues["gov24"].at.astimezone(KOREA).minute) == (0, 5)
    assert {dues[source].reason for source in ("korea", "town")} == {"1 failures in a row"}
    owner.execute("UPDATE ops.source_states SET day = day - 1")
    assert limited.decide(["gov24"], datetime.now(UTC))["gov24"].reason == "1 failures in a row"


def test_what_stood_in_for_a_source_is_no_failure_more_and_hides_none(owner: psycopg.Connection, timetable: Timetable) -> None:
    _ran(owner, "gov24", timedelta(minutes=3), status="failure", code="DP_1001")
    _ran(owner, "gov24", timedelta(minutes=2), status="failure", code="DP_1003", stood_in=True)  # the mirror
    _ran(owner, "gov24", timedelta(minutes=1), new=40, status="partial", code="DP_1001", stood_in=True)
    _ran(owner, "korea", timedelta(minutes=2), status="failure", code="DP_1001")
    _ran(owner, "korea", timedelta(minutes=1), new=40, status="partial", code="DP_1001")  # as runs of earlier releases left it
    for due in timetable.decide(["gov24", "korea"], datetime.now(UTC)).values():
        assert (due.reason, due.interval) == ("1 failures in a row", timedelta(minutes=15))


def test_sources_run_side_by_side_within_the_limit_and_never_beside_themselves(owner: psycopg.Connection, timetable: Timetable) -> None:
    both, running, most, lock, done = Barrier(2), set[str](), [0], Lock(), Event()
    ran: list[str] = []

    def run(source: str) -> None:
        with lock:
            assert source not in running
            running.add(source)
            most[0] = max(most[0], len(running))
        if len(ran) < 2:
            both.wait(10)  # two are under way at once
        _ran(owner, source, timedelta(0), new=1)
        with lock:
            running.discard(source)
            ran.append(source)
            if len(ran) == len(KINDS):
                done.set()

    scheduler = Service(timetable, run, 2).start()
    try:
        assert done.wait(30)
        until(lambda: owner.execute("SELECT count(*) FROM ops.schedules").fetchone() == (3,), 10, "the next times to be kept")
    finally:
        scheduler.shutdown()
    assert sorted(ran) == sorted(KINDS)
    assert most[0] == 2
    [(least,)] = owner.execute("SELECT min(next_run_at) > now() + interval '20 minutes' FROM ops.schedules").fetchall()
    assert least


def test_a_run_that_left_no_trace_is_not_repeated_at_once(owner: psycopg.Connection, timetable: Timetable) -> None:
    ran: list[str] = []
    service = Service(Timetable(timetable.dsn, {"gov24": "api"}), ran.append, 1)
    scheduler = service.start()
    try:
        until(lambda: ran and scheduler.get_jobs(), 10, "the next run to be planned")
        [job] = scheduler.get_jobs()
        assert job.trigger.run_date > datetime.now(UTC) + timedelta(seconds=30)
    finally:
        scheduler.shutdown()
    assert ran == ["gov24"]
