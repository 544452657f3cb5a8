"""Texts of a megabyte that almost match: what reads text from outside needs time that grows with its length, and takes any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import Code
from aegis.noise import line_tidied, lines_tidied
from collectors import markup
from collectors.answer import Answer
from collectors.draft import Accepted, Rejected
from collectors.failures import SourceFailed
from collectors.feeds import FEEDS
from collectors.pages.recognising import recognised
from collectors.pages.rule import Rule
from collectors.portals import PORTALS
from collectors.validation import validate
from collectors.wording import line, plain, tidy, without_contacts

LETTERS = 1_000_000
pytestmark = pytest.mark.timeout(60)


def repeated(unit: str) -> str:
    return (unit * (LETTERS // len(unit) + 1))[:LETTERS]


@pytest.mark.parametrize("unit", ["<a", "<a ", "<a b=", "</a", "<!--", "<!-- -", "<script", '<a b=">"', "<div>", "<td>", "<em>"])
def test_markup_that_never_ends_is_read_once_and_is_nobodys_text(unit: str) -> None:
    assert plain("<p>가</p>" + repeated(unit)) == "가"


@pytest.mark.parametrize("unit", ["<", "<a ", "&", "&a", "&#"])
def test_what_only_begins_like_markup_is_text(unit: str) -> None:
    assert plain(repeated(unit)) == tidy(repeated(unit))


@pytest.mark.parametrize("unit", ["2026년", "a@"])
def test_contacts_are_looked_for_once(unit: str) -> None:
    assert without_contacts(repeated(unit)) == repeated(unit)


def test_a_declaration_that_never_ends_is_looked_for_once() -> None:
    assert markup.cleaned(repeated("<?xml")) == repeated("<?xml")


@pytest.mark.timeout(15)
def test_a_tag_of_megabytes_is_not_begun_again_with_every_piece() -> None:
    with pytest.raises(SourceFailed, match="damaged XML"):
        markup.parsed(f"<a {'x' * 30_000_000}/>", Answer(200, b""))


def test_marks_heaped_on_a_letter_stay_as_they_are_and_syllables_are_put_together() -> None:
    heap = repeated("\u0301\u0316")
    assert lines_tidied(f"\u1100\u1161\u11a8{heap}가\u11a8") == line_tidied(f"각{heap}각") == f"각{heap}각"


def test_a_page_of_countless_levels_is_refused_before_a_rule_reads_each_of_them() -> None:
    with pytest.raises(SourceFailed, match="more than 256 levels deep"):
        recognised(Answer(200, repeated("<div>").encode()), Rule(select="div"), "the list")


def test_links_within_links_are_read_once_each() -> None:
    links = '<a href="/common/download.do?fileId=1"><div>가' * 20_000
    (record,) = FEEDS["korea.policy"].read(Answer(200, f"<rss><item><description><![CDATA[{links}]]></description></item></rss>".encode())).records
    assert isinstance(record, dict)
    assert [each["url"] for each in record["attachments"]] == ["https://www.korea.kr/common/download.do?fileId=1"]


def nested(levels: int) -> dict[str, object]:
    body = f'{{"data":[{{"서비스ID":"1","서비스명":"가","깊은":{"[" * levels}{"]" * levels}}}]}}'
    (record,) = PORTALS["gov24"].read(Answer(200, body.encode())).records
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize("levels", [64, 500, 900])
def test_a_record_of_countless_levels_is_rejected_and_breaks_no_neighbour(levels: int) -> None:
    outcome = validate(PORTALS["gov24"], nested(levels))
    assert isinstance(outcome, Rejected)
    assert [(problem.code, problem.field) for problem in outcome.problems] == [(Code.INVALID_FORMAT, "(record)")]
    assert outcome.document.body.count("[") == 63


def test_a_number_of_thousands_of_digits_breaks_no_neighbour() -> None:
    body = f'{{"data":[{{"서비스ID":"1","서비스명":"가","조회수":{"1" * 5000}}},{{"서비스ID":{"2" * 5000},"서비스명":"나"}}]}}'
    outcomes = [validate(PORTALS["gov24"], record) for record in PORTALS["gov24"].read(Answer(200, body.encode())).records]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected]


def test_a_record_of_as_many_levels_as_are_kept_is_kept_whole() -> None:
    outcome = validate(PORTALS["gov24"], nested(63))
    assert isinstance(outcome, Accepted)
    assert outcome.document.body.count("[") == 63


def test_a_number_that_no_letter_has_is_none() -> None:
    assert plain("가&#" + "9" * 5000 + ";나") == line("가&#" + "9" * 5000 + ";나") == "가\ufffd나"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<p title="1 > 2">가</p>', "가"),
        ("가<BR/>나<br>다", "가\n나\n다"),
        ("<td>가</td><td>나</td>", "가 나"),
        ("<script>if (a<b) </p></script>가<style>p{}</style>", "가"),
        ("가<!-- <p> -->나<!-- <p>다", "가나"),
        ("1 < 2 <경북> <a", "1 < 2 <경북> <a"),
        ("<p>1 < 2 &lt;b&gt; &amp;lt; &apos;&middot;&hellip;&nbsp;&#39;&bogus;</p>", "1 < 2 <b> &lt; '·… '&bogus;"),
    ],
)
def test_what_readers_see_of_markup_is_its_text(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(alphabet=st.sampled_from("<>/!-= \n\"'ap가&;#1"), max_size=80))
def test_text_out_of_markup_is_tidy_and_contacts_are_taken_out_of_it_once(text: str) -> None:
    assert plain(text) == tidy(plain(text))
    assert without_contacts(without_contacts(text)) == without_contacts(text)
