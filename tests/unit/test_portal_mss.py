"""중소벤처기업부: XML alone, a total that is too low, periods that are often empty, a person's name and addresses in every row."""

from __future__ import annotations

from datetime import date

import pytest

from aegis.errors import Code
from collectors.failures import Handling, SourceFailed
from collectors.portals import PORTALS
from infra.local.portals.faults import FORMS
from infra.local.portals.interface import Listed
from infra.local.portals.mss import MSS, mss_row
from tests.support.drafts import draft, page, problems, rows

HEADER = "<header><resultCode>00</resultCode><resultMsg>OK</resultMsg></header>"
TITLE = "<item><itemId>1</itemId><title>공고</title></item>"


def listing(items: str, counts: str) -> str:
    return f"<response>{HEADER}<body>{items}{counts}</body></response>"


@pytest.mark.parametrize(
    ("number", "size", "is_last"),
    [(2, 2, False), (1, 2, True), (0, 2, True), (2, None, False)],
)
def test_a_page_shorter_than_asked_is_the_last(number: int, size: int | None, is_last: bool) -> None:
    counts = "<totalCount>1</totalCount>" + (f"<numOfRows>{size}</numOfRows>" if size else "")
    read = page("mss", listing(f"<items>{TITLE * number}</items>", counts))
    assert (len(read.records), read.total, read.is_least, read.is_last) == (number, 1, True, is_last)


@pytest.mark.parametrize("body", [listing("", "<totalCount>5</totalCount>"), listing("", ""), "<response/>", '{"items": []}'])
def test_a_body_without_a_list_is_no_empty_listing(body: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        page("mss", body)
    assert caught.value.code is Code.INVALID_FORMAT


def test_none_at_all_is_an_empty_page() -> None:
    assert page("mss", listing("", "<totalCount>0</totalCount>")).records == ()
    assert page("mss", listing("<items/>", "<totalCount>0</totalCount>")).records == ()


@pytest.mark.parametrize(("kind", "handling"), [("quota", Handling.NEXT_DAY), ("quota_200", Handling.NEXT_DAY), ("rate", Handling.WAIT)])
def test_both_limits_are_told_apart(kind: str, handling: Handling) -> None:
    with pytest.raises(SourceFailed) as caught:
        page("mss", FORMS[kind].body, FORMS[kind].status)
    assert caught.value.handling is handling


def test_an_announcement_becomes_a_draft() -> None:
    made = draft(
        "mss",
        {
            "itemId": "1061234",
            "title": "[부산] 2026년 수출&amp;바우처 공고",
            "dataContents": "<p>지원&nbsp;내용</p>\r\r<p>문의 02-123-4567</p>",
            "applicationStartDate": "2026-10-01",
            "applicationEndDate": "2026-10-31",
            "viewUrl": "https://www.mss.go.kr/View.do?cbIdx=310&amp;bcIdx=1061234",
            "fileName": ["공고문.hwp", "서식.hwp"],
            "fileUrl": ["https://x/1", "https://x/2"],
        },
    )
    assert (made.title, made.issuing_organization, made.target_regions) == ("[부산] 2026년 수출&바우처 공고", "중소벤처기업부", ("26",))
    assert made.content == "지원 내용\n\n문의 (연락처)"
    assert (made.application_start_date, made.application_end_date) == (date(2026, 10, 1), date(2026, 10, 31))
    assert made.detail_url == "https://www.mss.go.kr/View.do?cbIdx=310&bcIdx=1061234"


def test_empty_dates_are_none_and_no_region_is_guessed() -> None:
    made = draft("mss", {"itemId": "1", "title": "공고", "applicationStartDate": "", "applicationEndDate": ""})
    assert (made.application_start_date, made.application_end_date, made.target_regions) == (None, None, ())


def test_the_writer_is_not_mapped() -> None:
    [raw] = rows("mss", MSS.write(Listed([mss_row(3)], 1, 10, 1), {}).text)
    writer = {"writerName": "홍길동", "writerPosition": "수출과장", "writerPhone": "044-000-1111", "writerEmail": "hong@example.kr"}
    assert writer.keys() <= raw.keys()
    text = draft("mss", {**raw, **writer}).model_dump_json()
    assert not [value for value in writer.values() if value in text]


def test_repeated_files_arrive_as_a_list_and_break_nothing() -> None:
    row = {**mss_row(1), "fileName": ["가.hwp", "나.hwp"], "fileUrl": ["https://x/1", "https://x/2"]}
    [raw] = rows("mss", MSS.write(Listed([row], 1, 10, 1), {}).text)
    assert raw["fileName"] == ["가.hwp", "나.hwp"]
    assert draft("mss", raw).title


def test_a_repeated_title_is_a_wrong_type_of_one_record() -> None:
    [raw] = rows("mss", listing("<items><item><itemId>1</itemId><title>가</title><title>나</title></item></items>", ""))
    assert problems("mss", raw) == [(Code.INVALID_FORMAT, "title")]


def test_xml_is_what_is_asked_for() -> None:
    request = PORTALS["mss"].request("http://x", "k", 1, 1000)
    assert (dict(request.params), request.headers["Accept"]) == ({"serviceKey": "k", "pageNo": "1", "numOfRows": "1000"}, "application/xml")
