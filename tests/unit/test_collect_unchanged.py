"""A feed that did not change is not read again; it is known as stored only once it was stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from collectors.feeds import FEEDS
from collectors.fetch import Fetcher
from collectors.http import MemoryState, PoliteClient, manners_for
from collectors.staging import Order, fetched
from collectors.validators import NO_VALIDATORS, Validators, validators_in
from tests.support.scripted_source import ScriptedSource, scripted_source

FEED = FEEDS["korea.policy"]
PATH = "/rss/policy.xml"
ITEM = "<item><title>[예시] 지원사업</title><link>https://www.korea.kr/news/policyNewsView.do?newsId=1</link></item>"


@pytest.fixture
def source() -> Iterator[ScriptedSource]:
    with scripted_source() as running:
        running.answers(PATH, f"<rss version='2.0'><channel>{ITEM}</channel></rss>".encode(), ETag='"1"')
        yield running


def records(source: ScriptedSource, state: MemoryState, *, remembers: bool = True, most: int = 10) -> int:
    """How many records one run takes, at most `most` pages of them."""
    url = source.url("/rss")
    with PoliteClient(manners_for(FEED.name, url, per_second=1000), state) as client:
        pages = fetched(Order(FEED, url, "", 100), Fetcher(client, remembers=remembers))
        return sum(len(page.records) for _number, page in zip(range(most), pages, strict=False))


def test_what_was_stored_is_asked_about_and_not_sent_again(source: ScriptedSource) -> None:
    state = MemoryState()
    assert records(source, state) == 1
    source.answers(PATH, b"", 304)
    assert records(source, state) == 0
    assert source.asked[1].headers["if-none-match"] == '"1"'
    source.answers(PATH, f"<rss version='2.0'><channel>{ITEM}</channel></rss>".encode(), ETag='"2"')
    assert records(source, state) == 1
    assert state.validators(source.url(PATH)) == Validators('"2"')


def test_a_run_that_broke_off_or_wrote_nothing_remembers_nothing(source: ScriptedSource) -> None:
    state = MemoryState()
    records(source, state, most=1)
    records(source, state, remembers=False)
    assert state.validators(source.url(PATH)) == NO_VALIDATORS


def test_what_cannot_be_sent_back_is_not_remembered() -> None:
    assert validators_in({"ETag": '"가"', "Last-Modified": "Tue, 03 Nov 2026 00:00:00 GMT"}) == Validators(None, "Tue, 03 Nov 2026 00:00:00 GMT")
