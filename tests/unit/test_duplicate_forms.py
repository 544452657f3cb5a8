"""Normal forms of titles, places and organisations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.rows.policy import Policy
from batch.duplicates.group import groups_of
from batch.duplicates.keys import BANDS, keys_of
from batch.duplicates.organization import READ_CHARACTERS, organization_of
from batch.duplicates.place import Place, place_of, without_place
from batch.duplicates.title import title_of

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def policy(title: str, **columns: Any) -> Policy:
    return Policy(policy_id="p", source="s", source_id="1", title=title, status="active", created_at=DAY, updated_at=DAY, version=1, **columns)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("저소득층 국민건강보험료 지원", "저소득주민건강보험료지원"),
        ("[경북] 가나시 2026년 판로 지원사업 참여기업 모집 공고", "가나시 판로지원"),
        ("대전 청년 월세지원", "대전청년 월세 지원 사업"),
        ("출생축하금 지급", "출산축하금"),
        ("ＡＩ 바우처　지원", "AI 바우처"),
        ("인플루엔자 예방접종 지원", "독감 예방접종"),
    ],
)
def test_titles_that_say_the_same_have_one_core(one: str, other: str) -> None:
    assert title_of(one).core == title_of(other).core


def test_year_round_and_brackets_are_taken_out_of_a_title_and_kept() -> None:
    title = title_of("[서울] 2026년 제3차 판로 지원(해외) 하반기 공고")
    assert (title.core, title.years, title.rounds, title.qualifiers) == ("판로", {2026}, {"3차", "하반기"}, {"해외"})


@pytest.mark.parametrize("text", ["지원사업 공고", "()", "2026", "!"])
def test_a_title_of_nothing_but_common_words_still_has_a_form(text: str) -> None:
    assert title_of(text).core or not any(character.isalnum() for character in text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["지원사업", "지원금지급", "지원", "(", "[", " ", "\n", "1", "\u0301\u0316", "\ufdfa", "제 "])
@pytest.mark.parametrize("end", ["", "가", "!"])
def test_a_title_that_says_one_thing_for_ever_is_taken_apart_at_once(unit: str, end: str) -> None:
    for text in (f"청년{unit * 100}{end}", unit * (1_000_000 // len(unit)) + end):
        assert len(title_of(text).core) <= len(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", [" 과", " 가과", "\u0301\u0316", "(주)"])
def test_an_organisation_of_countless_departments_is_named_at_once(unit: str) -> None:
    assert len(organization_of("교육부" + unit * (1_000_000 // len(unit)))) <= READ_CHARACTERS


@given(st.text(max_size=60))
def test_any_title_and_any_name_has_a_form_and_that_of_a_name_is_its_own(text: str) -> None:
    title = title_of(text)
    assert title.core.endswith(title.last)
    assert all(word for word in (*title.qualifiers, *title.rounds))
    assert organization_of(organization_of(text)) == organization_of(text)


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ({"issuing_organization": "경상남도 밀양시"}, Place(frozenset({"48"}), "밀양시")),
        ({"issuing_organization": "경남 밀양시"}, Place(frozenset({"48"}), "밀양시")),
        ({"issuing_organization": "강원도"}, Place(frozenset({"51"}))),
        ({"issuing_organization": "전남광주통합특별시 북구"}, Place(frozenset({"29", "46"}), "북구")),
        ({"issuing_organization": "경기도의료원"}, Place(frozenset({"41"}))),
        ({"issuing_organization": "보건복지부"}, Place()),
        ({"issuing_organization": "서울올림픽기념국민체육진흥공단"}, Place()),
        ({"issuing_organization": None, "target_regions": ("47",)}, Place()),
    ],
)
def test_a_place_is_what_the_organisation_names(columns: dict[str, Any], place: Place) -> None:
    assert place_of(policy("청년 월세 지원", **columns)) == place


@pytest.mark.parametrize(
    ("title", "municipality"),
    [("[경북] 경산시 2026년 카드수수료 지원", "경산시"), ("2026년 울진군 인센티브", "울진군"), ("다가구 주택 지원", None), ("인천시 청년월세 지원", None)],
)
def test_a_municipality_may_stand_in_the_title_only(title: str, municipality: str | None) -> None:
    assert place_of(policy(title, issuing_organization="경상북도")).municipality == municipality


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Place(frozenset({"29"}), "북구"), Place(frozenset({"29", "46"}), "북구"), True),
        (Place(frozenset({"28"}), "제물포구"), Place(frozenset({"28"}), "중구"), True),
        (Place(frozenset({"27"}), "북구"), Place(frozenset({"29"}), "북구"), False),
        (Place(frozenset({"41"})), Place(frozenset({"41"}), "수원시"), False),
        (Place(), Place(frozenset({"11"})), False),
        (Place(), Place(), True),
    ],
)
def test_administrations_are_told_apart_and_reforms_are_known(one: Place, other: Place, *, same: bool) -> None:
    assert one.is_that_of(other) is same
    assert other.is_that_of(one) is same


def test_a_title_that_is_a_place_keeps_it() -> None:
    assert without_place("서울") == "서울"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("(재)인천테크노파크", "인천테크노파크"),
        ("여성가족부", "성평등가족부"),
        ("교육부 학생지원총괄과", "교육부"),
        ("직접수행", ""),
        (None, ""),
        ("KOTRA", "대한무역투자진흥공사"),
    ],
)
def test_an_organisation_is_known_by_the_name_of_today(name: str | None, form: str) -> None:
    assert organization_of(name) == form


def test_groups_of_people_are_read_out_of_a_title() -> None:
    assert groups_of("저소득 한부모가족 어르신") == {"lone parents", "old people"}


def test_a_row_has_few_keys_and_like_titles_share_some() -> None:
    one = keys_of(policy("저소득 한부모가족 명절위문비 지원", issuing_organization="서울특별시 서대문구"))
    other = keys_of(policy("한부모가족 명절위문금 지급", issuing_organization="서울 서대문구"))
    elsewhere = keys_of(policy("한부모가족 명절위문금 지급", issuing_organization="서울 마포구"))
    assert 1 <= len(one) <= BANDS
    assert set(one) & set(other)
    assert not set(other) & set(elsewhere)


def test_a_district_that_was_divided_is_found_under_its_former_name() -> None:
    now = keys_of(policy("장수수당 지급", issuing_organization="인천광역시 제물포구"))
    before = keys_of(policy("장수수당 지급", issuing_organization="인천광역시 동구"))
    assert set(before) <= set(now)
