"""When a source may be asked: five failures in a row leave it in peace for a minute, a spent day is over at midnight in Korea."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import reduce

import httpx
import pytest

from aegis.errors import Code
from collectors.failures import Handling, SourceFailed
from collectors.http import Manners, MemoryState, PoliteClient
from collectors.http.record import MOST_FAILURES, REST, Record, answered, begun, failed, spent
from collectors.http.wire import Wire
from collectors.portals import PORTALS
from collectors.request import Request
from infra.local.portals.faults import FORMS
from tests.support.mocked_source import MockedSource

NOON = datetime(2026, 7, 1, 3, tzinfo=UTC)
MIDNIGHT = datetime(2026, 7, 1, 15, tzinfo=UTC)
OPEN = reduce(lambda kept, _: failed(kept, NOON), range(MOST_FAILURES), Record())
SECOND = timedelta(seconds=1)


def after(record: Record, now: datetime, per_day: int | None = None) -> Record | Handling:
    try:
        return begun(record, now, "portal", per_day)
    except SourceFailed as refused:
        return refused.handling


@pytest.mark.parametrize(
    ("record", "now", "per_day", "expected"),
    [
        (Record(), NOON, None, Record(date(2026, 7, 1), 1)),
        (Record(date(2026, 7, 1), 7), NOON, 8, Record(date(2026, 7, 1), 8)),
        (Record(date(2026, 7, 1), 8), NOON, 8, Handling.NEXT_DAY),
        (Record(date(2026, 7, 1), 8), MIDNIGHT - SECOND, 8, Handling.NEXT_DAY),
        (Record(date(2026, 7, 1), 8), MIDNIGHT, 8, Record(date(2026, 7, 2), 1)),
        (spent(Record(), NOON), MIDNIGHT - SECOND, None, Handling.NEXT_DAY),
        (spent(Record(), NOON), MIDNIGHT, None, Record(date(2026, 7, 2), 1)),
        (OPEN, NOON + REST - SECOND, None, Handling.REST),
        (OPEN, NOON + REST, None, Record(date(2026, 7, 1), 1, None, MOST_FAILURES, NOON + REST)),
        (Record(failures=MOST_FAILURES - 1), NOON, None, Record(date(2026, 7, 1), 1, None, MOST_FAILURES - 1)),
    ],
)
def test_whether_a_source_may_be_asked(record: Record, now: datetime, per_day: int | None, expected: Record | Handling) -> None:
    assert after(record, now, per_day) == expected


def test_the_fifth_failure_in_a_row_opens_the_circuit_and_no_sooner() -> None:
    assert OPEN.opened_at == NOON
    assert reduce(lambda kept, _: failed(kept, NOON), range(MOST_FAILURES - 1), Record()).opened_at is None
    assert failed(answered(OPEN), NOON) == Record(failures=1)


def test_a_trial_that_fails_leaves_the_source_in_peace_anew_and_one_that_succeeds_ends_it() -> None:
    trial = after(OPEN, NOON + REST)
    assert isinstance(trial, Record)
    assert after(trial, NOON + REST + SECOND) is Handling.REST
    assert failed(trial, NOON + REST + SECOND).opened_at == NOON + REST + SECOND
    assert answered(trial).opened_at is None


class Source:
    """A portal that answers forms of the simulator, and a client of it with a clock of the test's."""

    def __init__(self) -> None:
        self.answer = httpx.Response(500)
        self.asked = 0
        self.now = NOON
        self.state = MemoryState()

    def ask(self, per_day: int | None = None) -> object:
        manners = Manners("gov24", frozenset({"portal.example"}), per_second=1000, per_day=per_day)
        wire = Wire(manners, through=MockedSource(self._handle))
        with PoliteClient(manners, self.state, wire=wire, sleep=lambda _seconds: None, now=lambda: self.now) as client:
            return client.read(Request("http://portal.example/"), PORTALS["gov24"].read)

    def fails(self) -> SourceFailed:
        with pytest.raises(SourceFailed) as caught:
            self.ask()
        return caught.value

    def _handle(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self.answer.status_code, content=self.answer.content)


def form(kind: str) -> httpx.Response:
    return httpx.Response(FORMS[kind].status, text=FORMS[kind].body)


def test_a_source_that_fails_is_asked_five_times_then_once_a_minute_until_it_answers() -> None:
    source = Source()
    assert source.fails().handling is Handling.RETRY
    assert (source.asked, source.fails().handling) == (3, Handling.REST)
    assert (source.asked, source.fails().handling) == (5, Handling.REST)
    source.now += REST
    assert (source.asked, source.fails().handling) == (5, Handling.REST)
    assert (source.asked, source.fails().handling) == (6, Handling.REST)
    source.now += REST
    source.answer = httpx.Response(200, json={"data": [], "totalCount": 0})
    source.ask()
    source.ask()
    assert (source.asked, source.state.record.failures) == (8, 0)


@pytest.mark.parametrize("kind", ["quota", "quota_200"])
def test_a_day_that_the_gateway_calls_spent_is_not_asked_about_again(kind: str) -> None:
    source = Source()
    source.answer = form(kind)
    assert source.fails().code is Code.RATE_LIMITED
    source.answer = httpx.Response(200, json={"data": [], "totalCount": 0})
    source.now = MIDNIGHT - SECOND
    assert "after midnight in Korea" in source.fails().message
    assert source.asked == 1
    source.now = MIDNIGHT
    source.ask()
    assert source.asked == 2


@pytest.mark.parametrize("kind", ["rate", "key", "missing_list", "too_many"])
def test_a_source_that_answers_something_is_there(kind: str) -> None:
    source = Source()
    source.answer = form(kind)
    for _ in range(MOST_FAILURES):
        source.fails()
    assert source.state.record.failures == 0


def test_attempts_count_towards_the_day() -> None:
    source = Source()
    source.fails()
    assert source.state.record.requests == 3
    source.answer = httpx.Response(200, json={"data": [], "totalCount": 0})
    source.ask(per_day=4)
    with pytest.raises(SourceFailed, match="asked 4 times today"):
        source.ask(per_day=4)
