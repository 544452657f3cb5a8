"""`aegis trace` follows a row into every store, and out of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.e2e.conftest import PREFIX, Cli

pytestmark = pytest.mark.stack

Owner = psycopg.Connection[dict[str, Any]]
Trace = Callable[[str, str], dict[str, Any]]


def _version(owner: Owner, key: str) -> int:
    row = owner.execute("SELECT version FROM policies WHERE policy_id = %s", (key,)).fetchone()
    assert row is not None
    return row["version"]


def test_an_inserted_an_updated_and_a_deleted_policy_are_followed_into_every_store(owner: Owner, policy: str, traced: Trace):
    inserted = traced("policies", policy)
    version = _version(owner, policy)
    assert inserted["row"]["version"] == version
    assert set(inserted["stores"]) == {"milvus", "neo4j", "elasticsearch", "redis"}
    for step in inserted["stores"].values():
        assert (step["arrival"], step["stamp"]["version"], step["stamp"]["rank"]) == ("current", version, "upsert")
        assert step["position"]["topic"] == "aegis.public.policies"
        assert step["position"]["lsn"] > 0
        # Commit → Debezium → applied: all three are known and in order. Kafka's clock counts milliseconds.
        assert -0.002 < step["seconds"]["commit_to_log"] <= step["seconds"]["total"]
        assert step["seconds"]["log_to_store"] > -0.002
    first = {(step["position"]["partition"], step["position"]["offset"]) for step in inserted["stores"].values()}
    assert len(first) == 1, "every store has it from the same message"

    owner.execute("UPDATE policies SET title = '바뀐 정책' WHERE policy_id = %s", (policy,))
    updated = traced("policies", policy)
    assert {step["stamp"]["version"] for step in updated["stores"].values()} == {_version(owner, policy)}

    last = _version(owner, policy)
    owner.execute("DELETE FROM policies WHERE policy_id = %s", (policy,))
    deleted = traced("policies", policy)
    assert deleted["row"] is None
    for step in deleted["stores"].values():
        assert (step["arrival"], step["tombstone"], step["stamp"]["version"], step["stamp"]["rank"]) == ("deleted", True, last, "delete")


def test_a_rejected_policy_is_shown_as_withdrawn_from_every_store(owner: Owner, policy: str, traced: Trace):
    traced("policies", policy)
    owner.execute("UPDATE policies SET status = 'rejected' WHERE policy_id = %s", (policy,))
    withdrawn = traced("policies", policy)
    assert {(step["arrival"], step["tombstone"], step["stamp"]["version"]) for step in withdrawn["stores"].values()} == {
        ("withdrawn", True, _version(owner, policy))
    }


def test_a_policy_that_is_published_again_is_shown_as_current_in_every_store(owner: Owner, policy: str, traced: Trace):
    owner.execute("UPDATE policies SET status = 'rejected' WHERE policy_id = %s", (policy,))
    traced("policies", policy)
    owner.execute("UPDATE policies SET status = 'active' WHERE policy_id = %s", (policy,))
    current = traced("policies", policy)
    assert {(step["arrival"], step["tombstone"]) for step in current["stores"].values()} == {("current", False)}


def test_a_table_is_followed_into_the_stores_that_have_a_projection_of_it(owner: Owner, traced: Trace):
    key = f"{PREFIX}{uuid4()}"
    owner.execute("INSERT INTO users (user_id, email, name, region_code) VALUES (%s, 'someone@example.org', 'Someone', '26')", (key,))
    found = traced("users", key)
    assert set(found["stores"]) == {"neo4j", "redis"}
    assert "someone" not in str(found).lower()


def test_the_trace_for_people_names_stamp_place_and_delays(policy: str, traced: Trace, cli: Cli):
    traced("policies", policy)
    shown = cli("trace", "policies", policy)
    assert shown.exit_code == 0
    assert "aegis.public.policies[" in shown.output
    assert "/upsert" in shown.output
    assert " ms" in shown.output


def test_a_key_that_nobody_knows_is_an_error_that_says_so(cli: Cli):
    result = cli("trace", "policies", f"{PREFIX}never")
    assert result.exit_code == 1
    assert "nobody knows policies" in result.output
