"""When one can apply: days in every writing, promises in words, and what is no application's period."""

from __future__ import annotations

from datetime import date

import pytest

from aegis.phrases.period import FIELD, period

_MARCH = (date(2026, 3, 2), date(2026, 3, 20))


@pytest.mark.parametrize(
    "text",
    [
        "'26. 3. 2.(월) ~ 3. 20.(금) 18:00까지",
        "2026년 3월 2일부터 3월 20일까지",
        "2026.3.2.(월) 09:00 ~ 2026.3.20.(금) 18:00",
        "2026-03-02 - 2026-03-20",
        "20260302 ~ 20260320",
        "26.03.02(월) 10:00시부터 26.03.20(금) 17:00시까지",
        "2026.3.2~20일",
        "2026/3/2 ∼ 2026/3/20",
        "２０２６．３．２ ～ ２０２６．３．２０",
        "접수기간 : 2026. 3. 2. ~ 2026. 3. 20. (예산 소진 시 조기 마감)",
    ],
)
def test_days_are_read_in_every_writing(text: str) -> None:
    read = period(text)
    assert (read.start, read.end, read.kind) == (*_MARCH, "fixed")


@pytest.mark.parametrize(
    ("text", "start", "end", "kind"),
    [
        ("2020.01.01 ~", date(2020, 1, 1), None, "fixed"),
        ("~ 2026-03-20", None, date(2026, 3, 20), "fixed"),
        ("2026. 3. 20.까지", None, date(2026, 3, 20), "fixed"),
        ("신청기한: 2026.3.20.", None, date(2026, 3, 20), "fixed"),
        ("2026년 3월 ~ 5월", date(2026, 3, 1), date(2026, 5, 31), "fixed"),
        ("2026년 2월 말까지", None, date(2026, 2, 28), "fixed"),
        ("'26.11.1~2.28", date(2026, 11, 1), date(2027, 2, 28), "fixed"),
        ("2026.3.2 ~ 예산 소진시까지", date(2026, 3, 2), None, "until_exhausted"),
        ("2023. 2. 1. ~ 대상가구 모집완료 시", date(2023, 2, 1), None, "first_come"),
        ("1차: 2026.3.2~3.20, 2차: 2026.9.1~9.20", date(2026, 3, 2), date(2026, 9, 20), "fixed"),
        ("2026.3.2 ~ 상시", date(2026, 3, 2), None, "always"),
    ],
)
def test_a_period_may_be_open_at_one_end_or_in_parts(text: str, start: date | None, end: date | None, kind: str) -> None:
    read = period(text)
    assert (read.start, read.end, read.kind) == (start, end, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("상시", "always"),
        ("수시 접수", "always"),
        ("연중", "always"),
        ("기한 없음", "always"),
        ("예산 소진시까지", "until_exhausted"),
        ("상시(예산 소진 시까지)", "until_exhausted"),
        ("선착순", "first_come"),
        ("모집규모 충족시", "first_come"),
        ("추후 공고", "announced_later"),
        ("미정", "announced_later"),
        ("접수기관 별 상이", "varies"),
        ("매년 1월", "varies"),
        ("3월 중", "varies"),
        ("2026년 3월 중", "varies"),
        ("3월 2일 ~ 3월 20일", "varies"),
        ("출생일로부터 60일 이내", "varies"),
        ("", "none"),
        ("홈페이지 참조", "none"),
        ("상시근로자 5인 이상", "none"),
        ("장애인의 삶의 질을 향상시키고", "none"),
        ("소진공 홈페이지에서 신청", "none"),
        ("상이군경 지원", "none"),
    ],
)
def test_words_say_what_kind_of_period_it_is(text: str, kind: str) -> None:
    read = period(text)
    assert (read.start, read.end, read.kind) == (None, None, kind)


@pytest.mark.parametrize(("text", "kind"), [("2026.2.30 ~ 2026.3.1", "impossible"), ("2026-13-01까지", "impossible"), ("2026.5.1 ~ 2026.4.1", "reversed")])
def test_impossible_days_give_no_day_and_raise_nothing(text: str, kind: str) -> None:
    read = period(text)
    assert (read.start, read.end, read.kind) == (None, None, "none")
    assert [each.kind for each in read.evidence] == [kind]


@pytest.mark.parametrize(
    "text", ["사업기간 2026.1.1~12.31", "2026. 1. 1. 이후 채용한 기업", "교육기간: 2026.1.1 ~ 2026.2.1", "'24. 1. 1 ~ '24. 12. 31까지의 출생아동", "2024.9.9"]
)
def test_other_days_are_evidence_but_no_period(text: str) -> None:
    read = period(text)
    assert (read.start, read.end, read.kind) == (None, None, "none")
    assert {each.kind for each in read.evidence} == {"day"}


def test_prose_is_read_behind_its_label_only() -> None:
    prose = (
        "2020.1.1. ~ 2025.12.31. 사이에 창업한 기업을 상시 돕습니다.\n○ 신청기간 : 2026. 3. 2.(월) ~ 3. 20.(금)\n○ 사업기간 : 2026.4.1 ~ 2026.12.31\n"
        + "가" * FIELD
    )
    read = period(prose)
    assert (read.start, read.end, read.kind) == (*_MARCH, "fixed")
    assert period("2020.1.1. ~ 2025.12.31. 사이에 창업한 기업을 상시 돕습니다.", prose=True).kind == "none"


def test_of_several_labels_the_first_with_days_counts() -> None:
    prose = "신청기간 : 추후 공고 예정\n\n1순위 접수기간: 2026.3.2 ~ 2026.3.20\n\n2순위 접수기간: 2026.4.1 ~ 2026.4.2"
    read = period(prose, prose=True)
    assert (read.start, read.end, read.kind) == (*_MARCH, "fixed")


def test_columns_of_a_table_that_ran_into_each_other_give_no_day() -> None:
    assert period("신청기간 발표\n2025. 11. 24.(월)\n2026. 3. 19.(목)\n~ 거주지", prose=True).start is None
