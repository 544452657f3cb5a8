"""History that is no longer kept: what goes, what stays, and that a dry run changes nothing; on a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.rows import dict_row

from aegis.settings import Settings
from batch import retention
from batch.cleaning.ledger import Ledger
from batch.cli import purge as cli
from batch.retention import History, forget
from tests.support.database import in_database

pytestmark = pytest.mark.stack

DAYS = {History.JUDGEMENTS: 30, History.CLEANED_TEXTS: 20, History.DEAD_DELIVERIES: 10}
KEPT = {"aegis_keep_judgements_days": 30, "aegis_keep_cleaned_texts_days": 20, "aegis_keep_dead_deliveries_days": 10}


@dataclass
class World:
    """A database with history of every age; the operator's and the validator's connections to it."""

    operator: str
    validator: str
    settings: Settings
    owner: psycopg.Connection[dict[str, Any]]

    def judged(self, policy: str, *days_ago: int) -> None:
        for days in days_ago:
            self.owner.execute(
                "INSERT INTO ops.judgement_history (policy_id, judged_version, status, reasons, quality_score, judged_at, run_id) "
                "VALUES (%s, %s, 'active', '[]', 0.9, now() - make_interval(days => %s), 'r')",
                (policy, days, days),
            )

    def cleaned(self, digit: str, days_ago: int) -> None:
        self.owner.execute(
            "INSERT INTO ops.cleaned_texts (request_hash, task, provider, model, problem, input_tokens, output_tokens, cost_usd, attempts, used_at) "
            "VALUES (repeat(%s, 64), 't', 'p', 'm', 'none', 1, 1, 0, 1, now() - make_interval(days => %s))",
            (digit, days_ago),
        )

    def delivery(self, state: str, days_ago: int) -> None:
        finished = None if state == "waiting" else days_ago
        self.owner.execute(
            "INSERT INTO ops.deliveries (subscription, event_id, attributes, data, state, error, finished_at) "
            "VALUES ('s', %s, '{}', '{}', %s, 'e', now() - make_interval(days => %s))",
            (f"{state}-{days_ago}", state, finished),
        )

    def judgements(self) -> list[tuple[str, int]]:
        """Policy and age of each that is left."""
        rows = self.owner.execute("SELECT policy_id, judged_version FROM ops.judgement_history ORDER BY judgement_id").fetchall()
        return [(row["policy_id"], row["judged_version"]) for row in rows]

    def texts(self) -> str:
        return "".join(row["digit"] for row in self.owner.execute("SELECT left(request_hash, 1) AS digit FROM ops.cleaned_texts ORDER BY 1").fetchall())

    def deliveries(self) -> list[str]:
        return [row["event_id"] for row in self.owner.execute("SELECT event_id FROM ops.deliveries ORDER BY id").fetchall()]

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli.command, [*arguments, "--only", "history"])


@pytest.fixture
def world(stack: Settings, own_database: str, owner_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    operator, validator = (in_database(dsn.get_secret_value(), own_database) for dsn in (stack.postgres_operator_dsn, stack.postgres_validator_dsn))
    configured = stack.model_copy(update={"postgres_operator_dsn": type(stack.postgres_operator_dsn)(operator), **KEPT})
    monkeypatch.setattr(cli, "settings", lambda: configured)
    with psycopg.connect(owner_dsn, autocommit=True, row_factory=dict_row) as owner:
        made = World(operator, validator, configured, owner)
        made.judged("often", 90, 60, 31, 29, 1)
        made.judged("once", 400)
        made.judged("twice", 300, 200)
        for digit, days in (("a", 21), ("b", 19), ("c", 500)):
            made.cleaned(digit, days)
        owner.execute("INSERT INTO ops.subscriptions (name, kind, target) VALUES ('s', 'kafka', 't')")
        for state, days in (("dead", 11), ("dead", 9), ("waiting", 11), ("delivered", 11)):
            made.delivery(state, days)
        yield made


def test_what_is_old_goes_and_the_newest_judgement_of_each_policy_stays(world: World) -> None:
    done = json.loads(world.run("--json").stdout)["history"]
    assert {name: (one["older_than_days"], one["expired"], one["purged"]) for name, one in done.items() if name != "run_id"} == {
        "judgements": (30, 4, 4),
        "cleaned_texts": (20, 2, 2),
        "dead_deliveries": (10, 1, 1),
    }
    assert world.judgements() == [("often", 29), ("often", 1), ("once", 400), ("twice", 200)]
    assert world.texts() == "b"
    assert world.deliveries() == ["dead-9", "waiting-11", "delivered-11"]
    row = world.owner.execute("SELECT kind, state, verdict, summary FROM ops.runs WHERE run_id = %s", (done["run_id"],)).fetchone()
    assert row == {"kind": "retention", "state": "finished", "verdict": "clean", "summary": {name: one for name, one in done.items() if name != "run_id"}}


def test_a_dry_run_counts_the_same_and_changes_nothing(world: World) -> None:
    before = world.judgements(), world.texts(), world.deliveries()
    said = json.loads(world.run("--dry-run", "--json").stdout)["history"]
    assert {name: (one["expired"], one["purged"]) for name, one in said.items() if name != "run_id"} == {
        "judgements": (4, 0),
        "cleaned_texts": (2, 0),
        "dead_deliveries": (1, 0),
    }
    assert (world.judgements(), world.texts(), world.deliveries()) == before
    assert "nothing was changed" in world.run("--dry-run").output


@pytest.mark.parametrize("at_once", [1, 3])
def test_batches_of_any_size_leave_the_same(world: World, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", at_once)
    done = forget(world.operator, DAYS)
    assert [removal.purged for removal in done.removals.values()] == [4, 2, 1]
    assert (world.judgements(), world.texts()) == ([("often", 29), ("often", 1), ("once", 400), ("twice", 200)], "b")
    assert [removal.purged for removal in forget(world.operator, DAYS).removals.values()] == [0, 0, 0]


def test_no_days_are_for_ever(world: World) -> None:
    before = world.judgements(), world.texts(), world.deliveries()
    assert forget(world.operator, dict.fromkeys(History, 0)).removals == {}
    assert (world.judgements(), world.texts(), world.deliveries()) == before


def test_an_answer_that_a_run_needs_is_kept_for_longer(world: World) -> None:
    with psycopg.connect(world.validator, autocommit=True) as connection:
        Ledger(connection, "t", "p", "m").used(["a" * 64, "f" * 64])
    forget(world.operator, DAYS)
    assert world.texts() == "ab"


def test_history_is_in_no_store(world: World) -> None:
    refused = world.run("--store", "redis")
    assert (refused.exit_code, "--only tombstones" in refused.output) == (2, True)
