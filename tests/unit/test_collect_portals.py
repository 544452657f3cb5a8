"""One record of a portal becomes a draft, quirks and all, or problems that name code, field, reason and remedy."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.errors import Code
from collectors.answer import Answer
from collectors.draft import Accepted, PolicyDraft, Rejected, policy_id
from collectors.portals import PORTALS
from collectors.portals.portal import count
from collectors.staging import Order
from collectors.validation import usable_id, validate
from infra.local.portals.generated import bizinfo_row, gov24_row
from infra.local.portals.registry import INTERFACES

BIZINFO, GOV24 = PORTALS["bizinfo"], PORTALS["gov24"]


def draft(source: str, raw: dict[str, Any]) -> PolicyDraft:
    outcome = validate(PORTALS[source], raw)
    assert isinstance(outcome, Accepted), outcome
    return outcome.draft


def problems(source: str, raw: object) -> list[tuple[Code, str]]:
    outcome = validate(PORTALS[source], raw)
    assert isinstance(outcome, Rejected), outcome
    assert all(problem.reason and problem.remedy for problem in outcome.problems)
    return [(problem.code, problem.field) for problem in outcome.problems]


def test_an_announcement_of_today_becomes_a_draft() -> None:
    made = draft(
        "bizinfo",
        {
            **bizinfo_row(1),
            "pblancId": "PBLN_000000000120683",
            "pblancNm": "[인천] 2026년 스타트업 프로젝트 모집 공고  ",
            "reqstBeginEndDe": "2026-04-02 ~ 2026-04-29",
            "hashtags": "창업,인천,2026,멘토링,2026-04-28",
            "pldirSportRealmLclasCodeNm": "창업",
            "trgetNm": "창업벤처",
        },
    )
    assert made.policy_id == policy_id("bizinfo", "PBLN_000000000120683")
    assert made.title == "[인천] 2026년 스타트업 프로젝트 모집 공고"
    assert made.target_regions == ("28",)
    assert (made.application_start_date, made.application_end_date) == (date(2026, 4, 2), date(2026, 4, 29))
    assert made.tags == ("창업", "창업벤처", "멘토링")
    assert made.detail_url is not None
    assert "<p" not in made.content
    assert "&nbsp;" not in made.content


def test_an_announcement_of_2021_becomes_a_draft() -> None:
    made = draft(
        "bizinfo",
        {
            "industNm": "제조업(10~34)@전문, 과학 및 기술 서비스업(70~73)",
            "pblancUrl": "/see/seea/selectSEEA140Detail.do?pblancId=PBLN_1&menuId=8",
            "jrsdInsttNm": "중소벤처기업부",
            "pldirSportRealmLclasCodeNm": "기술@기술",
            "bsnsSumryCn": "가치&#40;공급&#41;사슬\r\n\r\n☞ 지원",
            "reqstBeginEndDe": "추후 공지",
            "areaNm": "서울@부산",
            "excInsttNm": None,
            "pblancNm": "상용화기술개발",
            "pblancId": "PBLN_1",
        },
    )
    assert made.detail_url == "https://www.bizinfo.go.kr/see/seea/selectSEEA140Detail.do?pblancId=PBLN_1&menuId=8"
    assert made.target_industries == ("C", "M")
    assert made.target_regions == ("11", "26")
    assert made.category == "기술"
    assert made.content == "가치(공급)사슬\n\n☞ 지원"
    assert made.application_period_text == "추후 공지"
    assert made.application_start_date is None


def test_a_swallowed_page_is_no_target_and_no_tag() -> None:
    made = draft("bizinfo", {"pblancId": "P1", "pblancNm": "[전남] 공고", "trgetNm": "자 모집 공고" * 50, "hashtags": "[전남] 공고,2026-04-29,플랫폼"})
    assert made.tags == ("플랫폼",)
    assert made.target_regions == ("46",)
    assert "지원대상" not in made.content


def test_contacts_of_people_do_not_reach_a_draft() -> None:
    biz = {**bizinfo_row(2), "refrncNm": "홍길동 054-650-7969, a@b.kr", "reqstMthPapersCn": "이메일 접수 c@d.kr, 문의 010-1234-5678"}
    gov = {**gov24_row(2), "전화문의": "홍길동/02-123-4567||보건소/02-123-9999", "부서명": "홍길동"}
    for source, raw in (("bizinfo", biz), ("gov24", gov)):
        text = draft(source, raw).model_dump_json()
        for contact in ("홍길동", "054-650-7969", "a@b.kr", "c@d.kr", "010-1234-5678", "02-123-4567"):
            assert contact not in text


def test_a_full_row_of_gov24_becomes_a_draft() -> None:
    made = draft(
        "gov24",
        {
            **gov24_row(3),
            "서비스ID": "000000465790",
            "소관기관명": "경기도 성남시",
            "소관기관유형": "시군구",
            "신청방법": "기타 온라인신청||방문신청",
            "신청기한": "접수기관 별 상이",
            "사용자구분": "개인||가구",
            "지원유형": "현금",
            "상세조회URL": "www.gov.kr/portal/x",
        },
    )
    assert made.source_id == "000000465790"
    assert made.target_regions == ("41",)
    assert made.application_period_text == "접수기관 별 상이"
    assert made.tags == ("현금", "개인", "가구")
    assert made.detail_url == "https://www.gov.kr/portal/x"
    assert "||" not in made.content


def test_a_reduced_row_of_gov24_becomes_a_draft() -> None:
    made = draft(
        "gov24", {"서비스ID": "WII000001060", "서비스명": "난방비", "서비스목적요약": "지원", "신청방법": "", "소관기관명": "보건복지부", "_분류": "subsidies"}
    )
    assert made.category == "보조금"
    assert made.target_regions == ()
    assert made.application_period_text is None


def test_a_service_of_a_ministry_is_for_the_whole_country() -> None:
    assert draft("gov24", {**gov24_row(4), "소관기관명": "보건복지부", "소관기관유형": "중앙행정기관"}).target_regions == ("00",)


def test_a_numeric_identifier_is_taken_as_text() -> None:
    assert draft("gov24", {"서비스ID": 465790, "서비스명": "난방비"}).source_id == "465790"


def test_a_dash_is_no_period() -> None:
    assert draft("gov24", {**gov24_row(5), "신청기한": "-"}).application_period_text is None


@pytest.mark.parametrize(
    ("source", "raw", "expected"),
    [
        ("gov24", {"서비스명": "난방비"}, [(Code.VALIDATION_FAILED, "서비스ID")]),
        ("gov24", {"서비스ID": "A1"}, [(Code.VALIDATION_FAILED, "서비스명")]),
        ("gov24", {"서비스ID": "A1", "서비스명": ""}, [(Code.VALIDATION_FAILED, "서비스명")]),
        ("gov24", {"서비스ID": "A1", "서비스명": "&nbsp; \x00"}, [(Code.VALIDATION_FAILED, "서비스명")]),
        ("gov24", {"서비스ID": "A1", "서비스명": ["난방비"]}, [(Code.INVALID_FORMAT, "서비스명")]),
        ("gov24", {"서비스ID": "A1", "서비스명": 5, "지원대상": {}}, [(Code.INVALID_FORMAT, "서비스명"), (Code.INVALID_FORMAT, "지원대상")]),
        ("gov24", {"서비스ID": "B010-****-****", "서비스명": "가림"}, [(Code.INVALID_FORMAT, "서비스ID")]),
        ("gov24", {"서비스ID": "지원-1", "서비스명": "가"}, [(Code.INVALID_FORMAT, "서비스ID")]),
        ("gov24", {"서비스ID": "A1", "서비스명": "가", "신청기한": "2062.05.02~2026.05.01"}, [(Code.VALIDATION_FAILED, "application_end_date")]),
        ("gov24", {"서비스ID": "A1", "서비스명": "가", "신청기한": "2026.02.30~2026.05.01"}, [(Code.INVALID_FORMAT, "신청기한")]),
        ("gov24", {"서비스ID": "A1", "서비스명": "가", "신청기한": "1026.02.03~2026.05.01"}, [(Code.VALIDATION_FAILED, "application_start_date")]),
        ("bizinfo", {"pblancId": "P1", "pblancNm": "가", "pblancUrl": "javascript:x"}, [(Code.INVALID_FORMAT, "pblancUrl")]),
        ("bizinfo", {"pblancId": "P1", "pblancNm": "가" * 501}, [(Code.VALIDATION_FAILED, "pblancNm")]),
        ("bizinfo", {"pblancId": None, "pblancNm": "가"}, [(Code.INVALID_FORMAT, "pblancId")]),
        ("bizinfo", {}, [(Code.VALIDATION_FAILED, "pblancId"), (Code.VALIDATION_FAILED, "pblancNm")]),
        ("bizinfo", None, [(Code.INVALID_FORMAT, "(record)")]),
        ("bizinfo", [1], [(Code.INVALID_FORMAT, "(record)")]),
    ],
)
def test_a_record_that_is_no_policy_says_why(source: str, raw: object, expected: list[tuple[Code, str]]) -> None:
    assert problems(source, raw) == expected


@pytest.mark.parametrize(
    "overrides", [{"funding_amount_min": 5, "funding_amount_max": 4}, {"funding_amount_max": -1}, {"target_regions": ("99",)}, {"target_industries": ("Z",)}]
)
def test_a_draft_refuses_amounts_and_codes_that_cannot_be(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"won|greater|code"):
        PolicyDraft(source="x", source_id="1", title="가", **overrides)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(PORTALS)), st.data())
def test_no_record_can_break_its_neighbours(source: str, data: st.DataObject) -> None:
    whole = INTERFACES[source].example(1, 1)
    raw = {**whole, **data.draw(st.dictionaries(st.sampled_from(sorted(whole)), ANYTHING, max_size=4))}
    outcome = validate(PORTALS[source], raw)
    json.loads(outcome.document.body)
    assert "\x00" not in outcome.document.body + outcome.document.source_id
    outcome.document.body.encode()
    if isinstance(outcome, Accepted):
        assert usable_id(PORTALS[source], raw) == outcome.draft.source_id


@pytest.mark.parametrize(
    ("source", "noise"),
    [
        ("bizinfo", {"inqireCo": 99999, "totCnt": 7}),
        ("gov24", {"조회수": 99999}),
        ("kstartup", {"id": 99999}),
        ("youthcenter", {"inqCnt": "99999"}),
        ("bokjiro_central", {"inqNum": "99999"}),
        ("bokjiro_local", {"inqNum": "99999"}),
    ],
)
def test_a_view_is_no_new_content(source: str, noise: dict[str, int | str]) -> None:
    raw = INTERFACES[source].example(1, 1)
    first, second = (validate(PORTALS[source], each) for each in (raw, dict(reversed([*{**raw, **noise}.items()]))))
    assert first.document.content_hash == second.document.content_hash
    assert first.document.body != second.document.body


def test_another_word_is_new_content() -> None:
    first, second = validate(GOV24, gov24_row(1)), validate(GOV24, {**gov24_row(1), "지원내용": "○ 더"})
    assert first.document.content_hash != second.document.content_hash


def test_a_policys_key_never_changes() -> None:
    assert policy_id("gov24", "000000465790") == "d85ef6c5-6b59-5e7f-bbfa-41d012078aab"


def test_a_list_under_item_is_a_list_too() -> None:
    rows = [{"pblancId": "P1", "totCnt": "2"}, {"pblancId": "P2", "totCnt": 2}]
    for body in ({"jsonArray": rows}, {"jsonArray": {"item": rows}}):
        page = BIZINFO.read(Answer(200, json.dumps(body).encode()))
        assert (len(page.records), page.total) == (2, 2)
    assert len(BIZINFO.read(Answer(200, json.dumps({"jsonArray": {"item": rows[0]}}).encode())).records) == 1


def test_an_encoded_key_is_not_encoded_twice() -> None:
    for key in ("abc+/=", "abc%2B%2F%3D"):
        assert BIZINFO.request("http://x", key, 1, 10).params["crtfcKey"] == "abc+/="
        assert GOV24.request("http://x", key, 1, 10).headers["Authorization"] == "Infuser abc+/="


def test_a_request_shows_no_key_when_it_is_printed() -> None:
    assert "secret" not in repr(GOV24.request("http://x", "secret", 1, 10))


@pytest.mark.parametrize(("identifier", "usable"), [("A-1_b", True), ("지원-1", False), ("Ａ1", False), ("A" * 101, False), ("", False)])
def test_an_identifier_is_usable_only_where_a_policy_can_have_it(identifier: str, usable: bool) -> None:
    assert (usable_id(GOV24, {"서비스ID": identifier}) is not None) is usable


def test_a_number_of_thousands_of_digits_counts_nothing_and_breaks_no_neighbour() -> None:
    assert count("9" * 5000) is None
    assert "세 이상" not in draft("youthcenter", {"plcyNo": "1", "plcyNm": "가", "sprtTrgtMinAge": "9" * 5000}).content


def test_an_order_shows_no_key_when_it_is_printed() -> None:
    assert "secret" not in repr(Order(GOV24, "http://x", "secret", 1))
