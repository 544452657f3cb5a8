"""What may pass by itself is tried again, at most three times; what may not is told at once; keys never stand in words."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import httpx
import pytest

from aegis.errors import Code
from collectors.failures import SourceFailed
from collectors.fetch import Fetcher
from collectors.http import Manners, PoliteClient
from collectors.http.client import LONGEST_WAIT_SECONDS
from collectors.http.wire import USER_AGENT, Wire
from collectors.portals import PORTALS, Portal
from collectors.portals.portal import Page
from infra.local.portals.faults import FORMS
from tests.support.mocked_source import MockedSource

GOV24, BIZINFO = PORTALS["gov24"], PORTALS["bizinfo"]
GOOD = httpx.Response(200, json={"totalCount": 1, "data": [{}], "jsonArray": [{"totCnt": 1}]})


def answers(*responses: httpx.Response | Exception) -> tuple[Callable[[httpx.Request], httpx.Response], list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        response = responses[min(len(seen), len(responses)) - 1]
        if isinstance(response, Exception):
            raise response
        return response

    return handle, seen


def fetch(handle: Callable[[httpx.Request], httpx.Response], slept: list[float], portal: Portal = GOV24) -> Page:
    manners = Manners(portal.name, frozenset({"portal.example"}), per_second=1000)
    with PoliteClient(manners, wire=Wire(manners, through=MockedSource(handle)), sleep=slept.append) as client:
        return Fetcher(client).page(portal, portal.request("http://portal.example/api", "geheim", 1, 10))


def form(kind: str) -> httpx.Response:
    return httpx.Response(FORMS[kind].status, text=FORMS[kind].body)


@pytest.mark.parametrize("kind", ["application", "timeout", "http", "rate", "server_error", "cut_short", "too_many"])
def test_what_may_pass_is_tried_again(kind: str) -> None:
    handle, seen = answers(form(kind), form(kind), GOOD)
    assert fetch(handle, []).total == 1
    assert len(seen) == 3


def test_three_attempts_are_the_most() -> None:
    handle, seen = answers(form("server_error"))
    with pytest.raises(SourceFailed) as caught:
        fetch(handle, [])
    assert caught.value.code is Code.SOURCE_UNAVAILABLE
    assert len(seen) == 3


@pytest.mark.parametrize("kind", ["quota", "quota_200", "key", "key_json", "odcloud_key", "blocked", "missing_list"])
def test_what_cannot_pass_is_asked_once(kind: str) -> None:
    handle, seen = answers(form(kind))
    with pytest.raises(SourceFailed):
        fetch(handle, [])
    assert len(seen) == 1


def test_the_limit_of_a_second_is_waited_out() -> None:
    slept: list[float] = []
    fetch(answers(form("rate"), GOOD)[0], slept)
    assert slept[0] >= 1


def test_a_portal_cannot_make_a_run_wait_for_hours() -> None:
    slept: list[float] = []
    fetch(answers(httpx.Response(429, headers={"Retry-After": "86400"}), GOOD)[0], slept)
    assert slept == [LONGEST_WAIT_SECONDS]


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("http://portal.example/?crtfcKey=geheim"), httpx.ReadTimeout("geheim"), httpx.RemoteProtocolError("geheim")]
)
def test_no_answer_is_a_source_that_is_not_available(error: Exception) -> None:
    handle, seen = answers(error)
    with pytest.raises(SourceFailed) as caught:
        fetch(handle, [], BIZINFO)
    assert caught.value.code is Code.SOURCE_UNAVAILABLE
    assert "portal.example" in caught.value.message
    assert "geheim" not in str(caught.value)
    assert len(seen) == 3


@pytest.mark.parametrize("kind", sorted(set(FORMS) - {"no_data", "hang_up"}))
def test_no_error_repeats_the_key(kind: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        fetch(answers(form(kind))[0], [], BIZINFO)
    assert "geheim" not in "".join(traceback.format_exception_only(caught.value))


def test_requests_name_their_sender() -> None:
    handle, seen = answers(GOOD)
    fetch(handle, [])
    assert "aegis" in USER_AGENT
    assert seen[0].headers["User-Agent"] == USER_AGENT
