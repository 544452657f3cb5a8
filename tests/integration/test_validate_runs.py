"""Whole runs of the full validation over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from aegis.settings import Settings
from batch.runs import RunInProgress, open_run
from batch.validation.judgement import Case, Judgement, Verdict, case, judge
from batch.validation.ledger import Ledger, Order, Written
from batch.validation.run import LOCK
from tests.support.database import database
from tests.support.validating import CONTENT, TODAY, Validating, validating

pytestmark = pytest.mark.stack

RULE = {"requires": {"field": "title", "contains": "청년"}, "field": "title", "reason": "no word of the young", "remedy": "name them"}


@pytest.fixture(scope="module")
def name(stack: Settings, template_database: str) -> Iterator[str]:
    with database(stack.postgres_dsn.get_secret_value(), template_database) as made:
        yield made


@pytest.fixture
def world(stack: Settings, name: str) -> Validating:
    made = validating(stack, name)
    made.empty()
    return made


def test_pending_policies_become_active_rejected_or_archived_with_score_reasons_and_one_event_each(world: Validating) -> None:
    world.add("good")
    world.add("shell", content="", issuing_organization=None, detail_url=None, category=None, target_regions=[], application_period_text=None)
    world.add("broken", title="---")
    world.add("over", application_start_date=date(2026, 1, 1), application_end_date=date(2026, 2, 1))
    done = world.run()
    assert (done.verdict, done.tally.judged, done.tally.changed, done.tally.changed_meanwhile) == ("clean", 4, 4, 0)
    assert {key: world.policy(key)["status"] for key in ("good", "shell", "broken", "over")} == {
        "good": "active",
        "shell": "rejected",
        "broken": "rejected",
        "over": "archived",
    }
    for key in ("good", "shell", "broken", "over"):
        row, judgement, [event] = world.policy(key), world.judgement(key), world.events(key)
        assert (judgement["status"], judgement["judged_version"], judgement["quality_score"]) == (row["status"], row["version"], row["quality_score"])
        assert (event["policy_id"], event["source"], event["status"], event["version"]) == (key, "test", row["status"], row["version"])
        assert (event["quality_score"], set(event["parts"])) == (float(row["quality_score"]), {"completeness", "accuracy", "consistency", "timeliness"})
        assert set(event["reasons"]) == {reason["code"] for reason in judgement["reasons"]}
        assert row["is_active"] is (row["status"] == "active")
    assert "DP_2002" in world.events("shell")[0]["reasons"]
    assert [reason["rule"] for reason in world.judgement("broken")["reasons"]] == ["title_says_something"]
    assert "period_is_over" in [reason["rule"] for reason in world.judgement("over")["reasons"]]


def test_a_second_run_writes_and_locks_nothing_even_when_all_is_judged_anew(world: Validating) -> None:
    for number in range(5):
        world.add(f"p{number}", title="---" if number == 4 else "서울 청년창업 지원", funding_amount_max=None, content=f"{CONTENT}\n지원금액: 최대 5억원")
    world.run()
    before = world.fingerprint()
    assert world.run().tally.judged == 0
    again = world.run(again=True)
    assert (again.tally.judged, again.tally.changed, again.tally.news) == (5, 0, 0)
    assert world.fingerprint() == before


def test_what_the_text_says_is_filled_in_once_and_read_afresh_when_the_text_changes(world: Validating) -> None:
    period = {"application_start_date": None, "application_end_date": None, "application_period_text": "2026년 11월 2일부터 2026년 12월 20일까지"}
    world.add("p", content=f"{CONTENT}\n지원한도: 업체당 최대 5억원, 대출금리 연 2.5%", **period)
    world.run()
    row = world.policy("p")
    assert (row["funding_amount_max"], row["interest_rate"]) == (500_000_000, Decimal("2.5"))
    assert (row["application_start_date"], row["application_end_date"]) == (date(2026, 11, 2), date(2026, 12, 20))
    judgement = world.judgement("p")
    assert judgement["filled"]["application_end_date"] == {"stated": None, "set": "2026-12-20"}
    assert any("5억" in each["text"] for each in judgement["was_read"]["money"]["evidence"])
    world.rows("UPDATE policies SET content = %(text)s WHERE policy_id = 'p' RETURNING 1", text=f"{CONTENT}\n지원한도: 업체당 최대 3억원")
    world.run()
    row = world.policy("p")
    assert (row["funding_amount_max"], row["interest_rate"], row["application_end_date"]) == (300_000_000, None, date(2026, 12, 20))


def test_what_a_source_states_in_its_own_columns_is_never_overwritten(world: Validating) -> None:
    world.add("p", funding_amount_max=100_000_000, content=f"{CONTENT}\n지원한도: 업체당 최대 5억원", application_period_text="2027.01.01 ~ 2027.02.01")
    world.run()
    row = world.policy("p")
    assert (row["funding_amount_max"], row["application_end_date"]) == (100_000_000, date(2026, 12, 31))


def test_codes_of_former_provinces_become_those_of_today(world: Validating) -> None:
    world.add("p", target_regions=["42", "45113", "11"])
    world.run()
    assert world.policy("p")["target_regions"] == ["51", "52113", "11"]


def test_a_rule_of_the_table_is_applied_and_a_malformed_one_is_skipped_and_told(world: Validating) -> None:
    world.add("young")
    world.add("others", title="서울 소상공인 사업화 지원")
    world.add_rule("r-young", RULE)
    world.add_rule("r-off", {**RULE, "requires": {"field": "title", "contains": "없는 말"}}, is_active=False)
    world.add_rule("r-broken", {"requires": {"field": "titel", "contains": "x"}})
    done = world.run()
    assert (world.policy("young")["status"], world.policy("others")["status"]) == ("active", "rejected")
    assert [reason["rule"] for reason in world.judgement("others")["reasons"]] == ["business_rules/r-young"]
    [told] = done.tally.malformed_rules
    assert "r-broken" in told
    assert "titel" in told


def test_a_row_that_changed_since_it_was_read_is_left_alone_and_judged_next_time(world: Validating, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("p")
    world.add("q")
    writes = Ledger.judge

    def meanwhile(ledger: Ledger, judgements: Sequence[Judgement]) -> Written:
        world.rows("UPDATE policies SET title = '서울 청년창업 지원 변경' WHERE policy_id = 'p' RETURNING 1")
        return writes(ledger, judgements)

    monkeypatch.setattr(Ledger, "judge", meanwhile)
    assert (done := world.run()).tally.changed_meanwhile == 1
    assert done.tally.changed == 1
    assert (world.policy("p")["status"], world.policy("q")["status"]) == ("pending_validation", "active")
    monkeypatch.undo()
    world.run()
    assert world.policy("p")["status"] == "active"


def test_a_judgement_waits_for_a_writer_that_holds_its_row_and_then_leaves_the_row_to_the_next_run(world: Validating) -> None:
    world.add("p")
    with psycopg.connect(world.validator_dsn, autocommit=True, row_factory=psycopg.rows.dict_row) as session:
        session.execute("SET lock_timeout = '200ms'")
        with psycopg.connect(world.owner_dsn) as writer:
            writer.execute("UPDATE policies SET title = '바뀌는 중인 청년창업 지원' WHERE policy_id = 'p'")
            due = Ledger(session, "r")
            [one] = due.due(Order(on=TODAY, threshold=0.7), "", 10).due
            with pytest.raises(psycopg.errors.LockNotAvailable):
                due.judge([judge(case(one.row, one.filled), (), None, TODAY)])
    assert world.policy("p")["status"] == "pending_validation"
    assert world.rows("SELECT * FROM ops.judgements") == []


def test_batches_go_through_everything_and_a_limit_ends_a_run_early(world: Validating) -> None:
    for number in range(7):
        world.add(f"p{number}")
    assert world.run(batch_size=2, limit=3).tally.judged == 3
    assert world.run(batch_size=2).tally.judged == 4
    assert {row["status"] for row in world.rows("SELECT status FROM policies")} == {"active"}


def test_a_run_that_dies_keeps_what_it_committed_and_the_next_one_goes_on(world: Validating, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        world.add(f"p{number}")
    writes, batches = Ledger.judge, iter([True, False])

    def dies_in_the_second(ledger: Ledger, judgements: Sequence[Judgement]) -> Written:
        written = writes(ledger, judgements)
        if not next(batches):
            raise psycopg.OperationalError("the server is gone")
        return written

    monkeypatch.setattr(Ledger, "judge", dies_in_the_second)
    with pytest.raises(psycopg.OperationalError):
        world.run(batch_size=2)
    monkeypatch.undo()
    assert [world.policy(f"p{number}")["status"] for number in range(4)] == ["active", "active", "pending_validation", "pending_validation"]
    [ended] = world.rows("SELECT state, message, summary -> 'judged' AS judged FROM ops.runs")
    assert (ended["state"], ended["judged"]) == ("failed", 2)
    assert world.run(batch_size=2).tally.judged == 2
    assert [len(world.events(f"p{number}")) for number in range(4)] == [1, 1, 1, 1]


def test_only_the_source_that_is_asked_for_is_judged(world: Validating) -> None:
    world.add("p", source="one")
    world.add("q", source="other")
    world.run(source="one")
    assert (world.policy("p")["status"], world.policy("q")["status"]) == ("active", "pending_validation")


def test_a_dry_run_says_what_would_be_decided_and_writes_nothing(world: Validating) -> None:
    world.add("p")
    world.add("q", title="---")
    before = world.fingerprint()
    done = world.run(dry_run=True)
    assert (done.tally.statuses["active"], done.tally.statuses["rejected"], done.tally.changed) == (1, 1, 0)
    assert world.fingerprint() == before


def test_an_active_policy_is_archived_when_its_period_has_been_over_for_a_month(world: Validating) -> None:
    world.add("p")
    world.run()
    assert world.run(on=date(2027, 1, 30)).tally.judged == 0
    world.run(on=date(2027, 1, 31))
    assert world.policy("p")["status"] == "archived"


def test_two_runs_at_once_are_refused(world: Validating) -> None:
    with open_run(world.operator_dsn, "validate", {}, lock=LOCK), pytest.raises(RunInProgress):
        world.run()


def test_a_judgement_that_postgresql_refuses_holds_up_no_neighbour(world: Validating, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        world.add(f"p{number}")
    monkeypatch.setattr("batch.validation.run.judge", _impossible_for("p3"))
    done = world.run()
    assert (done.verdict, done.tally.refused, done.tally.changed) == ("drift_left", ["p3"], 4)
    assert world.policy("p3")["status"] == "pending_validation"


def _impossible_for(key: str) -> Callable[..., Judgement]:
    def judging(found: Case, *arguments: Any) -> Judgement:
        judgement = judge(found, *arguments)
        return replace(judgement, status="unheard-of") if judgement.policy_id == key else judgement

    return judging


def test_a_duplicate_stays_active_and_names_the_policy_that_speaks_for_it_until_that_is_gone(world: Validating) -> None:
    spoken_for = {"b": Verdict("a", "the same title, organisation and period")}
    world.add("a", source="one")
    world.add("b", source="other")
    world.run(compare=lambda batch: spoken_for if batch else {})
    assert (world.policy("b")["status"], world.judgement("b")["canonical_id"], world.judgement("a")["canonical_id"]) == ("active", "a", None)
    assert [reason["code"] for reason in world.judgement("b")["reasons"]] == ["DP_2003"]
    assert world.run().tally.judged == 0
    world.rows("UPDATE policies SET status = 'archived' WHERE policy_id = 'a' RETURNING 1")
    world.run()
    assert (world.policy("b")["status"], world.judgement("b")["canonical_id"]) == ("active", None)


def test_a_policy_that_was_judged_before_learns_of_a_new_one_that_speaks_for_it(world: Validating) -> None:
    world.add("old", source="other")
    world.run()
    world.add("new", source="one")
    world.run(compare=lambda batch: {"old": Verdict("new", "the same")} if batch else {})
    assert (world.judgement("old")["canonical_id"], world.judgement("new")["canonical_id"]) == ("new", None)
    assert world.run().tally.judged == 0
