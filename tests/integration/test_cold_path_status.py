from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from aegis.cli.observing.cold_path import ColdPath, observe_cold_path
from aegis.cli.observing.postgres import reading
from aegis.settings import Settings
from batch.runs import RECONCILE_LOCK, Verdict, open_run
from tests.integration.letters import Connection
from tests.support.database import in_database

pytestmark = pytest.mark.stack

ENDED = """
INSERT INTO ops.runs (run_id, kind, lock, actor, options, state, verdict, started_at, finished_at)
VALUES (%s, %s, 'reconcile', 'a test', jsonb_build_object('complete', %s::boolean), 'finished', %s, now() - interval '9 h', now() - make_interval(hours => %s))
"""


@pytest.fixture
def owner(owner_dsn: str) -> Iterator[Connection]:
    with psycopg.connect(owner_dsn, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def observed(stack: Settings, database: str) -> ColdPath:
    with reading(in_database(stack.postgres_reader_dsn.get_secret_value(), database)) as reader:
        return observe_cold_path(reader)


def test_only_complete_comparisons_that_ended_clean_or_repaired_count(stack: Settings, own_database: str, owner: Connection):
    for run in (
        ("old", "reconcile", True, "clean", 8),
        ("repaired", "reconcile", True, "repaired", 5),
        ("partial", "reconcile", False, "clean", 4),
        ("drifted", "reconcile", True, "drift_left", 3),
        ("other", "purge", True, "clean", 2),
    ):
        owner.execute(ENDED, run)
    found = observed(stack, own_database)
    assert found.unproven_for is not None
    assert timedelta(hours=5) <= found.unproven_for < timedelta(hours=5, minutes=5)


def test_without_any_clean_comparison_the_first_row_counts(stack: Settings, own_database: str, owner: Connection):
    assert observed(stack, own_database).unproven_for is None
    owner.execute("INSERT INTO users (user_id, created_at) VALUES ('u', now() - interval '60 h')")
    owner.execute("INSERT INTO policies (policy_id, title, created_at) VALUES ('p', 't', now() - interval '3 h')")
    found = observed(stack, own_database)
    assert (found.clean_at, found.freshness) == (None, "missing")


def test_a_run_that_lives_is_told_from_one_that_died(stack: Settings, own_database: str, owner: Connection):
    operator = in_database(stack.postgres_operator_dsn.get_secret_value(), own_database)
    with open_run(operator, "reconcile", {"complete": True}, lock=RECONCILE_LOCK) as run:
        run.enter("sums")
        [alive] = observed(stack, own_database).running
        run.verdict = Verdict.CLEAN
    assert (alive.phase, alive.alive) == ("sums", True)
    found = observed(stack, own_database)
    assert found.last is not None
    assert (found.running, found.last.verdict) == ((), "clean")
    owner.execute("INSERT INTO ops.runs (run_id, kind, lock, actor) VALUES ('killed', 'reconcile', 'reconcile', 'a test')")
    assert [run.alive for run in observed(stack, own_database).running] == [False]


def test_a_pause_is_seen_until_its_lease_ends(stack: Settings, own_database: str, owner: Connection):
    owner.execute(
        "INSERT INTO ops.paused_apps (app, until, holder, reason) VALUES ('redis', now() + interval '1 h', 'r', 'replay'), ('milvus', now(), 'r', 'over')"
    )
    assert [paused.app for paused in observed(stack, own_database).paused] == ["redis"]
