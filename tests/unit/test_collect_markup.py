"""XML of portals is read by a hardened parser, in whatever encoding it came; nothing but an answer with data comes through."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aegis.errors import Code
from collectors import answer, markup
from collectors.answer import Answer, NoData
from collectors.charset import decoded
from collectors.failures import Handling, SourceFailed
from infra.local.portals.faults import FORMS

PAGE = '<?xml version="1.0" encoding="UTF-8"?><response><header><resultCode>00</resultCode></header><body>{}</body></response>'
ITEM = "<item><title>소상공인 지원</title><url>a&amp;amp;b</url><text>가&#13;\n나</text><file>1</file><file>2</file><none/></item>"


def failure(body: str | bytes, status: int = 200) -> SourceFailed:
    with pytest.raises(SourceFailed) as caught:
        markup.read(Answer(status, body if isinstance(body, bytes) else body.encode()))
    return caught.value


def item(body: bytes) -> dict[str, object]:
    root = markup.read(Answer(200, body))
    assert not isinstance(root, NoData)
    found = root.find(".//item")
    assert found is not None
    return markup.record(found)


def test_a_row_is_a_mapping_and_repeated_siblings_are_a_list() -> None:
    assert item(PAGE.format(ITEM).encode()) == {
        "title": "소상공인 지원",
        "url": "a&amp;b",
        "text": "가\r\n나",
        "file": ["1", "2"],
        "none": "",
    }


def test_columns_that_carry_their_name_in_an_attribute_count_as_tags() -> None:
    assert item(PAGE.format('<item><col name="pbanc_sn">7</col><col name="id"/></item>').encode()) == {"pbanc_sn": "7", "id": ""}


def test_a_row_within_a_row_is_a_mapping() -> None:
    assert item(PAGE.format("<item><a><b>1</b></a></item>").encode()) == {"a": {"b": "1"}}


@pytest.mark.parametrize(("declared", "sent"), [("UTF-8", "cp949"), ("EUC-KR", "utf-8"), ("EUC-KR", "euc-kr"), ("UTF-8", "utf-8-sig")])
def test_the_declared_encoding_is_not_believed(declared: str, sent: str) -> None:
    assert item(PAGE.replace("UTF-8", declared).format(ITEM).encode(sent))["title"] == "소상공인 지원"


def test_characters_that_xml_forbids_cost_nothing_else() -> None:
    assert item(PAGE.format("<item><title>가\x00\x0b나</title></item>").encode()) == {"title": "가나"}


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BOMB, "document type or entities"),
        (OUTSIDE, "document type or entities"),
        ('<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><x/>', "document type or entities"),
        ("<a>" * 40 + "</a>" * 40, "levels deep"),
        ("<a>" + " " * answer.MOST_BYTES + "</a>", "bytes, more than"),
        ("{}", "HTTP 200"),
        ('{"data": []}', "HTTP 200"),
    ],
)
def test_what_no_answer_needs_is_refused_at_once(body: str, words: str) -> None:
    error = failure(body)
    assert (error.code, error.handling) == (Code.INVALID_FORMAT, Handling.FATAL)
    assert words in error.message
    assert "root:" not in error.message


@pytest.mark.parametrize("cut", [10, 60, 120])
def test_a_body_cut_short_is_tried_again(cut: int) -> None:
    whole = PAGE.format(ITEM).encode()
    assert failure(whole[:cut]).handling is Handling.RETRY
    assert failure(whole[:-cut]).handling is Handling.RETRY


@pytest.mark.parametrize("body", ["<!DOCTYPE html><html><body>점검 중</body></html>", "<html><body>점검 중</body></html>", "<HTML>"])
def test_a_page_for_people_is_maintenance_and_no_forbidden_document(body: str) -> None:
    assert (failure(body).code, failure(body).handling) == (Code.SOURCE_UNAVAILABLE, Handling.RETRY)
    assert failure(body, 403).code is Code.SCRAPING_BLOCKED


@pytest.mark.parametrize(
    ("code", "expected"),
    [("22", Handling.NEXT_DAY), ("23", Handling.WAIT), ("30", Handling.FATAL), ("10", Handling.FATAL), ("99", Handling.RETRY), ("04", Handling.RETRY)],
)
def test_a_reason_code_within_the_portals_own_envelope_is_understood(code: str, expected: Handling) -> None:
    assert failure(f"<wantedList><resultCode>{code}</resultCode><resultMessage>X</resultMessage></wantedList>").handling is expected


def test_no_data_is_no_failure() -> None:
    assert isinstance(markup.read(Answer(200, FORMS["no_data"].body.encode())), NoData)
    assert isinstance(markup.read(Answer(200, b"<response><header><resultCode>03</resultCode></header></response>")), NoData)


def test_an_ok_under_a_failing_status_is_no_success() -> None:
    assert failure(PAGE.format(ITEM), 500).handling is Handling.RETRY
    assert failure("<response/>", 401).code is Code.SCRAPING_BLOCKED


def root_or_failure(answer: Answer) -> Element | NoData | SourceFailed:
    try:
        return markup.read(answer)
    except SourceFailed as failed:
        return failed


@given(st.integers(200, 599), st.binary(max_size=100) | st.text(alphabet='<>/ab&;#x"=! 가', max_size=60).map(str.encode))
@example(500, b"<a/>")
def test_no_body_raises_anything_but_a_failure(status: int, body: bytes) -> None:
    found = root_or_failure(Answer(status, body))
    if isinstance(found, SourceFailed):
        assert f"HTTP {status}" in found.reason
    else:
        assert status < 300 or isinstance(found, NoData)


KOREAN = st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=2, max_size=30)


@given(KOREAN, st.sampled_from(["utf-8", "cp949"]))
def test_korean_text_is_read_in_both_encodings(text: str, encoding: str) -> None:
    page = f"<a>지원 사업 {text}</a>"
    assert decoded(page.encode(encoding)) == page


def test_one_bad_byte_does_not_make_a_page_of_utf8_another_encoding() -> None:
    assert decoded("지원 사업".encode() * 50 + b"\xff") == "지원 사업" * 50 + "\ufffd"


def test_bytes_in_no_known_encoding_are_unreadable() -> None:
    assert decoded(bytes(range(128, 256)) * 4) is None
    assert failure(bytes(range(128, 256)) * 4).handling is Handling.RETRY
