"""Jumps, shifts, outliers, trends and profiles: what is odd, what is not, and when too little is known to say."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.quality.facts import SCHEMA, frame
from batch.quality.findings import History, judged
from batch.quality.jump import LEAST_DAYS, jump
from batch.quality.metric import PROFILE, metrics
from batch.quality.outlier import outliers
from batch.quality.profile import OTHERS, Profile, profiles
from batch.quality.shift import shift, stability_index
from batch.quality.trend import AHEAD_DAYS, trend
from tests.support.policies import DAY, policy

STEADY = [1000.0, 1004.0, 998.0, 1001.0, 997.0, 1003.0, 1000.0, 999.0]


@pytest.mark.parametrize(
    ("metric", "history", "value", "odd"),
    [
        ("count", STEADY, 1010.0, False),
        ("count", STEADY, 600.0, True),
        ("count", STEADY, 1500.0, True),
        ("count", [*STEADY, 5.0], 1010.0, False),  # one odd day in the history does not hide or make another
        ("count", [*STEADY, 5.0], 5.0, True),
        ("null_share.tags", [0.02] * 8, 0.05, False),
        ("null_share.tags", [0.02] * 8, 0.5, True),
        ("content_length.p50", [400.0] * 8, 440.0, False),
        ("content_length.p50", [400.0] * 8, 80.0, True),
        ("count", STEADY[: LEAST_DAYS - 1], 1.0, False),  # not enough history
    ],
)
def test_a_measurement_is_odd_only_against_its_own_history(metric: str, history: list[float], value: float, odd: bool) -> None:
    found = jump(metric, history, value)
    assert (found is not None) == odd
    if found:
        assert metric in found.words
        assert ("above" if value > found.usual else "below") in found.words


SHARES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 1), min_size=1).map(lambda d: {k: v / sum(d.values()) for k, v in d.items()})


@given(SHARES, SHARES)
def test_the_stability_index_is_a_symmetric_distance(left: dict[str, float], right: dict[str, float]) -> None:
    assert stability_index(left, left) == pytest.approx(0)
    assert stability_index(left, right) == pytest.approx(stability_index(right, left))
    assert stability_index(left, right) >= 0


def test_a_shifted_distribution_names_what_moved() -> None:
    usual = [{"창업": 0.5, "금융": 0.5}] * LEAST_DAYS
    found = shift("categories", usual, {"창업": 0.1, "금융": 0.5, "수출": 0.4})
    assert found is not None
    assert "수출 from 0.0% to 40.0%" in found.words
    assert "금융" not in found.words
    assert shift("categories", usual, {"창업": 0.48, "금융": 0.52}) is None
    assert shift("categories", usual[:-1], {"수출": 1.0}) is None


def series(start: float, slope: float, days: int = 20) -> list[tuple[date, float]]:
    return [(DAY + timedelta(days=number), start + slope * number) for number in range(days)]


def test_a_falling_score_is_warned_of_before_it_crosses_the_threshold() -> None:
    found = trend("score", series(0.902, -0.005), 0.7)
    assert found is not None
    assert found.slope == pytest.approx(-0.005)
    assert found.forecast == pytest.approx(0.902 - 0.005 * (19 + AHEAD_DAYS))
    assert found.crosses_on == DAY + timedelta(days=19 + 22)
    assert found.warning is not None
    assert "in 22 days" in found.warning


def test_odd_days_do_not_turn_a_trend() -> None:
    points = series(0.9, 0.0)
    points[3] = (points[3][0], 0.1)
    points[11] = (points[11][0], 0.0)
    found = trend("score", points, 0.7)
    assert found is not None
    assert (found.slope, found.crosses_on, found.warning) == (0.0, None, None)


def test_a_level_below_the_threshold_is_said_at_once() -> None:
    found = trend("score", series(0.6, 0.001), 0.7)
    assert found is not None
    assert found.crosses_on == DAY + timedelta(days=19)
    assert found.warning is not None


def test_too_few_days_have_no_trend() -> None:
    assert trend("score", series(0.9, -0.05, LEAST_DAYS - 1), 0.7) is None


@given(st.lists(st.floats(0, 1), min_size=LEAST_DAYS, max_size=40))
def test_a_forecast_is_a_share_whatever_the_days_were(values: list[float]) -> None:
    found = trend("score", [(DAY + timedelta(days=number), value) for number, value in enumerate(values)], 0.7)
    assert found is not None
    assert 0 <= found.forecast <= 1


def amounts(*values: int) -> list[object]:
    return [policy(policy_id=f"p{number}", funding_amount_min=None, funding_amount_max=value) for number, value in enumerate(values)]


def test_an_amount_with_a_slipped_unit_stands_out_among_its_like() -> None:
    usual = [10_000_000, 20_000_000, 30_000_000, 50_000_000] * 4
    (found,) = outliers(frame([amounts(*usual, 500_000_000_000)], DAY))
    assert (found.policy_id, found.amount) == ("p16", 500_000_000_000)
    assert "창업" in found.words
    assert outliers(frame([amounts(*usual)], DAY)) == ()
    assert outliers(frame([amounts(*usual[:8], 500_000_000_000)], DAY)) == ()  # too few to say


def test_a_profile_counts_what_is_empty_and_how_values_are_distributed() -> None:
    rows = [
        policy(policy_id="a"),
        policy(policy_id="b", category=None, tags=(), target_regions=("11", "26110"), content="가" * 10),
        policy(policy_id="c", source="other", status="rejected"),
    ]
    first, second = profiles(frame([rows[:1], rows[1:]], DAY), 0.7)
    assert (first.source, first.count, second.source, second.statuses) == ("example", 2, "other", {"rejected": 1})
    assert (first.null_shares["category"], first.null_shares["tags"], first.null_shares["content"]) == (0.5, 0.5, 0.0)
    assert first.categories == {"(none)": 0.5, "창업": 0.5}
    assert first.regions == {"부산광역시": 1.0, "서울특별시": 0.5}
    assert (first.below, sum(first.scores)) == (0.5, 2)
    assert first.reasons["tags: there are no key words"] == 0.5
    assert first.lowest == (("b", first.lowest[0][1]), ("a", 1.0))
    assert second.reasons
    assert Profile.from_document(json.loads(json.dumps(first.as_document()))) == first


def test_rare_values_are_counted_together() -> None:
    rows = [policy(policy_id=f"p{number}", category=f"분야{number:02}", target_regions=()) for number in range(20)]
    (made,) = profiles(frame([rows], DAY), 0.7)
    assert made.categories[OTHERS] == pytest.approx(0.4)
    assert made.regions == {"(none)": 1.0}


def test_nothing_stored_has_no_profile() -> None:
    assert set(frame([], DAY).schema) == set(SCHEMA)
    assert profiles(frame([], DAY), 0.7) == ()
    assert outliers(frame([], DAY)) == ()


def test_a_first_day_says_that_it_has_no_history() -> None:
    (made,) = profiles(frame([[policy()]], DAY), 0.7)
    found = judged(made, History({}, ()), DAY)
    assert (found.anomalies, found.warnings, found.trends) == ((), (), ())
    assert found.history_note is not None
    assert f"0 of {LEAST_DAYS} days" in found.history_note


def test_a_source_that_lost_most_of_its_records_is_an_anomaly() -> None:
    (made,) = profiles(frame([[policy()]], DAY), 0.7)
    days = [DAY - timedelta(days=number) for number in range(LEAST_DAYS, 0, -1)]
    usual = {each.metric: [(day, 400.0 if each.metric == "count" else each.value) for day in days] for each in metrics(made) if each.metric != PROFILE}
    found = judged(made, History(usual, [made.as_document()] * LEAST_DAYS), DAY)
    assert [each.metric for each in found.jumps] == ["count"]
    assert found.history_note is None
