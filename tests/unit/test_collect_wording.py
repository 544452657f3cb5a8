"""Portal text becomes plain text; periods become dates where they are nothing but a period."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.period import ImpossibleDate, Period, parse
from collectors.wording import line, plain, storable, tidy, without_contacts


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ('<p style="line-height: 1.8;">가&nbsp;나</p><p><br></p><p>다</p>', "가 나\n\n다"),
        ("<p>아래의 &lt;경북 로케이션 제작지원&gt;을</p>", "아래의 <경북 로케이션 제작지원>을"),
        ("<경북 로케이션>은 <b>굵게</b>", "<경북 로케이션>은 굵게"),
        ("가치&#40;공급&#41;사슬\r\n\r\n☞ 대상", "가치(공급)사슬\n\n☞ 대상"),
        ("<style>p{color:red}</style><p>보인다</p><script>x()</script>", "보인다"),
        ("<table><tr><td>가</td><td>나</td></tr><tr><td>다</td></tr></table>", "가 나\n\n다"),
        ("R&amp;D <!-- 주석 --> 지원", "R&D 지원"),
        ("<![무엇[ 가 </b>", "<![무엇[ 가"),
        ("", ""),
    ],
)
def test_markup_becomes_plain_text(given_text: str, expected: str) -> None:
    assert plain(given_text) == expected


@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_any_text_becomes_text_that_postgresql_holds(text: str) -> None:
    for cleaned in (plain(text), tidy(text), line(text), storable(text), without_contacts(text)):
        assert "\x00" not in cleaned
        cleaned.encode()


@given(st.text(max_size=200))
def test_tidying_twice_is_tidying_once(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize("contact", ["054-650-7969", "032–260–0874", "(02) 3771-1050", "010-1234-5678", "***@forwoman.or.kr", "someone@gepa.kr"])
def test_contacts_that_may_be_a_persons_are_left_out(contact: str) -> None:
    assert contact not in without_contacts(f"신청은 {contact} 로")


@pytest.mark.parametrize("text", ["1588-1234", "공고번호 2025-641호", "2026-04-01 ~ 2026-04-30", "최대 5,000,000원", "(36849)경북 예천군 도청대로 53"])
def test_numbers_that_are_no_contact_stay(text: str) -> None:
    assert without_contacts(text) == text


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-04-02 ~ 2026-04-29", date(2026, 4, 2), date(2026, 4, 29)),
        ("2020.01.01 ~ 2026.12.31", date(2020, 1, 1), date(2026, 12, 31)),
        ("20260101 ~ 20261231", date(2026, 1, 1), date(2026, 12, 31)),
        (" 2026.1.5.~2026.2.5. ", date(2026, 1, 5), date(2026, 2, 5)),
        ("2026년 3월 1일 ~ 2026년 4월 1일", date(2026, 3, 1), date(2026, 4, 1)),
        ("~ 2026-04-30", None, date(2026, 4, 30)),
        ("2026-04-30 ~", date(2026, 4, 30), None),
        ("예산 소진시까지", None, None),
        ("예산 소진시 까지", None, None),
        ("상시 접수", None, None),
        ("접수기관 별 상이", None, None),
        ("매월 1일~10일", None, None),
        ("2026-04-02 ~ 2026-04-29 (예산 소진시 마감)", None, None),
        ("-", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_only_a_period_and_nothing_else_becomes_dates(text: str | None, start: date | None, end: date | None) -> None:
    assert parse(text) == Period(start, end)


@pytest.mark.parametrize("text", ["2026-02-30 ~ 2026-03-01", "20260001 ~ 20260101", "2026-13-01 ~"])
def test_a_day_that_does_not_exist_is_refused_and_named(text: str) -> None:
    with pytest.raises(ImpossibleDate, match="2026"):
        parse(text)


@given(st.dates(date(1990, 1, 1)), st.dates(date(1990, 1, 1)), st.sampled_from(["-", ".", "/"]))
def test_every_pair_of_days_is_read_back(start: date, end: date, mark: str) -> None:
    assert parse(f"{start:%Y}{mark}{start:%m}{mark}{start:%d} ~ {end:%Y}{mark}{end:%m}{mark}{end:%d}") == Period(start, end)


@given(st.text(max_size=60))
def test_no_text_but_an_impossible_day_stops_the_reading_of_a_period(text: str) -> None:
    with suppress(ImpossibleDate):
        assert isinstance(parse(text), Period)
