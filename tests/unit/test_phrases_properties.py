"""Whatever is written: amounts and days come back, noise changes nothing, evidence points at the text, and time is linear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.phrases.evidence import Evidence
from aegis.phrases.letters import folded
from aegis.phrases.money import money
from aegis.phrases.period import period

_LETTERS = "영일이삼사오육칠팔구"
_FULL_WIDTH = str.maketrans("0123456789,", "０１２３４５６７８９，")


def _in_letters(number: int) -> str:
    """1,500 → 일천오백."""
    digits = f"{number:04d}"
    return "".join(_LETTERS[int(digit)] + unit for digit, unit in zip(digits, ("천", "백", "십", ""), strict=True) if digit != "0")


def _compound(man: int) -> str:
    """1억 5,000만원."""
    over, rest = divmod(man, 10_000)
    return "".join([f"{over}억" if over else "", " " if over and rest else "", f"{rest:,}만" if rest else "", "원"])


WRITINGS: dict[str, tuple[int, Callable[[int], str]]] = {
    "separators": (10_000, lambda man: f"{man * 10_000:,}원"),
    "no separators": (10_000, lambda man: f"{man * 10_000}원"),
    "thousands": (10_000, lambda man: f"{man * 10:,}천원"),
    "ten thousands": (10_000, lambda man: f"{man:,}만원"),
    "hundred ten thousands": (1_000_000, lambda millions: f"{millions:,}백만원"),
    "ten millions": (10_000_000, lambda number: f"{number}천만원"),
    "hundred millions": (100_000_000, lambda number: f"{number:,}억원"),
    "compound": (10_000, _compound),
    "letters": (10_000, lambda man: f"{_in_letters(man % 9_999 + 1)}만원"),
}
numbers = st.integers(1, 99_999)
prose = st.text(alphabet=st.sampled_from("0123456789,.~-%()'/ \n일이삼천백만억조원월연년부터까지최대이하신청기간상시소진예산지원가"), max_size=120)


@pytest.mark.parametrize("writing", WRITINGS)
@given(number=numbers)
@settings(deadline=None)
def test_an_amount_that_is_written_out_is_read_back(writing: str, number: int) -> None:
    unit, write = WRITINGS[writing]
    amount = (number % 9_999 + 1 if writing == "letters" else number) * unit
    read = money(f"업체당 {write(number)} 지원")
    assert (read.least, read.most) == (amount, amount)
    assert money(f"최대 {write(number)}").most == amount


@pytest.mark.parametrize("writing", [name for name in WRITINGS if name != "letters"])
@given(number=numbers, spaces=st.integers(0, 2))
@settings(deadline=None)
def test_noise_changes_nothing(writing: str, number: int, spaces: int) -> None:
    text = f"기업당 {WRITINGS[writing][1](number)} 지원"
    expected = money(text)
    for noisy in (
        text.translate(_FULL_WIDTH),
        text.replace("원 ", " " * spaces + "원 "),
        text.replace(" ", "\u00a0"),
        "\u3000" * spaces + text,
        text.replace("만원", " " * spaces + "만" + " " * spaces + "원"),
    ):
        read = money(noisy)
        assert (read.least, read.most, read.rate) == (expected.least, expected.most, expected.rate), noisy


@given(low=st.integers(1, 500), more=st.integers(1, 500), tilde=st.sampled_from("~∼～〜"))
@settings(deadline=None)
def test_a_range_is_its_two_ends(low: int, more: int, tilde: str) -> None:
    high = low + more
    for text in (f"{low}만원{tilde}{high}만원", f"{low}{tilde}{high}만원", f"{low}만 {tilde} {high}만원"):
        assert (money(text).least, money(text).most) == (low * 10_000, high * 10_000), text


@given(day=st.dates(date(2000, 1, 1), date(2039, 12, 1)), length=st.integers(0, 30))
@settings(deadline=None)
def test_days_that_are_written_out_are_read_back(day: date, length: int) -> None:
    last = date.fromordinal(day.toordinal() + length)
    for text in (
        f"{day} ~ {last}",
        f"{day:%Y.%m.%d}~{last:%Y.%m.%d}",
        f"{day:%Y%m%d} ~ {last:%Y%m%d}",
        f"'{day:%y}. {day.month}. {day.day}.(월) ~ {last.month}. {last.day}.(금) 18:00까지",
        f"{day.year}년 {day.month}월 {day.day}일부터 {last.month}월 {last.day}일까지",
    ):
        read = period(text)
        assert (read.start, read.end, read.kind) == (day, last, "fixed"), text
        assert period(text.translate(_FULL_WIDTH)).start == day


@given(text=st.one_of(prose, st.text(max_size=200)))
@settings(deadline=None)
def test_nothing_that_is_written_makes_them_fail_and_evidence_points_at_the_text(text: str) -> None:
    read = money(text)
    _assert_points(text, read.evidence)
    assert read.least is None or read.most is None or read.least <= read.most
    for when in (period(text), period(text, prose=True), period(text, prose=False)):
        _assert_points(text, when.evidence)
        assert when.start is None or when.end is None or when.start <= when.end
    assert len(folded(text)) == len(text)


def _assert_points(text: str, evidence: tuple[Evidence, ...]) -> None:
    assert all(text[each.start : each.end] == each.text and each.text for each in evidence)
    assert [each.start for each in evidence] == sorted(each.start for each in evidence)


@pytest.mark.timeout(100)
@pytest.mark.parametrize("unit", ["1", "1,", "111,", " ", "일만", "신청기간 : 가나다라마바사아자차카타파하 ", "2026.1.", "최대 10~20만", "소득 "])
def test_a_million_letters_that_almost_match_end(unit: str) -> None:
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    assert money(text).most is None
    assert period(text).kind in {"none", "varies"}
