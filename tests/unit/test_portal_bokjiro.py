"""복지로: rows side by side, arrays of names, entities left in links, line ends as references, parameters that must not be missing."""

from __future__ import annotations

import pytest

from aegis.errors import Code
from collectors.failures import SourceFailed
from collectors.portals import PORTALS
from infra.local.portals.bokjiro import CENTRAL, LOCAL, NEEDED, central_row, local_row
from infra.local.portals.faults import FORMS
from infra.local.portals.interface import Listed
from tests.support.drafts import draft, page, problems, rows

BOTH = ("bokjiro_central", "bokjiro_local")
CENTRAL_BODY = CENTRAL.write(Listed([central_row(1), central_row(2)], 1, 10, 7), {}).text
LINK = "https://www.bokjiro.go.kr/x.do?wlfareInfoId=WLF1&amp;wlfareInfoReldBztpCd=01"


def test_rows_stand_side_by_side_with_the_counts() -> None:
    read = page("bokjiro_central", CENTRAL_BODY)
    assert (len(read.records), read.total) == (2, 7)
    assert page("bokjiro_local", LOCAL.write(Listed([local_row(1)], 1, 10, 1), {}).text).total == 1


@pytest.mark.parametrize("source", BOTH)
@pytest.mark.parametrize("body", ["<wantedList/>", "<wantedList><resultCode>0</resultCode></wantedList>", "{}"])
def test_a_body_without_a_list_is_no_empty_listing(source: str, body: str) -> None:
    with pytest.raises(SourceFailed) as caught:
        page(source, body)
    assert caught.value.code is Code.INVALID_FORMAT


@pytest.mark.parametrize("source", BOTH)
def test_what_the_interface_insists_on_is_sent_and_its_refusal_understood(source: str) -> None:
    params = PORTALS[source].request("http://x", "k", 1, 500).params
    assert set(params) >= NEEDED
    with pytest.raises(SourceFailed) as caught:
        page(source, FORMS["parameter"].body)
    assert "parameters" in caught.value.message


def test_a_ministrys_programme_becomes_a_draft() -> None:
    made = draft(
        "bokjiro_central",
        {
            "servId": "WLF00006319",
            "servNm": "대지급금",
            "servDgst": "체불 임금을\r\n지급합니다.",
            "servDtlLink": LINK,
            "srvPvsnNm": "현금지급",
            "sprtCycNm": "수시",
            "intrsThemaArray": "서민금융,안전·위기",
            "lifeArray": "청년,중장년",
            "trgterIndvdlArray": "",
            "jurMnofNm": "고용노동부",
            "jurOrgNm": "퇴직연금복지과",
            "rprsCtadr": "1350",
            "inqNum": "12",
            "alwServCn": "최대 2,100만원",
        },
    )
    assert made.content == "체불 임금을\n지급합니다.\n\n지원내용: 최대 2,100만원\n\n지원주기: 수시\n\n제공유형: 현금지급"
    assert made.detail_url == LINK.replace("&amp;", "&")
    assert (made.issuing_organization, made.operating_organization) == ("고용노동부", "고용노동부 퇴직연금복지과")
    assert (made.category, made.target_regions) == ("서민금융, 안전·위기", ("00",))
    assert made.tags == ("청년", "중장년", "서민금융", "안전·위기", "현금지급")
    assert "1350" not in made.model_dump_json()


@pytest.mark.parametrize(
    ("province", "municipality", "department", "expected"),
    [
        ("경기도", "부천시", "경기도 부천시 평생교육과", ("경기도 부천시", ("41",))),
        ("경기", "부천시", "경기도 부천시 평생교육과", ("경기 부천시", ("41",))),
        ("세종특별자치시", "", "", ("세종특별자치시", ("36",))),
        ("전남광주통합특별시", "북구", "", ("전남광주통합특별시 북구", ("29",))),
        ("전남광주통합특별시", "순천시", "", ("전남광주통합특별시 순천시", ("46",))),
        ("", "", "제주특별자치도 복지과", ("제주특별자치도 복지과", ("50",))),
        ("어딘가", "", "", ("어딘가", ())),
    ],
)
def test_a_local_programme_is_for_its_province(province: str, municipality: str, department: str, expected: tuple[str, tuple[str, ...]]) -> None:
    made = draft("bokjiro_local", {"servId": "WLF1", "servNm": "교복비", "ctpvNm": province, "sggNm": municipality, "bizChrDeptNm": department})
    assert (made.issuing_organization, made.target_regions) == expected


def test_arrays_come_as_one_text_or_as_siblings() -> None:
    one, many = (draft("bokjiro_local", {"servId": "W1", "servNm": "가", "lifeNmArray": value}) for value in ("청년,노년", ["청년", "노년"]))
    assert one == many
    assert one.tags == ("청년", "노년")


def test_line_ends_and_entities_of_the_wire_are_resolved() -> None:
    [raw] = rows("bokjiro_central", CENTRAL.write(Listed([{**central_row(1), "servDgst": "가\r\n나"}], 1, 10, 1), {}).text)
    assert raw["servDgst"] == "가\r\n나"
    assert raw["servDtlLink"].count("&amp;") == 1
    made = draft("bokjiro_central", raw)
    assert made.content.startswith("가\n나")
    assert "&amp;" not in (made.detail_url or "")


def test_the_time_for_which_a_rule_is_in_force_is_no_application_period() -> None:
    made = draft("bokjiro_local", {"servId": "W1", "servNm": "가", "enfcBgngYmd": "20260101", "enfcEndYmd": "99991231"})
    assert (made.application_start_date, made.application_end_date, made.application_period_text) == (None, None, None)


@pytest.mark.parametrize("source", BOTH)
def test_a_programme_without_a_name_is_named_by_the_portals_field(source: str) -> None:
    assert problems(source, {"servId": "W1", "servNm": ""}) == [(Code.VALIDATION_FAILED, "servNm")]
