"""What a policy is judged to be, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis.errors import Code
from aegis.rows.policy import Policy
from batch.validation.checks import rules
from batch.validation.examination import Examination
from batch.validation.filling import filling, stated
from batch.validation.judgement import COLUMNS, Judgement, Verdict, case, disagreements, judge
from batch.validation.reason import Reason, Severity
from tests.support.validating import CONTENT, TODAY

NOW = datetime(2026, 11, 21, tzinfo=UTC)
EXAMINATION = Examination(rules(TODAY))
NOTE = Reason(Code.VALIDATION_FAILED, "title", "r", "m", "a_note", Severity.NOTE)
BROKEN = Reason(Code.VALIDATION_FAILED, "title", "r", "m", "a_rule")


def policy(**columns: Any) -> Policy:
    sound = {
        "policy_id": "p",
        "source": "test",
        "source_id": "1",
        "title": "서울 청년창업 사업화 지원 공고",
        "content": CONTENT,
        "issuing_organization": "서울특별시",
        "category": "창업",
        "target_regions": ["11"],
        "detail_url": "https://example.org/notice",
        "application_period_text": "상시",
        "status": "pending_validation",
        "created_at": NOW,
        "updated_at": NOW,
        "version": 7,
    }
    return Policy.model_validate({**sound, **columns})


def judged(row: Policy, *violations: Reason, verdict: Verdict | None = None, on: date = TODAY, threshold: float = 0.7) -> Judgement:
    return judge(case(row, {}), violations, verdict, on, threshold)


OVER = {"application_start_date": date(2026, 1, 1), "application_end_date": date(2026, 2, 1), "application_period_text": None}


@pytest.mark.parametrize(
    ("row", "violations", "status", "codes"),
    [
        (policy(), (), "active", set()),
        (policy(), (NOTE,), "active", {"DP_2001"}),
        (policy(), (BROKEN,), "rejected", {"DP_2001"}),
        (policy(**OVER), (), "archived", {"DP_2001"}),
        (policy(**OVER), (NOTE,), "archived", {"DP_2001"}),
        (policy(**OVER), (BROKEN,), "rejected", {"DP_2001"}),
        (policy(content="", issuing_organization=None, detail_url=None, category=None), (), "rejected", {"DP_2002"}),
        (policy(target_regions=["99"]), (), "rejected", {"DP_2001"}),
        (policy(target_regions=["11", "11999"]), (), "active", {"DP_2001"}),
        (policy(target_regions=["42110", "11110"]), (), "active", set()),
        (policy(target_industries=["A", "10", "26110", "69"]), (), "active", set()),
        (policy(target_industries=["00"]), (), "rejected", {"DP_2001"}),
    ],
)
def test_what_speaks_against_a_policy_decides_its_status(row: Policy, violations: tuple[Reason, ...], status: str, codes: set[str]) -> None:
    found = judged(row, *violations)
    assert (found.status, {str(reason.code) for reason in found.reasons}, found.version) == (status, codes, 7)
    assert found.is_active is (status == "active")


@pytest.mark.parametrize(("days", "status"), [(0, "active"), (30, "active"), (31, "archived")])
def test_a_policy_is_archived_when_its_period_has_been_over_for_more_than_thirty_days(days: int, status: str) -> None:
    row = policy(application_end_date=TODAY - timedelta(days=days), application_period_text=None)
    assert judged(row, threshold=0).status == status


def test_a_score_below_the_threshold_rejects_with_what_lowered_it() -> None:
    found = judged(policy(), threshold=1)
    assert found.status == "rejected"
    assert found.reasons[0].rule == "quality_score"
    assert {reason.severity for reason in found.reasons[1:]} <= {Severity.NOTE}
    assert judged(policy(), threshold=0).status == "active"


@pytest.mark.parametrize(
    ("status", "is_active", "shown"),
    [("pending_validation", True, True), ("active", True, True), ("active", False, False), ("archived", False, True), ("rejected", False, True)],
)
def test_a_policy_that_somebody_hid_stays_hidden_and_one_that_a_judgement_hid_comes_back(status: str, is_active: bool, shown: bool) -> None:
    assert judged(policy(status=status, is_active=is_active)).is_active is shown


def test_a_duplicate_stays_active_names_who_speaks_for_it_and_where_the_sources_disagree() -> None:
    one, other = policy(funding_amount_max=5), policy(policy_id="q", source="other", funding_amount_max=7)
    found = judged(one, verdict=Verdict("q", "the same title", disagreements(one, other)))
    assert (found.status, found.canonical_id) == ("active", "q")
    assert [(str(reason.code), reason.rule) for reason in found.reasons] == [("DP_2003", "duplicates"), ("DP_2001", "sources_agree")]
    assert "other says 7 where test says 5" in found.reasons[1].reason


@pytest.mark.parametrize(
    ("columns", "rule", "severity"),
    [
        ({"title": "---"}, "title_says_something", "reject"),
        ({"title": "테스트 2"}, "title_is_no_placeholder", "reject"),
        ({"title": "청년\ufffd지원"}, "text_is_decoded", "reject"),
        ({"content": "  "}, "content_is_given", "note"),
        ({"content": "<p>지원</p>"}, "content_has_no_markup", "note"),
        ({"issuing_organization": None}, "somebody_issues_it", "note"),
        ({"source": "gov24", "detail_url": "https://gov.kr.example.org/"}, "address_is_the_sources", "note"),
        ({"source": "gov24", "detail_url": "https://example.org/?www.gov.kr/"}, "address_is_the_sources", "note"),
        ({"application_start_date": date(2026, 2, 1), "application_end_date": date(2026, 1, 1)}, "period_is_ordered", "reject"),
        ({"application_start_date": date(2040, 1, 1)}, "period_starts_plausibly", "reject"),
        ({"application_end_date": date(1970, 1, 1)}, "period_ends_plausibly", "note"),
        ({"application_start_date": date(2015, 1, 1), "application_end_date": date(2026, 1, 1)}, "period_is_not_endless", "note"),
        ({"application_end_date": date(2026, 12, 1)}, "period_agrees_with_its_text", "note"),
        ({"funding_amount_min": 2, "funding_amount_max": 1}, "amounts_are_ordered", "reject"),
        ({"funding_amount_max": 10**14 + 1}, "amount_is_possible", "reject"),
        ({"funding_amount_max": 999}, "amount_is_worth_asking", "note"),
        ({"interest_rate": "250"}, "rate_is_possible", "reject"),
        ({"interest_rate": "35"}, "rate_is_plausible", "note"),
        ({"target_regions": ["00", "11"]}, "nationwide_stands_alone", "note"),
        ({"target_regions": ["11", "11"]}, "regions_stand_once", "note"),
        ({"category": "가" * 51}, "category_is_short", "note"),
    ],
)
def test_each_rule_finds_what_it_is_for(columns: dict[str, Any], rule: str, severity: str) -> None:
    found = EXAMINATION.reasons([policy(), policy(policy_id="q", **columns)])
    assert set(found) == {"q"}
    assert (rule, severity) in {(reason.rule, str(reason.severity)) for reason in found["q"]}


@pytest.mark.parametrize(
    "columns",
    [
        {"source": "gov24", "detail_url": "https://www.gov.kr/portal/x"},
        {"source": "gov24", "detail_url": None},
        {"application_start_date": date(2026, 1, 1), "application_end_date": date(9999, 12, 31), "application_period_text": None},
        {"funding_amount_min": 0, "funding_amount_max": 0},
        {"target_regions": [], "category": None},
        {"target_regions": ["00"]},
    ],
)
def test_unusual_but_right_policies_break_no_rule(columns: dict[str, Any]) -> None:
    assert EXAMINATION.reasons([policy(**columns)]) == {}


def test_every_rule_says_what_is_wrong_and_what_mends_it() -> None:
    for rule in rules(TODAY):
        assert rule.reason
        assert rule.remedy
    with pytest.raises(ValueError, match="one name"):
        Examination([*rules(TODAY), rules(TODAY)[0]])


def test_what_an_earlier_judgement_filled_in_is_taken_back_unless_somebody_changed_it() -> None:
    filled = {"funding_amount_max": {"stated": None, "set": 5}, "application_end_date": {"stated": None, "set": "2026-12-20"}}
    row = policy(funding_amount_max=5, application_end_date=date(2026, 12, 21))
    back = stated(row, filled)
    assert (back.funding_amount_max, back.application_end_date) == (None, date(2026, 12, 21))


_texts = st.lists(
    st.sampled_from(
        [
            "최대 5억원",
            "연 2.5%",
            "1천만원 이상",
            "2026.01.02 ~ 2026.03.04",
            "2027-13-45",
            "신청기간: 상시",
            "예산 소진시까지",
            "9999999999억원",
            "\n",
            "월 30만원",
        ]
    ),
    max_size=8,
).map(" ".join)


@settings(max_examples=100, deadline=None)
@given(title=_texts, content=st.one_of(_texts, st.text(max_size=300)), period=st.one_of(st.none(), _texts, st.text(max_size=40)))
def test_reading_never_raises_fills_only_what_is_missing_and_does_so_once(title: str, content: str, period: str | None) -> None:
    row = policy(title=f"가 {title}", content=content, application_period_text=period or None)
    found = filling(row)
    assert set(found.filled) <= set(COLUMNS)
    again = case(found.row, found.filled)
    assert (again.reading.row, again.reading.filled) == (found.row, found.filled)
    judgement = judge(again, (), None, TODAY)
    start, end = judgement.values["application_start_date"], judgement.values["application_end_date"]
    assert start is None or end is None or start <= end
    least, most = judgement.values["funding_amount_min"], judgement.values["funding_amount_max"]
    assert least is None or most is None or 0 <= least <= most <= 10**14
