"""What is fixed on the way in, what is left alone, and how a fix is undone."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.fixes import Fix, fixed, kept
from aegis.noise import line_tidied, lines_tidied

FIXED = [
    ({"title": " 청년  창업\u00a0지원 "}, {"title": "청년 창업 지원"}, ["text_noise"]),
    ({"title": "R&amp;amp;D 지원"}, {"title": "R&D 지원"}, ["text_noise"]),
    ({"title": "\u110e\u1165\u11bc\u1102\u1167\u11ab"}, {"title": "청년"}, ["text_noise"]),
    ({"content": "가\u200b나\r\n\r\n\r\n\r\n다 "}, {"content": "가나\n\n다"}, ["text_noise"]),
    ({"category": "   "}, {"category": None}, ["text_noise"]),
    ({"tags": ("창업 ", "창업", "&nbsp;")}, {"tags": ("창업",)}, ["text_noise"]),
    ({"target_regions": ("42", "45", "11")}, {"target_regions": ("11", "51", "52")}, ["old_code"]),
    ({"target_regions": ("42110",)}, {"target_regions": ("51110",)}, ["old_code"]),
    ({"target_regions": ("4200000000", "11")}, {"target_regions": ("11", "51")}, ["code_form", "old_code"]),
    ({"target_industries": (" c",)}, {"target_industries": ("C",)}, ["code_form"]),
    ({"funding_amount_max": 300, "content": "최대 300만원 지원"}, {"funding_amount_max": 3_000_000}, ["unit"]),
    ({"funding_amount_max": 5, "title": "5억원 융자"}, {"funding_amount_max": 500_000_000}, ["unit"]),
    ({"funding_amount_max": 1500, "content": "기업당 1,500만원"}, {"funding_amount_max": 15_000_000}, ["unit"]),
    ({"application_start_date": date(2026, 5, 31), "application_end_date": date(2026, 5, 1)}, {"application_end_date": date(2026, 5, 31)}, ["swapped_dates"]),
    ({"funding_amount_min": 9, "funding_amount_max": 3}, {"funding_amount_min": 3, "funding_amount_max": 9}, ["swapped_amounts"]),
]

LEFT_ALONE: list[dict[str, Any]] = [
    {"title": "R&D 지원 <경북>", "content": "가\n\n나", "tags": ("창업",), "target_regions": ("11", "26"), "target_industries": ("C",)},
    {"content": "https://example.org/?a=1&para=2"},
    {"funding_amount_max": 300, "content": "300만원 또는 300원"},
    {"funding_amount_max": 300, "content": "1,300만원"},
    {"funding_amount_max": 300, "content": "300만원 또는 300억원"},
    {"funding_amount_max": 3_000_000, "content": "300만원"},
    {"application_start_date": date(2026, 12, 1), "application_end_date": date(2026, 1, 31)},  # the year was not turned
    {"application_start_date": date(2062, 3, 1), "application_end_date": date(2026, 3, 31)},  # a slip of the pen
    {"funding_amount_min": 500, "funding_amount_max": 0},
    {"title": 7, "tags": [None], "target_regions": "42", "application_start_date": "2026"},
]


@pytest.mark.parametrize(("fields", "expected", "kinds"), FIXED)
def test_what_is_certainly_wrong_is_put_right_and_named(fields: dict[str, Any], expected: dict[str, Any], kinds: list[str]) -> None:
    after, fixes = fixed(fields)
    assert {name: after[name] for name in expected} == expected
    assert [fix.kind for fix in fixes] == kinds


@pytest.mark.parametrize("fields", LEFT_ALONE)
def test_what_is_not_certain_is_left_alone(fields: dict[str, Any]) -> None:
    assert fixed(fields) == (fields, ())


ANYTHING = st.dictionaries(
    st.sampled_from(
        ["title", "content", "tags", "target_regions", "application_start_date", "application_end_date", "funding_amount_min", "funding_amount_max"]
    ),
    st.one_of(
        st.none(),
        st.integers(-5, 2000),
        st.text(alphabet="가 나&;#ampltg<>\u1100\u1161\x00\n 42", max_size=30),
        st.dates(date(2024, 1, 1), date(2028, 1, 1)),
        st.lists(st.sampled_from(["42", "45000", "11 ", "x"])),
    ),
)


@given(ANYTHING)
def test_fixing_never_fails_and_twice_is_once(fields: dict[str, Any]) -> None:
    after, fixes = fixed(fields)
    assert set(after) >= set(fields)
    assert bool(fixes) == (after != fields)
    again, more = fixed(after)
    assert (again, more) == (after, ())


@given(st.text(alphabet="가 나&;#ampltgnbs<>\u1100\u1161\u200b\t\r\n", max_size=60))
def test_tidying_twice_is_tidying_once(text: str) -> None:
    assert lines_tidied(lines_tidied(text)) == lines_tidied(text)
    assert line_tidied(line_tidied(text)) == line_tidied(text)


def test_an_exempt_fix_is_undone_with_what_was_built_on_it() -> None:
    after, fixes = fixed({"title": " 가 ", "target_regions": ("42000", "11")})
    assert [fix.kind for fix in fixes] == ["text_noise", "code_form", "old_code"]
    spared, stay = kept(after, fixes, lambda fix: fix.kind == "code_form")
    assert spared == {"title": "가", "target_regions": ()}
    assert [fix.kind for fix in stay] == ["text_noise"]
    assert kept(after, fixes, lambda fix: False) == (after, fixes)


def test_an_undone_swap_leaves_nothing_since_no_table_can_hold_it() -> None:
    _, (fix,) = fixed({"application_start_date": date(2026, 5, 31), "application_end_date": date(2026, 5, 1)})
    assert fix.values_undone == {"application_start_date": None, "application_end_date": None}
    assert fix.values_before == {"application_start_date": date(2026, 5, 31), "application_end_date": date(2026, 5, 1)}


def test_a_fix_survives_its_document() -> None:
    _, fixes = fixed({"title": " 가 ", "target_regions": ("42",), "application_start_date": date(2026, 5, 31), "application_end_date": date(2026, 5, 1)})
    read = [Fix.from_document(json.loads(json.dumps(fix.as_document()))) for fix in fixes]
    assert read[:2] == list(fixes[:2])
    assert read[2].values_before == {"application_start_date": "2026-05-31", "application_end_date": "2026-05-01"}
    assert read[2].columns == fixes[2].columns
