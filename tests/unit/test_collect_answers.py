"""A portal's answer is data, or a failure with the right code, handling and words: whatever the status and format."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import Code
from collectors.answer import Answer, NoData, read
from collectors.failures import Handling, SourceFailed
from collectors.portals import PORTALS
from collectors.portals.portal import Page, Portal
from infra.local.portals.faults import FORMS

EXPECTED = {
    "key": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "key_json": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "key_text": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "key_null": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "expired": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "address": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "unsigned": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "bizinfo_key": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "odcloud_key": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "odcloud_key_400": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "odcloud_key_401": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "odcloud_service": (Code.SOURCE_UNAVAILABLE, Handling.FATAL),
    "quota": (Code.RATE_LIMITED, Handling.NEXT_DAY),
    "quota_200": (Code.RATE_LIMITED, Handling.NEXT_DAY),
    "rate": (Code.RATE_LIMITED, Handling.WAIT),
    "application": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "timeout": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "http": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "unknown": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "provider_xml": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "parameter": (Code.INVALID_FORMAT, Handling.FATAL),
    "youthcenter_key": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "provider": (Code.INVALID_FORMAT, Handling.FATAL),
    "server_error": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "maintenance": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "blocked": (Code.SCRAPING_BLOCKED, Handling.FATAL),
    "too_many": (Code.RATE_LIMITED, Handling.WAIT),
    "cut_short": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "missing_list_xml": (Code.INVALID_FORMAT, Handling.FATAL),
    "cut_short_xml": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
    "missing_list": (Code.INVALID_FORMAT, Handling.FATAL),
    "empty_body": (Code.SOURCE_UNAVAILABLE, Handling.RETRY),
}


@pytest.mark.parametrize("source", sorted(PORTALS))
@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_every_error_form_is_understood(source: str, kind: str) -> None:
    form = FORMS[kind]
    with pytest.raises(SourceFailed) as caught:
        PORTALS[source].read(Answer(form.status, form.body.encode()))
    assert (caught.value.code, caught.value.handling) == EXPECTED[kind]
    assert len(caught.value.message) > 20


def test_every_form_of_the_simulator_is_expected_somewhere() -> None:
    assert set(FORMS) - set(EXPECTED) == {"no_data", "hang_up"}  # an empty page, and no answer at all


@pytest.mark.parametrize("source", sorted(PORTALS))
def test_no_data_is_an_empty_page_and_no_failure(source: str) -> None:
    page = PORTALS[source].read(Answer(200, FORMS["no_data"].body.encode()))
    assert page.records == ()
    assert page.total == 0


def test_the_limit_of_a_second_asks_for_at_least_a_second() -> None:
    with pytest.raises(SourceFailed) as caught:
        read(Answer(429, FORMS["rate"].body.encode()))
    assert caught.value.wait_seconds >= 1


def test_a_limit_without_words_waits_as_long_as_the_answer_says() -> None:
    with pytest.raises(SourceFailed) as caught:
        read(Answer(429, b"", retry_after=7.0))
    assert caught.value.wait_seconds == 7


def test_a_provider_that_says_ok_is_believed_with_a_byte_order_mark_too() -> None:
    body = {"response": {"header": {"resultCode": "00", "resultMsg": "OK"}, "body": {"items": []}}}
    assert read(Answer(200, b"\xef\xbb\xbf" + json.dumps(body).encode())) == body


def test_an_ok_header_under_a_failing_status_is_no_success() -> None:
    with pytest.raises(SourceFailed):
        read(Answer(500, json.dumps({"header": {"resultCode": "00"}}).encode()))


def page_or_failure(portal: Portal, answer: Answer) -> Page | SourceFailed:
    try:
        return portal.read(answer)
    except SourceFailed as failed:
        return failed


def expect_page_or_failure(body: bytes, status: int) -> None:
    """Every portal has a page in the answer, without records where its status says failure, or says what came instead."""
    for portal in PORTALS.values():
        found = page_or_failure(portal, Answer(status, body))
        if isinstance(found, SourceFailed):
            assert found.reason.startswith("HTTP ")  # the status, or the one that a portal states in the body
        else:
            assert status < 300 or found == Page((), 0)
            assert found.total is None or found.total >= 0


@given(status=st.integers(200, 599), body=st.binary(max_size=200))
def test_no_body_raises_anything_but_a_failure(status: int, body: bytes) -> None:
    expect_page_or_failure(body, status)


@given(
    status=st.integers(200, 599),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "jsonArray", "item", "header", "response", "cmmMsgHeader", "resultCode", "msg", "code", "result", "youthPolicyList", "pagging"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
)
def test_no_json_raises_anything_but_a_failure(status: int, value: object) -> None:
    expect_page_or_failure(json.dumps(value).encode(), status)


TAGS = st.sampled_from(["response", "header", "resultCode", "body", "items", "item", "data", "col", "wantedList", "servList", "totalCount", "cmmMsgHeader"])


@given(
    status=st.integers(200, 599),
    body=st.recursive(
        st.text(alphabet="0123가<&; ", max_size=6).map(escape),
        lambda inner: st.lists(st.tuples(TAGS, inner), max_size=3).map(lambda pairs: "".join(f"<{tag}>{value}</{tag}>" for tag, value in pairs)),
        max_leaves=10,
    ),
    root=TAGS,
)
def test_no_xml_raises_anything_but_a_failure(status: int, body: str, root: str) -> None:
    expect_page_or_failure(f"<{root}>{body}</{root}>".encode(), status)


def test_a_page_with_half_a_surrogate_pair_is_read() -> None:
    page = PORTALS["gov24"].read(Answer(200, rb'{"totalCount": 1, "data": [{"x": "\ud800"}]}'))
    assert len(page.records) == 1


def test_no_data_value_is_its_own_kind() -> None:
    assert isinstance(read(Answer(200, FORMS["no_data"].body.encode())), NoData)
