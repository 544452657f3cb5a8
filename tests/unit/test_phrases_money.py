"""What a sum or a percentage is: by its writing, and by the words around it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aegis.phrases.money import money

_WON = 10_000


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("1천만원", 1_000 * _WON, 1_000 * _WON),
        ("최대 5억원", None, 50_000 * _WON),
        ("5억 원 이내", None, 50_000 * _WON),
        ("2천만원 한도", None, 2_000 * _WON),
        ("100만원~300만원", 100 * _WON, 300 * _WON),
        ("3,000천원", 300 * _WON, 300 * _WON),
        ("1백만원", 100 * _WON, 100 * _WON),
        ("500,000원", 50 * _WON, 50 * _WON),
        ("1억 5천만원", 15_000 * _WON, 15_000 * _WON),
        ("2억4천5백만원", 24_500 * _WON, 24_500 * _WON),
        ("7.5천만원", 7_500 * _WON, 7_500 * _WON),
        ("1만 5000원", 15_000, 15_000),
        ("1조 2,000억원", 120_000_000 * _WON, 120_000_000 * _WON),
        ("오백만원", 500 * _WON, 500 * _WON),
        ("금 일천만원", 1_000 * _WON, 1_000 * _WON),
        ("５００만원", 500 * _WON, 500 * _WON),
        ("4천\n만원", 4_000 * _WON, 4_000 * _WON),
        ("10~20만원", 10 * _WON, 20 * _WON),
        ("1~2천만원", 1_000 * _WON, 2_000 * _WON),
        ("500만~1억원", 500 * _WON, 10_000 * _WON),
        ("최저 5만원 최대 40만원 한도", 5 * _WON, 40 * _WON),
        ("첫째 500만원, 둘째 700만원, 셋째 1,000만원", 500 * _WON, 1_000 * _WON),
        ("최대 2,000만원 지원(인증 300만원)", None, 2_000 * _WON),
        ("월 60만원 / 최대 12개월 720만원 지급", 720 * _WON, 720 * _WON),
        ("총 4억원 이내 지원(기업 당 2억원)", 20_000 * _WON, 20_000 * _WON),
        ("가구당 10만원(설 5만원, 추석 5만원)", 10 * _WON, 10 * _WON),
    ],
)
def test_an_amount_is_what_one_applicant_receives_in_all(text: str, least: int | None, most: int | None) -> None:
    read = money(text)
    assert (read.least, read.most) == (least, most)


@pytest.mark.parametrize(
    ("text", "kind", "won"),
    [
        ("월 20만원", "instalment", 20 * _WON),
        ("분기 최대 4만원 지원", "instalment", 4 * _WON),
        ("1회 10만원", "instalment", 10 * _WON),
        ("총사업비 50억", "budget", 500_000 * _WON),
        ("260억 원 규모로 지원", "budget", 2_600_000 * _WON),
        ("2개 과제, 총 8억원 이내 지원", "budget", 80_000 * _WON),
        ("연매출 3억원 이하 소상공인에게 지원", "condition", 30_000 * _WON),
        ("소득 3천만원 이하", "condition", 3_000 * _WON),
        ("자부담 100만원", "fee", 100 * _WON),
        ("대당 45만원 지원", "unit", 45 * _WON),
        ("평균 5,000만원 지원", "average", 5_000 * _WON),
        ("배달료 0원", "mention", 0),
    ],
)
def test_what_is_not_the_support_of_one_applicant_is_evidence_only(text: str, kind: str, won: int) -> None:
    read = money(text)
    assert (read.least, read.most) == (None, None)
    assert [(each.kind, each.value) for each in read.evidence] == [(kind, won)]


@pytest.mark.parametrize(
    "text",
    ["US$ 5,000 지원", "5만달러 한도 지원", "단위: 천원", "1,50만원", "17,0000원", "고용정책기본법 제28조, 제14조", "강남구 일원", "3원칙", "100만명 지원", ""],
)
def test_what_is_no_sum_of_won_is_not_read(text: str) -> None:
    read = money(text)
    assert (read.least, read.most, read.evidence) == (None, None, ())


def test_a_threshold_of_a_list_is_said_of_all_its_sums() -> None:
    read = money("연소득 ➊(청년) 5천만원, ➋(청년 외) 6천만원, ➌(신혼부부) 7.5천만원 이하 무주택 임차인에게 지원")
    assert [each.kind for each in read.evidence] == ["condition"] * 3
    assert read.most is None


def test_a_whole_that_is_less_than_one_of_its_instalments_is_none() -> None:
    assert money("강사비 지급(참여자 1인당 3만원, 1회 최대 90만원 지급)").most is None


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("연 2.5%", "2.5"),
        ("금리 2.0~3.5%", "2.0"),
        ("연 1.9% ∼ 연 3.3%", "1.9"),
        ("고정금리 2%(운전 5억)", "2"),
        ("대출이율 연 ２．５ %", "2.5"),
        ("이자율: 연 3%, 다만 거치 기간 중에는 무이자", "3"),
    ],
)
def test_a_rate_of_interest_is_the_lowest_that_is_stated(text: str, rate: str) -> None:
    assert money(text).rate == Decimal(rate)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("연 1.5%p 이차보전", ["subsidy"]),
        ("이차보전율 : 3%", ["subsidy"]),
        ("대출이자 지원(연 3%)", ["subsidy"]),
        ("자부담 30%", ["share"]),
        ("기준중위소득 150% 이하", ["share"]),
        ("노인인구가 연평균 3.76% 증가", ["share"]),
        ("보증료율 연 0.8%", ["fee"]),
        ("전환이율 6%", ["fee"]),
        ("변동금리", ["variable"]),
    ],
)
def test_a_percentage_that_is_no_rate_of_interest_is_evidence_only(text: str, kinds: list[str]) -> None:
    read = money(text)
    assert read.rate is None
    assert [each.kind for each in read.evidence] == kinds


def test_both_ends_of_a_range_are_evidence_of_the_same_phrase() -> None:
    evidence = money("기업당 3~5억원 지원, 금리 2.0~3.5%").evidence
    assert [(each.kind, each.text, each.value) for each in evidence] == [
        ("least", "3~5억원", 300_000_000),
        ("most", "3~5억원", 500_000_000),
        ("rate", "2.0~3.5%", Decimal("2.0")),
        ("rate_most", "2.0~3.5%", Decimal("3.5")),
    ]
