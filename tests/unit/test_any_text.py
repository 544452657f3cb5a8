"""Whatever a source sends: what reads it gives a result within its documented bounds, or raises the documented error and no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aegis.codes import SIDO
from aegis.phrases.money import money
from aegis.phrases.period import period
from collectors import answer, markup, regions
from collectors.answer import Answer, NoData
from collectors.charset import decoded
from collectors.draft import Accepted, Rejected
from collectors.failures import SourceFailed
from collectors.feeds import FEEDS
from collectors.feeds.moment import KOREA, moment
from collectors.files.folder import FileFolder
from collectors.files.mapping import FolderMapping
from collectors.pages.recognising import recognised
from collectors.pages.robots import MOST_DELAY_SECONDS, robots_in
from collectors.pages.rule import Rule
from collectors.period import ImpossibleDate
from collectors.validation import validate
from collectors.wording import absolute, first_link, line, names, sections

ANY = st.text(alphabet=st.characters(codec=None), max_size=100)
PIECES = (
    *"0123456789,.~-%()[]{}'\"/:;#&<>= \n\u3000\u0000\ud800\u1100１①",
    *(
        "9999",
        "0001",
        "2026",
        "-12-31",
        "T00:00:00",
        "+14:00",
        "-14:00",
        "Z",
        "KST",
        "오후",
        "월",
        "일",
        "원",
        "만원",
        "억",
        "년",
        "최대",
        "연",
        "신청기간",
        "까지",
    ),
    *(
        "[서울ㆍ경기]",
        "전남광주통합특별시",
        "전국",
        "https://",
        "http://[",
        "a.b",
        "1e",
        "nan",
        "inf",
        "null",
        "<rss>",
        "<item>",
        "</item>",
        "</rss>",
        "<![CDATA[",
    ),
)
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
TEXT = st.one_of(ANY, HOSTILE)
BODY = st.one_of(st.binary(max_size=100), TEXT.map(lambda text: text.encode(errors="surrogatepass")), TEXT.map(lambda text: text.encode("cp949", "replace")))
FOLDER = FileFolder(
    FolderMapping.model_validate(
        {
            "source": "x",
            "fields": {"source_id": "id", "title": "t"}
            | dict.fromkeys(
                (
                    "content",
                    "target_regions",
                    "target_industries",
                    "funding_amount_min",
                    "interest_rate",
                    "application_start_date",
                    "application_period_text",
                    "tags",
                ),
                "x",
            ),
        }
    )
)


@given(TEXT)
@settings(deadline=None)
def test_readings_of_prose_stay_within_what_a_policy_can_have(text: str) -> None:
    read = money(text)
    assert all(won is None or 0 <= won <= 10**16 for won in (read.least, read.most))
    assert read.rate is None or 0 <= read.rate < 1000
    when = period(text)
    assert all(day is None or date(1900, 1, 1) <= day <= date(2099, 12, 31) for day in (when.start, when.end))


@given(TEXT)
def test_names_links_and_headings_are_tidy(text: str) -> None:
    resolved = text.replace("&", "")
    assert line(line(resolved)) == line(resolved)
    assert all(name == name.strip() and name for name in names(text))
    assert len(set(names(text))) == len(names(text))
    assert (link := first_link(text)) is None or link.startswith("http")
    assert isinstance(absolute("https://example.org/list?page=1", text), str)
    assert sections([("", text), ("가", None)]).strip() == sections([("", text)])


@given(TEXT)
def test_regions_are_provinces(text: str) -> None:
    for codes in (regions.of_title(text), regions.of_names([text]), regions.of_organization(text), regions.of_codes(text.split(","))):
        assert set(codes) <= set(SIDO)
        assert list(codes) == sorted(set(codes))


@given(TEXT)
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:00:00-14:00")
def test_a_moment_is_one_in_korea(text: str) -> None:
    found = moment(text)
    assert found is None or found.tzinfo is KOREA


READERS: dict[str, Callable[[Answer], object]] = {
    "json": answer.read,
    "xml": markup.read,
    "feed": FEEDS["korea.policy"].read,
    "page": lambda page: recognised(page, Rule(select="p"), "a page"),
}


def outcome(reader: str, answered: Answer) -> object:
    """What is read, or why nothing could be."""
    try:
        return READERS[reader](answered)
    except SourceFailed as failed:
        return failed


@pytest.mark.parametrize("reader", READERS)
@given(body=BODY, status=st.sampled_from([200, 403, 500]))
@settings(deadline=None)
def test_any_body_is_read_or_is_a_failure_of_its_source(reader: str, body: bytes, status: int) -> None:
    found = outcome(reader, Answer(status, body))
    assert status == 200 or isinstance(found, SourceFailed | NoData)
    assert not isinstance(found, SourceFailed) or found.reason


@given(BODY)
def test_any_robots_file_gives_a_delay_that_can_be_slept(body: bytes) -> None:
    for text in (body, b"User-agent: *\nCrawl-delay: " + body, b"User-agent: *\nDisallow: " + body):
        robots = robots_in(Answer(200, text))
        with suppress(SourceFailed):
            robots.expect_allowed("https://example.org/list?page=1")
            assert 0 <= robots.delay <= MOST_DELAY_SECONDS


@given(st.binary(max_size=100))
def test_any_bytes_are_text_or_none(body: bytes) -> None:
    text = decoded(body)
    assert text is None or isinstance(text, str)


@given(st.dictionaries(st.sampled_from(["title", "description", "pubDate"]), HOSTILE))
@example({"pubDate": ""})
@settings(deadline=None)
def test_any_item_of_a_feed_is_a_record_and_an_outcome(parts: dict[str, str]) -> None:
    inside = "".join(f"<{name}><![CDATA[{markup.cleaned(text).replace(']]', '')}]]></{name}>" for name, text in parts.items())
    (record,) = FEEDS["korea.policy"].read(Answer(200, f"<rss><channel><item>{inside}</item></channel></rss>".encode())).records
    found = validate(FEEDS["korea.policy"], record)
    assert isinstance(found, Rejected)  # without a link, it has no identifier
    assert {problem.field for problem in found.problems} <= {"newsId", "title"}


def impossible_date(row: dict[str, object]) -> str:
    """What is said of a day in `row` that the calendar does not have; empty where there is none."""
    try:
        FOLDER.fields(row)
    except ImpossibleDate as error:
        return str(error)
    return ""


@given(st.one_of(TEXT, st.floats(), st.integers(), st.none(), st.lists(TEXT, max_size=3)))
@example("2026-02-30 ~ 2026-03-01")
@settings(deadline=None)
def test_any_cell_of_a_file_is_an_outcome(value: object) -> None:
    row = {"id": "1", "t": "가", "x": value}
    found = validate(FOLDER, row)
    assert (found.document.source, found.document.source_id) == ("files.x", "1")
    said = impossible_date(row)
    assert not said or (isinstance(found, Rejected) and [problem.reason for problem in found.problems] == [said])
    assert isinstance(validate(FOLDER, row | {"t": value}), Accepted | Rejected)
