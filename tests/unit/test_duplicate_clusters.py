"""Which rows become one cluster, who speaks for it, and what is never put together."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from aegis.rows.policy import Policy
from batch.duplicates.clusters import clusters
from batch.duplicates.decision import decide
from batch.duplicates.features import features_of

DAY = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "관내에 주민등록을 두고 거주하는 무주택 청년 세대주에게 매월 임차료의 일부를 열두 달 동안 지원합니다"


def policy(key: str, title: str, source: str = "gov24", **columns: Any) -> Policy:
    given = {"issuing_organization": "경기도 가나시", "content": TEXT, "status": "active"} | columns
    return Policy(policy_id=key, source=source, source_id=key, title=title, created_at=DAY, updated_at=DAY, version=1, **given)


def members(rows: list[Policy], **more: Any) -> list[set[str]]:
    return [{cluster.canonical, *(member.policy_id for member in cluster.members)} for cluster in clusters(rows, {}, **more)]


def test_the_same_policy_of_two_sources_is_one_cluster_that_says_why() -> None:
    rows = [policy("a", "청년 월세 지원"), policy("b", "가나시 청년월세 지원사업", "bokjiro_local", category="주거")]
    (cluster,) = clusters(rows, {})
    assert (cluster.canonical, cluster.reason) == ("b", "it states most")
    (member,) = cluster.members
    assert (member.policy_id, member.alike_to) == ("a", "b")
    assert "same normal title (청년월세); same administration (가나시)" in member.explanation


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"issuing_organization": "경기도 다라시"}, "another administration"),
        ({"issuing_organization": "경기도"}, "another administration"),
        ({"title": "2025년 청년 월세 지원"}, "another year"),
        ({"title": "2026년 2차 청년 월세 지원"}, "another round"),
        ({"title": "2026년 1차 청년 월세 지원(전세)"}, "other words in brackets"),
    ],
)
def test_what_rules_a_duplicate_out_is_said(columns: dict[str, Any], why: str) -> None:
    one = policy("a", "2026년 1차 청년 월세 지원(신규)")
    other = policy("b", **({"title": one.title, "source": "bokjiro_local"} | columns))
    decision = decide(features_of(one, {}), features_of(other, {}))
    assert (decision.same, decision.why) == (False, why)


def test_a_decision_does_not_depend_on_the_order() -> None:
    one, other = (features_of(row, {}) for row in (policy("a", "노인 보청기 지원"), policy("b", "장애인 보청기 구입비 지원", "bokjiro_local")))
    assert decide(one, other).score == decide(other, one).score


def test_siblings_of_one_source_stay_apart() -> None:
    assert members([policy("a", "중증장애인 의료비 지원"), policy("b", "중증장애인 교통비 지원")]) == []
    assert members([policy("a", "청년 월세 지원", operating_organization="가 협회"), policy("b", "청년 월세 지원", operating_organization="나 협회")]) == []


def test_a_source_that_lists_a_policy_twice_is_noticed() -> None:
    assert members([policy("a", "청년 월세 지원"), policy("b", "청년 월세 지원사업")]) == [{"a", "b"}]


def test_one_that_is_for_others_is_another() -> None:
    rows = [
        policy("a", "장애인가정 출산지원금 지원", content="등록 장애인 가정에 지급"),
        policy("b", "출산지원금 지원", "bokjiro_local", content="출산 가정에 지급"),
    ]
    assert members(rows) == []


def test_application_periods_far_apart_speak_against_it() -> None:
    spring = {"application_start_date": date(2026, 3, 1), "application_end_date": date(2026, 3, 31)}
    autumn = {"application_start_date": date(2026, 10, 1), "application_end_date": date(2026, 10, 31)}
    rows = (policy("a", "청년 월세 지원", content="", **spring), policy("b", "청년 월세 지원", "bokjiro_local", content="", **autumn))
    assert "periods far apart" in decide(*(features_of(row, {}) for row in rows)).why
    assert members(list(rows)) == []


def test_rejected_and_archived_rows_are_in_no_cluster() -> None:
    assert members([policy("a", "청년 월세 지원"), policy("b", "청년 월세 지원", "bokjiro_local", status="archived")]) == []


def test_a_chain_of_likenesses_does_not_join_what_is_clearly_apart() -> None:
    first = policy("a", "2025년 청년 월세 지원")
    between = policy("b", "청년 월세 지원", "bokjiro_local")
    last = policy("c", "2026년 청년 월세 지원", "youthcenter")
    assert decide(features_of(first, {}), features_of(between, {})).same
    assert decide(features_of(between, {}), features_of(last, {})).same
    (joined,) = members([first, between, last])
    assert len(joined) == 2


def test_the_source_and_then_the_age_decide_between_equally_complete_rows() -> None:
    rows = [policy("a", "청년 월세 지원"), policy("b", "청년 월세 지원", "bokjiro_local")]
    (cluster,) = clusters(rows, {})
    assert (cluster.canonical, cluster.reason) == ("b", "its source comes first")
    older = policy("c", "청년 월세 지원").model_copy(update={"created_at": datetime(2025, 1, 1, tzinfo=UTC)})
    (cluster,) = clusters([rows[0], older], {})
    assert (cluster.canonical, cluster.reason) == ("c", "it was stored first")


def test_neighbours_are_compared_though_they_share_no_key_and_their_cosine_is_told() -> None:
    rows = [policy("a", "학자금대출 이자 지원"), policy("b", "한국 대학생 학자금대출 이자", "bokjiro_local")]
    vector = np.zeros(384, dtype=np.float32)
    vector[0] = 1.0
    (cluster,) = clusters(rows, {"a": vector, "b": vector}, [("a", "b"), ("a", "unknown")])
    assert "vectors 1.00" in cluster.members[0].explanation


def test_clusters_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = [policy(f"k{number}", f"{'가나다라마바사'[number % 7]}업무 지원", ("gov24", "bokjiro_local")[number % 2]) for number in range(28)]
    assert clusters(rows, {}) == clusters(rows[::-1], {})
