"""A feed's bytes become records with a stable identifier, or the failure that they are."""

from __future__ import annotations

from datetime import datetime

import pytest

from aegis.errors import Code
from collectors.answer import Answer
from collectors.draft import Accepted, Rejected
from collectors.failures import SourceFailed
from collectors.feeds import FEEDS, feed
from collectors.feeds.moment import KOREA, moment
from collectors.portals.portal import Page
from collectors.validation import validate

POLICY = FEEDS["korea.policy"]
ITEM = """<item><title><![CDATA[[부산] 청년 & 창업 지원]]></title>
<link><![CDATA[https://www.korea.kr/news/policyNewsView.do?newsId=148900001&call_from=rss]]></link>
<description><![CDATA[<p style="x">최대 5천만원&nbsp;지원<br>문의 02-123-4567</p>
<a href="/common/download.do?fileId=7&tblKey=GMN">공고문.hwp</a>]]></description>
<pubDate>Tue, 03 Nov 2026 09:00:00 +0900</pubDate><dc:creator>부산광역시</dc:creator><category>경제</category>
<enclosure url="https://www.korea.kr/common/download.do?fileId=8&amp;tblKey=GMN" type="application/pdf" length="1"/></item>"""
RSS = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>정책</title>{}</channel></rss>'
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>정책</title><entry><title type="html">한 &lt;b&gt;건&lt;/b&gt;</title>
<id>tag:1</id><link href="/news/pressReleaseView.do?newsId=156756869"/>
<content type="html">&lt;p&gt;본문&lt;/p&gt;</content><updated>2026-11-03T09:00:00+09:00</updated></entry></feed>"""


def read(body: str | bytes, status: int = 200) -> Page:
    return POLICY.read(Answer(status, body if isinstance(body, bytes) else body.encode()))


def test_an_item_becomes_a_draft() -> None:
    (raw,) = read(RSS.format(ITEM)).records
    outcome = validate(POLICY, raw)
    assert isinstance(outcome, Accepted)
    made = outcome.draft
    assert (made.source, made.source_id, made.title) == ("korea.policy", "148900001", "[부산] 청년 & 창업 지원")
    assert made.content.startswith("최대 5천만원 지원\n문의 (연락처)")
    assert "첨부파일: download.do?fileId=8&tblKey=GMN, 공고문.hwp" in made.content
    assert (made.target_regions, made.issuing_organization, made.tags) == (("26",), "부산광역시", ("경제",))
    assert isinstance(raw, dict)
    assert raw["published"] == "2026-11-03T09:00:00+09:00"


def test_an_atom_entry_becomes_a_draft() -> None:
    (raw,) = read(ATOM).records
    outcome = validate(POLICY, raw)
    assert isinstance(outcome, Accepted)
    assert (outcome.draft.source_id, outcome.draft.title, outcome.draft.content) == ("156756869", "한 건", "본문")
    assert outcome.draft.detail_url == "https://www.korea.kr/news/pressReleaseView.do?newsId=156756869"


def test_utf_8_is_read_as_such_whatever_is_declared_and_other_encodings_as_declared() -> None:
    declared = RSS.format(ITEM).replace("UTF-8", "euc-kr")
    assert read(declared.encode()) == read(declared.encode("euc-kr")) == read(b"\xef\xbb\xbf" + declared.encode())


def test_an_item_without_a_newsid_goes_to_the_quarantine_and_its_neighbour_does_not() -> None:
    page = read(RSS.format(ITEM.replace("newsId", "id") + ITEM))
    outcomes = [validate(POLICY, raw) for raw in page.records]
    assert [type(each) for each in outcomes] == [Rejected, Accepted]


def test_addresses_that_are_none_cost_no_more_than_their_item() -> None:
    nowhere = ITEM.replace("https://www.korea.kr/news/policyNewsView.do", "http://[주소]/x.do")
    named = ITEM.replace("/common/download.do?fileId=7", "http://[주소]/common/download.do?fileId=7")
    outcomes = [validate(POLICY, raw) for raw in read(RSS.format(nowhere + named)).records]
    assert [type(each) for each in outcomes] == [Rejected, Accepted]
    assert "공고문.hwp" in outcomes[1].document.body


def test_a_feed_without_items_is_an_empty_page() -> None:
    assert read(RSS.format("")) == Page((), 0)


@pytest.mark.parametrize(
    ("body", "status", "code", "retryable"),
    [
        ("", 200, Code.SOURCE_UNAVAILABLE, True),
        (RSS.format(ITEM)[:300], 200, Code.SOURCE_UNAVAILABLE, True),
        ("<html><body>점검 중</body></html>", 200, Code.SOURCE_UNAVAILABLE, True),
        ("<result><code>1</code></result>", 200, Code.INVALID_FORMAT, False),
        (b'<?xml version="1.0" encoding="euc-kr"?><rss>\xff\xfe\xff</rss>', 200, Code.SOURCE_UNAVAILABLE, True),
        (b'<?xml version="1.0" encoding="no-such"?><rss>\xff</rss>', 200, Code.SOURCE_UNAVAILABLE, True),
        ("gone", 404, Code.SOURCE_UNAVAILABLE, False),
        ("no", 403, Code.SCRAPING_BLOCKED, False),
        ("slow down", 429, Code.RATE_LIMITED, True),
        ('<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><channel><title>&b;</title></channel></rss>', 200, Code.INVALID_FORMAT, False),
        ('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>', 200, Code.INVALID_FORMAT, False),
    ],
)
def test_what_is_no_feed_is_an_error_and_never_an_empty_feed(body: str | bytes, status: int, code: Code, retryable: bool) -> None:
    with pytest.raises(SourceFailed) as failed:
        read(body, status)
    assert (failed.value.code, failed.value.is_retryable) == (code, retryable)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 03 Nov 2026 09:05:00 +0900",
        "Tue, 03 Nov 2026 00:05:00 GMT",
        "Tue, 03 Nov 2026 09:05:00 KST",
        "2026-11-03T09:05:00+09:00",
        "2026-11-03T00:05:00Z",
        "2026-11-03 09:05:00",
        "2026.11.03 09:05",
        "2026/11/3 09:05:00",
        "2026년 11월 3일 오전 9시 5분",
    ],
)
def test_a_time_of_publication_is_read_in_every_form(text: str) -> None:
    assert moment(text) == datetime(2026, 11, 3, 9, 5, tzinfo=KOREA)


@pytest.mark.parametrize(("text", "hour"), [("2026.11.3. 오후 1:00", 13), ("2026.11.3. 오후 12:00", 12), ("2026.11.3. 오전 12:00", 0), ("2026-11-03", 0)])
def test_halves_of_the_day_and_days_alone_are_read(text: str, hour: int) -> None:
    assert moment(text) == datetime(2026, 11, 3, hour, tzinfo=KOREA)


@pytest.mark.parametrize("text", ["", "어제", "2026.13.03", "2026.02.30 25:00", "상시"])
def test_what_states_no_time_is_none(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(("name", "path"), [("korea.policy", "policy.xml"), ("korea.dept_moef", "dept_moef.xml")])
def test_feeds_are_known_by_name(name: str, path: str) -> None:
    found = feed(name)
    assert found is not None
    assert found.request("https://www.korea.kr/rss/", "", 1, 100).url == f"https://www.korea.kr/rss/{path}"


@pytest.mark.parametrize("name", ["korea.", "korea.dept_", "korea.dept_../x", "korea.unheard", "policy", "gov24"])
def test_what_is_no_feed_is_not_called_so(name: str) -> None:
    assert feed(name) is None
