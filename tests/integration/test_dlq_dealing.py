from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aegis.cli.dead_letters.choice import Choice
from aegis.cli.dead_letters.dealing import BATCH, operating, plan, retry
from aegis.settings import Settings
from tests.integration.letters import UNDECODABLE, Connection, dlq_owner, hold, one, run, states

pytestmark = pytest.mark.stack


@pytest.fixture
def owner(stack: Settings, own_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    yield from dlq_owner(stack, own_database, monkeypatch)


def versions(owner: Connection, prefix: str) -> list[int]:
    return [row["version"] for row in owner.execute("SELECT version FROM policies WHERE starts_with(policy_id, %s) ORDER BY policy_id", (prefix,))]


def audited(owner: Connection, action: str) -> list[dict[str, Any]]:
    return owner.execute("SELECT table_name, key, before, after, reason FROM audit_logs WHERE action = %s ORDER BY audit_id", (action,)).fetchall()


def test_a_bulk_retry_touches_what_is_held_leaves_out_tired_keys_and_marks_what_is_resolved(owner: Connection):
    number = BATCH + 20
    hold(owner, "many-", number)
    hold(owner, "tired-", 2, attempt=3)
    hold(owner, "mended-", 3)
    hold(owner, "gone-")
    owner.execute(UNDECODABLE)
    owner.execute("UPDATE policies SET title = 'mended' WHERE starts_with(policy_id, 'mended-')")
    owner.execute("DELETE FROM policies WHERE policy_id = 'gone-1'")
    before = {prefix: versions(owner, prefix) for prefix in ("many-", "tired-", "mended-")}

    result = run("retry", "--all", "--yes")

    assert result.exit_code == 0, result.output
    assert f"{number} held keys to retry" in result.output
    assert "2 held keys left out: given up on 3 times or more" in result.output
    assert "4 letters are resolved" in result.output
    assert "aegis replay redis --table policies --offset 2:41" in result.output
    assert f"{number} rows touched, 4 letters marked as resolved" in result.output
    after = {prefix: versions(owner, prefix) for prefix in before}
    assert min(after["many-"]) > max(before["many-"])
    assert (after["tired-"], after["mended-"]) == (before["tired-"], before["mended-"])
    assert [states(owner, prefix) for prefix in ("many-", "tired-", "mended-", "gone-")] == [{"retried": number}, {"held": 2}, {"resolved": 3}, {"resolved": 1}]
    told = audited(owner, "retry")
    assert len(told) == number
    assert told[0]["after"]["version"] > max(before["many-"])
    assert one(owner, "SELECT count(*) FROM ops.letters WHERE waiting") == 3  # tired and undecodable


def test_a_tired_key_is_retried_when_it_is_named(owner: Connection):
    hold(owner, "tired-", 2, attempt=7)
    assert run("retry", "policies", "tired-1").exit_code == 0
    assert run("retry", "--key", "tired-2").exit_code == 0
    assert states(owner) == {"retried": 2}


def test_a_key_that_one_store_gave_up_on_too_often_is_tired_for_the_others(owner: Connection):
    hold(owner, "both-", attempt=3)
    owner.execute(
        """INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, topic, partition, "offset", failed_at)
        SELECT 'milvus', table_name, key, version, rank, code, error_class, message, topic, partition, "offset", now() FROM ops.dead_letters"""
    )
    assert "1 held keys left out" in run("retry", "--store", "vector", "--yes").output
    assert states(owner) == {"held": 2}


def test_one_touch_deals_with_the_letters_of_a_key_in_every_store(owner: Connection):
    hold(owner, "both-")
    owner.execute(
        """INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, topic, partition, "offset", failed_at)
        SELECT 'milvus', table_name, key, version, rank, code, error_class, message, topic, partition, "offset", now() FROM ops.dead_letters"""
    )
    assert run("retry", "--store", "vector", "--yes").exit_code == 0
    assert states(owner) == {"retried": 2}
    [told] = audited(owner, "retry")
    assert len(told["before"]["letters"]) == 2


def test_a_dry_run_and_a_refusal_change_nothing(owner: Connection):
    hold(owner, "kept-", 3)
    before = versions(owner, "kept-")
    assert "3 held keys to retry" in run("retry", "--table", "policies", "--dry-run").output
    refused = run("retry", "--table", "policies", given="n\n")
    assert (refused.exit_code, "Touch 3 rows?" in refused.output) == (1, True)
    assert run("discard", "--table", "policies", "--reason", "made up", given="n\n").exit_code == 1
    assert versions(owner, "kept-") == before
    assert states(owner) == {"held": 3}
    assert run("retry", "--table", "policies", given="y\n").exit_code == 0
    assert states(owner) == {"retried": 3}


def test_a_letter_that_comes_while_a_retry_runs_is_not_of_its_plan(owner: Connection):
    hold(owner, "early-", 2)
    with operating() as operator:
        planned = plan(operator, Choice(table="policies"))
        hold(owner, "late-", 2)
        touched = [row.key for batch in retry(operator, Choice(table="policies"), planned.newest) for row in batch]
    assert touched == ["early-1", "early-2"]
    assert states(owner, "late-") == {"held": 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry",), "say which"),
        (("retry", "policies"), "name the row as well"),
        (("retry", "policies", "k", "--table", "users"), "not both"),
        (("retry", "policies", "k"), "policies k has no open dead letter"),
        (("retry", "--store", "search", "--yes"), "these filters match no open dead letter"),
        (("retry", "--since", "yesterday"), "is no time"),
        (("retry", "--store", "oracle"), "no derived store is named 'oracle'"),
        (("discard", "--reason", "r"), "say which"),
        (("discard", "1", "--all", "--reason", "r"), "not both"),
        (("discard", "--all", "--reason", " "), "must say something"),
        (("discard", "999", "--reason", "r"), "there is no open dead letter 999"),
        (("discard", "--all"), "--reason"),
        (("list", "--before", "7"), "--before is for --letters"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(owner: Connection, arguments: tuple[str, ...], said: str):
    result = run(*arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_letters_are_discarded_by_cause_each_told_in_the_audit_log(owner: Connection):
    hold(owner, "many-", BATCH + 1)
    owner.execute(UNDECODABLE)
    result = run("discard", "--cause", "title is too long", "--reason", "made up", "--yes")
    assert f"{BATCH + 1} dead letters are discarded" in result.output
    assert states(owner, "many-") == {"discarded": BATCH + 1}
    told = audited(owner, "discard")
    assert (len(told), {one["reason"] for one in told}) == (BATCH + 1, {"made up"})
    assert one(owner, "SELECT count(*) FROM ops.letters WHERE state = 'open'") == 1


def test_what_was_done_with_a_letter_is_its_history(owner: Connection):
    number = owner.execute(UNDECODABLE).fetchone()
    assert number is not None
    assert run("discard", str(number["id"]), "--reason", "no change at all").exit_code == 0
    shown = run("show", str(number["id"])).output
    assert "no change at all" in shown.splitlines()[-1]
    assert "first byte is 7" in shown
    assert run("discard", str(number["id"]), "--reason", "twice").exit_code == 1
