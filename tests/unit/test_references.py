"""Codes of regions and industries hold on the days on which they held, and lead to those of today."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from aegis.codes import INDUSTRY_SECTIONS, NATIONWIDE, SIDO
from aegis.references import industries, regions
from aegis.references.industries import INDUSTRIES
from aegis.references.reference import Reference, References
from aegis.references.regions import REGIONS

DATA = Path(__file__).parents[3] / "shared" / "data"
TODAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("code", "last_day", "successor", "name"),
    [
        ("42", date(2023, 6, 10), "51", "강원특별자치도"),
        ("42110", date(2023, 6, 10), "51110", "강원특별자치도 춘천시"),
        ("45", date(2024, 1, 17), "52", "전북특별자치도"),
        ("45113", date(2024, 1, 17), "52113", "전북특별자치도 전주시 덕진구"),
        ("47720", date(2023, 6, 30), "27720", "대구광역시 군위군"),
        ("28170", date(2018, 6, 30), "28177", "인천광역시 미추홀구"),
        ("44730", date(2012, 6, 30), "36110", "세종특별자치시"),
    ],
)
def test_a_region_that_was_renamed_or_moved_holds_until_then_and_has_a_successor(code: str, last_day: date, successor: str, name: str) -> None:
    the_next = date.fromordinal(last_day.toordinal() + 1)
    assert [regions.is_known(code, last_day), regions.is_known(code, the_next)] == [True, False]
    assert [regions.is_known(successor, last_day), regions.is_known(successor, the_next)] == [False, True]
    assert regions.successor(code) == successor
    assert regions.name(successor) == name
    assert regions.successor(successor) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [("42", "51"), ("42110", "51110"), ("4211051000", "5111051000"), ("42999", "51999"), ("47720", "27720"), ("11110", "11110"), ("x", "x")],
)
def test_a_code_of_any_length_is_led_to_todays(code: str, expected: str) -> None:
    assert regions.today(code) == expected


def test_a_code_follows_every_step_to_todays() -> None:
    steps = [
        Reference("1", "하나", until=date(2010, 1, 1), successors=("2",)),
        Reference("2", "둘", until=date(2020, 1, 1), successors=("3",)),
        Reference("3", "셋"),
    ]
    assert References({each.code: each for each in steps}).successor("1") == "3"


@pytest.mark.parametrize("code", ["43710", "28110", "41110", "99", "", "999999"])
def test_a_region_that_was_divided_or_still_holds_or_never_was_has_no_successor(code: str) -> None:
    assert regions.successor(code) is None


def test_what_was_reformed_in_2026_holds_as_far_as_codes_are_published() -> None:
    before, after = date(2026, 6, 30), date(2026, 7, 1)
    assert [regions.is_known("28140", day) for day in (before, after)] == [True, False]
    assert all(regions.is_known(code, after) for code in ("29", "46", "29110", "46110", "41591"))


def test_unknown_codes_are_known_on_no_day_and_named_by_themselves() -> None:
    assert not any(regions.is_known(code, TODAY) for code in ("", "1", "99", "11999", "4"))
    assert [regions.name(code) for code in ("99", "11999", "99110", "11110101")] == ["99", "서울특별시 11999", "99110", "서울특별시 종로구"]


def test_the_lists_agree_with_themselves_and_with_the_names_that_policies_carry() -> None:
    for references in (REGIONS, INDUSTRIES):
        for each in references:
            assert each.since is None or each.until is None or each.since < each.until
            assert all(references.has(code) for code in each.successors)
            assert not each.successors or each.until
    assert {each.code: each.name for each in REGIONS if len(each.code) == 2} == SIDO | {"49": "제주도"}
    assert {each.code: each.name for each in INDUSTRIES if each.code.isalpha()} == INDUSTRY_SECTIONS
    assert all(REGIONS.has(each.code[:2]) for each in REGIONS)
    assert regions.name(NATIONWIDE) == "전국"


@pytest.mark.parametrize(
    ("code", "section", "name"),
    [
        ("C", "C", "제조업"),
        ("26", "C", "전자 부품, 컴퓨터, 영상, 음향 및 통신장비 제조업"),
        ("C26", "C", "전자 부품, 컴퓨터, 영상, 음향 및 통신장비 제조업"),
        ("26110", "C", "전자 부품, 컴퓨터, 영상, 음향 및 통신장비 제조업"),
        ("T98", "T", "달리 분류되지 않은 자가소비를 위한 가구의 재화 및 서비스 생산활동"),
    ],
)
def test_an_industry_is_known_by_its_section_or_division(code: str, section: str, name: str) -> None:
    assert industries.is_known(code, TODAY)
    assert (industries.section(code), industries.name(code), industries.successor(code)) == (section, name, None)


def test_a_division_that_moved_leads_to_todays() -> None:
    assert [industries.is_known("69", day) for day in (date(2017, 6, 30), date(2017, 7, 1))] == [True, False]
    assert industries.successor("69") == "76"


@pytest.mark.parametrize("code", ["", "V", "04", "A26", "2", "261100", "c", "C２６", "C-1"])
def test_what_is_no_industry_is_known_on_no_day(code: str) -> None:
    assert not industries.is_known(code, TODAY)
    assert (industries.section(code), industries.name(code), industries.successor(code)) == (None, code, None)


@pytest.mark.skipif(not (DATA / "codes").is_dir(), reason=f"no recorded codes at {DATA}")
def test_the_regions_are_those_of_the_recorded_list() -> None:
    with (DATA / "codes/sigungu_hdong.csv").open() as lines:
        recorded = {row["sigungu_cd"]: row["sigungu_nm"] for row in csv.DictReader(lines)}
    day = date(2023, 5, 1)
    ours = {each.code: each.name for each in REGIONS if len(each.code) == 5 and each.holds(day)}
    named = {code: name for code, name in recorded.items() if name and "출장소" not in name}  # branch offices are no municipalities
    assert ours == named | {"36110": "세종특별자치시"}
