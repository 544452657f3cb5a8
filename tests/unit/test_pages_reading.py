"""A run through a site of notices: what is asked for, what becomes a record, and what is recognised as no list at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from aegis.errors import Code
from collectors.draft import Accepted, PolicyDraft, Rejected
from collectors.failures import SourceFailed
from collectors.http.state import MemoryState
from collectors.pages.reading import Reading
from collectors.pages.shelf import sites
from collectors.pages.site import Site
from collectors.validation import validate
from infra.local.portals.notices import NoticeBoard, notice
from tests.support.boards import asking, knowing

SITES = sites()
TABLE, CARDS, SCRIPT = (SITES[f"pages.haneul-{form}"] for form in ("table", "cards", "script"))
TODAY = date(2026, 7, 1)


def without_rechecks(site: Site) -> Site:
    return Site(site.description.model_copy(update={"recheck_days": 0}))


def reading(site: Site, board: NoticeBoard, *known: Mapping[str, Any], today: date = TODAY) -> Reading:
    return Reading(site, asking(board), knowing(*known), today, lambda _seconds: None)


def records(run: Reading) -> list[Any]:
    return [record for page in run.pages() for record in page.records]


def draft(site: Site, record: object) -> PolicyDraft:
    outcome = validate(site, record)
    assert isinstance(outcome, Accepted), outcome
    return outcome.draft


def test_robots_come_first_then_pages_until_the_stated_total_is_reached() -> None:
    board = NoticeBoard()
    pages = list(reading(TABLE, board).pages())
    assert board.asked[:2] == ["/robots.txt", "/haneul/table/list?page=1"]
    assert [path for path in board.asked if "list" in path] == [f"/haneul/table/list?page={number}" for number in (1, 2, 3)]
    assert [(len(page.records), page.total) for page in pages] == [(10, 25), (10, 25), (5, 25)]


@pytest.mark.parametrize("site", [TABLE, CARDS, SCRIPT], ids=lambda site: site.name)
def test_every_form_of_board_gives_drafts(site: Site) -> None:
    made = draft(site, records(reading(site, NoticeBoard()))[1])
    assert (made.source, made.source_id, made.title) == (site.name, "24", "[예시] 하늘시 중소기업 지원사업 공고 24")
    assert "최대 7백만원\n신청기간: 2026.07.01 ~ 2026.07.31" in made.content
    assert (made.issuing_organization, made.operating_organization, made.target_regions) == ("하늘시", "하늘시 기업지원과", ("41",))
    assert made.detail_url == f"http://127.0.0.1:18300/haneul/{site.name.rpartition('-')[2]}/view?no=24"
    assert ("첨부파일: 공고문 24.hwp, 신청서.pdf" in made.content) == (site is not SCRIPT)


def test_known_notices_with_the_row_that_they_had_are_not_opened_again() -> None:
    board, site = NoticeBoard(), without_rechecks(TABLE)
    first = records(reading(site, board))
    board.change(7, title="[예시] 바뀐 제목")
    board.asked.clear()
    again = records(reading(site, board, *first))
    assert [path for path in board.asked if "view" in path] == ["/haneul/table/view?no=7"]
    assert [record for record in again if record["id"] != "7"] == [record for record in first if record["id"] != "7"]


def test_a_notice_whose_page_was_not_understood_is_opened_again() -> None:
    board, site = NoticeBoard(), without_rechecks(TABLE)
    board.details[7] = (200, "<p>?</p>")
    first = records(reading(site, board))
    (bad,) = [record for record in first if record["detail"] is None]
    outcome = validate(site, bad)
    assert isinstance(outcome, Rejected)
    assert [(problem.code, problem.field) for problem in outcome.problems] == [(Code.INVALID_FORMAT, "detail")]
    board.details.clear()
    assert all(record["detail"] for record in records(reading(site, board, *first)))


def test_every_known_notice_is_opened_once_in_its_turn() -> None:
    board = NoticeBoard()
    first = records(reading(TABLE, board))
    board.asked.clear()
    for day in range(7):
        records(reading(TABLE, board, *first, today=TODAY + timedelta(days=day)))
    opened = [path for path in board.asked if "view" in path]
    assert sorted(opened) == sorted(f"/haneul/table/view?no={number}" for number in range(1, 26))


def test_in_its_turn_a_notice_is_asked_for_only_if_it_changed() -> None:
    board, memory, every_day = NoticeBoard(), MemoryState(), Site(TABLE.description.model_copy(update={"recheck_days": 1}))

    def run(*known: Mapping[str, Any]) -> list[Any]:
        return records(Reading(every_day, asking(board), knowing(*known), TODAY, lambda _seconds: None, memory))

    first = run()
    assert memory.validators("notice 7")
    board.change(7, content="<p>몰래 바뀐 내용</p>")
    again = run(*first)
    assert [each["id"] for each, before in zip(again, first, strict=True) if each != before] == ["7"]
    assert all(each is before for each, before in zip(again, first, strict=True) if each["id"] != "7")


def test_pinned_notices_that_stand_on_every_page_count_once() -> None:
    board = NoticeBoard()
    board.change(3, pinned=True)
    found = records(reading(Site(TABLE.description.model_copy(update={"list": TABLE.description.list.model_copy(update={"rows": _ANY_ROW})})), board))
    assert sorted(int(record["id"]) for record in found) == list(range(1, 26))


_ANY_ROW = TABLE.description.list.rows.model_copy(update={"select": "table.board tr"})


def test_no_more_pages_and_notices_are_asked_for_than_allowed() -> None:
    board = NoticeBoard()
    site = Site(CARDS.description.model_copy(update={"pages": CARDS.description.pages.model_copy(update={"most": 2, "details": 12})}))
    pages = list(reading(site, board).pages())
    assert [len(page.records) for page in pages] == [10, 2]
    assert sum("view" in path for path in board.asked) == 12


def test_a_notice_that_was_taken_away_meanwhile_is_left_out() -> None:
    board = NoticeBoard()
    board.details[5] = (404, "")
    assert len(records(reading(TABLE, board))) == 24


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "http://[주소]/169.254.169.254"])
def test_a_notice_on_a_foreign_host_or_none_is_quarantined_and_not_asked_for(address: str) -> None:
    board, rules = NoticeBoard(), TABLE.description.list.model_copy(update={"link": _ANY_ROW.model_copy(update={"select": "td.title a::text"})})
    board.notices = [notice(2), replace(notice(1), title=address)]
    site = Site(TABLE.description.model_copy(update={"list": rules, "detail": TABLE.description.detail.model_copy(update={"url": None})}))
    board.details[2] = board.details[1] = (404, "")
    (bad,) = records(reading(site, board))
    assert (bad["id"], "none of the site's hosts" in bad["problem"], bad["detail"]) == ("1", True, None)
    assert isinstance(validate(site, bad), Rejected)


def test_a_board_without_notices_says_so() -> None:
    for site in (TABLE, CARDS):
        assert records(reading(site, NoticeBoard(notices=[]))) == []


def test_a_list_without_rows_that_does_not_say_so_has_changed() -> None:
    with pytest.raises(SourceFailed, match="has no row") as failed:
        records(reading(SCRIPT, NoticeBoard(notices=[])))
    assert failed.value.code is Code.INVALID_FORMAT


def test_rows_in_which_nothing_is_found_are_a_changed_list() -> None:
    rules = TABLE.description.list.model_copy(update={"title": _ANY_ROW.model_copy(update={"select": "td.subject"})})
    with pytest.raises(SourceFailed, match=r"both an id .* and a title 'td\.subject'"):
        records(reading(Site(TABLE.description.model_copy(update={"list": rules})), NoticeBoard()))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, "Forbidden", Code.SCRAPING_BLOCKED),
        (401, "", Code.SCRAPING_BLOCKED),
        (200, "<p>자동입력 방지 문자를 입력하세요</p>", Code.SCRAPING_BLOCKED),
        (200, '<div class="g-recaptcha"></div>', Code.SCRAPING_BLOCKED),
        (200, "<p>비정상적인 접근입니다.</p>", Code.SCRAPING_BLOCKED),
        (200, '<form><input type="password" name="pw"></form>', Code.SCRAPING_BLOCKED),
        (200, "<p>로그인 후 이용해 주세요</p>", Code.SCRAPING_BLOCKED),
        (429, "", Code.RATE_LIMITED),
        (503, "", Code.SOURCE_UNAVAILABLE),
        (200, "<p>시스템 점검 중입니다</p>", Code.SOURCE_UNAVAILABLE),
        (404, "<p>없는 페이지</p>", Code.SOURCE_UNAVAILABLE),
        (200, "<div class='new-board'>개편된 게시판</div>", Code.INVALID_FORMAT),
    ],
)
def test_refusals_interruptions_and_changed_pages_are_told_apart(status: int, body: str, code: Code) -> None:
    with pytest.raises(SourceFailed) as failed:
        records(reading(TABLE, NoticeBoard(answer=(status, body))))
    assert failed.value.code is code


def test_a_notice_that_speaks_of_a_login_is_no_refusal() -> None:
    board = NoticeBoard()
    board.change(25, content="<p>신청은 로그인이 필요합니다. captcha, 접근 제한, 점검 중</p>")
    assert "로그인이 필요" in records(reading(TABLE, board))[0]["detail"]["content"]


def test_a_site_whose_notices_cannot_be_read_any_more_ends_the_run() -> None:
    board = NoticeBoard(details=dict.fromkeys(range(1, 26), (200, "<div>새 모양</div>")))
    with pytest.raises(SourceFailed) as failed:
        records(reading(TABLE, board))
    assert failed.value.code is Code.INVALID_FORMAT
    assert sum("view" in path for path in board.asked) == 3
