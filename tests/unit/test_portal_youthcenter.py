"""온통청년: `pagging`, errors under HTTP 200, empty codes, dots that no font has, ages that decide, names of persons that stay where they are."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from aegis.errors import Code
from collectors.failures import Handling, SourceFailed
from collectors.portals import PORTALS
from infra.local.portals.youthcenter import youthcenter_row
from tests.support.drafts import draft, page, problems

SIDO = ("11", "26", "27", "28", "29", "30", "31", "36", "41", "43", "44", "46", "47", "48", "50", "51", "52")


def body(**result: Any) -> str:
    return json.dumps({"resultCode": 200, "resultMessage": "성공", "result": result})


def policy(**fields: str) -> dict[str, Any]:
    return {"plcyNo": "20260908005400213380", "plcyNm": "청년 지원", **fields}


def test_a_page_states_its_total_under_their_spelling() -> None:
    read = page("youthcenter", body(pagging={"totCount": 2751, "pageNum": 1, "pageSize": 2}, youthPolicyList=[policy(), policy()]))
    assert (len(read.records), read.total) == (2, 2751)


def test_a_list_without_paging_states_no_total() -> None:
    assert page("youthcenter", body(youthPolicyList=[policy()])).total is None


@pytest.mark.parametrize(
    ("text", "code", "handling"),
    [
        ('{"resultCode": 401, "resultMessage": "인증키가 유효하지 않습니다.", "result": null}', Code.SCRAPING_BLOCKED, Handling.FATAL),
        ('{"resultCode": "500", "resultMessage": "오류", "result": null}', Code.SOURCE_UNAVAILABLE, Handling.RETRY),
        ('{"resultCode": 429, "resultMessage": "초과", "result": {"youthPolicyList": []}}', Code.RATE_LIMITED, Handling.WAIT),
        ('{"resultCode": 200, "resultMessage": "성공", "result": null}', Code.INVALID_FORMAT, Handling.FATAL),
        ('{"resultCode": 200, "result": {"pagging": {"totCount": 0}}}', Code.INVALID_FORMAT, Handling.FATAL),
    ],
)
def test_a_status_in_the_body_counts_and_a_missing_list_is_an_error(text: str, code: Code, handling: Handling) -> None:
    with pytest.raises(SourceFailed) as caught:
        page("youthcenter", text)
    assert (caught.value.code, caught.value.handling) == (code, handling)


def test_a_policy_becomes_a_draft() -> None:
    made = draft(
        "youthcenter",
        policy(
            plcyExplnCn="○ 청년\u1b3c신혼부부",
            plcySprtCn="월 20만원",
            lclsfNm="교육\uff65직업훈련",
            mclsfNm="미래역량강화",
            plcyKywdNm="교육지원,보조금",
            plcyPvsnMthdCd="0042006",
            sprvsnInstCdNm="경기도",
            operInstCd="       ",
            operInstCdNm="       ",
            aplyYmd="20260701 ~ 20260713",
            zipCd="41111,41113",
            refUrlAddr1="없음",
            aplyUrlAddr="apply.example.go.kr",
        ),
    )
    assert made.content == "○ 청년·신혼부부\n\n지원내용: 월 20만원"
    assert (made.category, made.tags) == ("교육·직업훈련", ("교육·직업훈련", "미래역량강화", "교육지원", "보조금"))
    assert (made.issuing_organization, made.operating_organization) == ("경기도", None)
    assert (made.application_start_date, made.application_end_date) == (date(2026, 7, 1), date(2026, 7, 13))
    assert (made.target_regions, made.detail_url) == (("41",), "https://apply.example.go.kr")


@pytest.mark.parametrize(
    ("youngest", "oldest", "flag", "expected"),
    [
        ("0", "0", "Y", ""),
        ("0", "0", "N", ""),
        ("19", "39", "N", "만 19세 이상 39세 이하"),
        ("19", "39", "Y", "만 19세 이상 39세 이하"),
        ("19", "0", "N", "만 19세 이상"),
        ("", "34", "N", "34세 이하"),
        ("       ", "", "Y", ""),
    ],
)
def test_the_ages_decide_whatever_the_flag_says(youngest: str, oldest: str, flag: str, expected: str) -> None:
    content = draft("youthcenter", policy(sprtTrgtMinAge=youngest, sprtTrgtMaxAge=oldest, sprtTrgtAgeLmtYn=flag)).content
    assert content == (f"연령: {expected}" if expected else "")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (",".join(f"{code}110" for code in SIDO), ("00",)),
        (",".join(f"{code}110" for code in SIDO[1:]), SIDO[1:]),
        ("42110, 45110", ("51", "52")),  # of before 강원 and 전북 got new codes
        ("51110,42110,99110", ("51",)),
        ("", ()),
    ],
)
def test_regions_are_those_of_the_municipalities(codes: str, expected: tuple[str, ...]) -> None:
    assert draft("youthcenter", policy(zipCd=codes)).target_regions == expected


@pytest.mark.parametrize(("kind", "expected"), [("0057001", None), ("0057002", "상시"), ("0057003", "마감"), ("       ", None)])
def test_a_policy_without_dates_says_what_the_portal_says(kind: str, expected: str | None) -> None:
    assert draft("youthcenter", policy(aplyYmd="", aplyPrdSeCd=kind)).application_period_text == expected


def test_names_of_persons_are_not_mapped() -> None:
    text = draft("youthcenter", {**youthcenter_row(1), "sprvsnInstPicNm": "홍길동", "operInstPicNm": "임꺽정"}).model_dump_json()
    assert "홍길동" not in text
    assert "임꺽정" not in text


def test_an_impossible_day_names_the_portals_field() -> None:
    assert problems("youthcenter", policy(aplyYmd="20260231 ~ 20260301")) == [(Code.INVALID_FORMAT, "aplyYmd")]


def test_a_request_asks_for_the_list_in_json() -> None:
    params = PORTALS["youthcenter"].request("http://x", "k", 2, 100).params
    assert dict(params) == {"apiKeyNm": "k", "pageNum": "2", "pageSize": "100", "pageType": "1", "rtnType": "json"}
