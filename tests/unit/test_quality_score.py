"""The quality score: what costs a policy points, and that an empty shell does not pass."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis.rows.policy import Policy
from batch.quality.completeness import COMPLETENESS
from batch.quality.score import THRESHOLD, WEIGHTS, score
from collectors.draft import Accepted
from collectors.portals import PORTALS
from collectors.validation import validate
from tests.support.policies import DAY, FULL, policy
from tests.support.servers import REPOSITORY

DATA = REPOSITORY.parent / "shared" / "data"

FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("completeness", {"content": "짧은 글"}, "content"),
    ("completeness", {"issuing_organization": None}, "issuing_organization"),
    ("completeness", {"category": None}, "category"),
    ("completeness", {"target_regions": ()}, "target_regions"),
    ("completeness", {"tags": ()}, "tags"),
    ("completeness", {"funding_amount_min": None, "funding_amount_max": None, "interest_rate": None}, "funding_amount_max"),
    ("completeness", {"application_start_date": None, "application_end_date": None, "application_period_text": None}, "application_period_text"),
    ("accuracy", {"title": "테스트"}, "title"),
    ("accuracy", {"content": "&nbsp;<p>" + FULL["content"]}, "content"),
    ("accuracy", {"issuing_organization": "미정"}, "issuing_organization"),
    ("accuracy", {"application_end_date": date(2226, 5, 31)}, "application_end_date"),
    ("accuracy", {"funding_amount_min": None, "funding_amount_max": 300}, "funding_amount_max"),
    ("accuracy", {"interest_rate": Decimal(250)}, "interest_rate"),
    ("accuracy", {"target_regions": ("99",)}, "target_regions"),
    ("consistency", {"content": FULL["title"]}, "content"),
    ("consistency", {"target_regions": ("11",)}, "target_regions"),
    ("consistency", {"target_regions": ("00", "26")}, "target_regions"),
    ("consistency", {"application_start_date": date(2026, 6, 1)}, "application_end_date"),
    ("consistency", {"funding_amount_min": 60_000_000}, "funding_amount_max"),
    ("consistency", {"status": "archived"}, "is_active"),
    ("timeliness", {"application_end_date": date(2026, 4, 30)}, "application_end_date"),
]

SHELLS: list[dict[str, Any]] = [
    {"content": ""},
    {"content": "-"},
    {"content": FULL["title"], "tags": ()},
    {"content": "", "issuing_organization": None},
    {"content": "자세한 내용 참조", "category": None, "target_regions": (), "issuing_organization": None},
]


def test_a_full_policy_has_every_point_and_no_reason() -> None:
    made = score(policy(), DAY)
    assert (made.completeness, made.accuracy, made.consistency, made.timeliness, made.total, made.reasons) == (1, 1, 1, 1, 1, ())


@pytest.mark.parametrize(("part", "changed", "field"), FAULTS)
def test_a_fault_costs_its_part_and_says_which_field_and_what_to_do(part: str, changed: dict[str, Any], field: str) -> None:
    made = score(policy(**changed), DAY)
    assert getattr(made, part) < 1
    assert made.total < 1
    (reason, *_) = [each for each in made.reasons if each.part == part and each.field == field]
    assert reason.reason
    assert reason.remedy


@pytest.mark.parametrize("changed", SHELLS)
def test_an_empty_shell_does_not_pass(changed: dict[str, Any]) -> None:
    assert score(policy(**changed), DAY).total < THRESHOLD


@pytest.mark.parametrize(("over", "timeliness"), [(date(2026, 5, 1), 1.0), (date(2026, 4, 30), 0.5), (date(2026, 3, 31), 0.2), (date(2025, 4, 30), 0.0)])
def test_a_period_that_is_over_counts_by_how_long_ago(over: date, timeliness: float) -> None:
    assert score(policy(application_start_date=None, application_end_date=over), DAY).timeliness == timeliness


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert sum(check.weight for check in COMPLETENESS) == pytest.approx(1)


ROWS = st.builds(
    policy,
    title=st.text(max_size=30),
    content=st.text(max_size=80),
    issuing_organization=st.none() | st.text(max_size=10),
    category=st.none() | st.text(max_size=5),
    target_regions=st.lists(st.sampled_from(["00", "11", "26", "26110", "99"]), max_size=4).map(tuple),
    funding_amount_min=st.none() | st.integers(0, 10**15),
    funding_amount_max=st.none() | st.integers(0, 10**15),
    application_start_date=st.none() | st.dates(date(1900, 1, 1)),
    application_end_date=st.none() | st.dates(date(1900, 1, 1)),
    detail_url=st.none() | st.text(max_size=20),
    status=st.sampled_from(["pending_validation", "active", "rejected", "archived"]),
)


@given(ROWS, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_every_part_is_a_share_and_the_total_is_their_weighted_sum(row: Policy, on: date) -> None:
    made = score(row, on)
    parts = {part: getattr(made, part) for part in WEIGHTS}
    assert all(0 <= share <= 1 for share in parts.values())
    assert made.total == pytest.approx(sum(WEIGHTS[part] * share for part, share in parts.items()), abs=0.002)
    assert {reason.part for reason in made.reasons} == {part for part, share in parts.items() if share < 1}
    assert score(row, on) == made


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded records at {DATA}")
@pytest.mark.parametrize(
    ("source", "file", "on"),
    [("bizinfo", "bizinfo/2026-04-30T103255+0900.json.gz", date(2026, 4, 30)), ("gov24", "gov24/2026-07-10.jsonl.gz", date(2026, 7, 10))],
)
def test_recorded_records_pass_and_the_same_without_their_text_do_not(source: str, file: str, on: date) -> None:
    rows = [row for each in records(DATA / file) if (row := stored(source, each, on)) is not None]
    totals = sorted(score(row, on).total for row in rows)
    assert sum(total >= THRESHOLD for total in totals) / len(totals) >= 0.98
    assert totals[0] < totals[-1] or len(set(totals)) == 1
    assert max(score(row.model_copy(update={"content": ""}), on).total for row in rows) < THRESHOLD


def records(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as opened:
        text = opened.read()
    if path.suffixes[-2] == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    listing = json.loads(text)
    return list(listing["jsonArray"] if isinstance(listing, dict) else listing)


def stored(source: str, raw: dict[str, Any], on: date) -> Policy | None:
    outcome = validate(PORTALS[source], raw)
    if not isinstance(outcome, Accepted):
        return None
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    return Policy(policy_id=outcome.draft.policy_id, status="active", created_at=at, updated_at=at, version=1, **outcome.draft.model_dump())
