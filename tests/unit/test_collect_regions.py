"""Regions are read from what a record states, as codes of today, and never guessed."""

from __future__ import annotations

import pytest

from collectors import regions


@pytest.mark.parametrize(
    ("title", "codes"),
    [
        ("[경북] 2026년 공고", ("47",)),
        ("[서울ㆍ경기ㆍ인천ㆍ강원] 공고", ("11", "28", "41", "51")),
        ("[전남ㆍ광주] 공고", ("29", "46")),
        ("  [제주] 공고", ("50",)),
        ("[재공고] 2026년", ()),
        ("2026년 [경북] 공고", ()),
    ],
)
def test_a_titles_prefix_names_provinces(title: str, codes: tuple[str, ...]) -> None:
    assert regions.of_title(title) == codes


ALL = ["서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주"]


def test_all_provinces_are_the_whole_country() -> None:
    assert regions.of_names(ALL) == ("00",)
    assert regions.of_names(["전국"]) == ("00",)


def test_all_provinces_but_one_are_not() -> None:
    assert len(regions.of_names(ALL[1:])) == 16


def test_names_that_are_no_provinces_are_passed_over() -> None:
    assert regions.of_names(["경영", "경북", "경상북도", "2026", ""]) == ("47",)


@pytest.mark.parametrize(
    ("organization", "codes"),
    [
        ("경기도 성남시", ("41",)),
        ("경상북도교육청", ("47",)),
        ("강원도 춘천시", ("51",)),
        ("강원특별자치도 춘천시", ("51",)),
        ("전라북도", ("52",)),
        ("세종특별자치시", ("36",)),
        ("전남광주통합특별시 장성군", ("46",)),
        ("전남광주통합특별시 여수시", ("46",)),
        ("전남광주통합특별시 광산구", ("29",)),
        ("전남광주통합특별시", ("29", "46")),
        ("전남광주통합특별시교육청", ("29", "46")),
        ("보건복지부", ()),
        ("서울올림픽기념국민체육진흥공단", ()),
        ("", ()),
    ],
)
def test_an_organisations_official_name_names_its_province(organization: str, codes: tuple[str, ...]) -> None:
    assert regions.of_organization(organization) == codes
