"""What a person breaks by hand in every store is found exactly, repaired through the log, and can be put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import redis
from click.testing import Result
from elasticsearch import Elasticsearch
from neo4j import GraphDatabase
from pymilvus import MilvusClient

from aegis.settings import Settings
from tests.e2e.conftest import PREFIX, Cli
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import patient

pytestmark = [pytest.mark.stack, pytest.mark.slow]

Owner = psycopg.Connection[dict[str, Any]]
CLEAN, REPAIRED, LEFT = 0, 3, 4


class Hands:
    """The four stores, by their own drivers."""

    def __init__(self, settings: Settings) -> None:
        self.search = Elasticsearch(settings.elasticsearch_url)
        self.cache: Any = redis.Redis.from_url(settings.redis_url.get_secret_value())
        self.graph = GraphDatabase.driver(settings.neo4j_uri, auth=(settings.neo4j_user, settings.neo4j_password.get_secret_value()))
        self.vectors = MilvusClient(settings.milvus_uri, timeout=patient(15))

    def close(self) -> None:
        for one in (self.search, self.cache, self.graph, self.vectors):
            one.close()

    def break_(self, document: str, node: str, value: str, vector: str, orphan: str) -> None:
        """One fault of each kind, and an orphan in each store."""
        index = next(iter(self.search.indices.get_alias(name="policies").body))
        self.search.delete(index=index, id=document)
        self.search.index(index="policies", id=orphan, document={"policy_id": orphan, "title": "손으로 넣은 문서"})
        self.graph.execute_query("MATCH (n:Policy {policy_id: $key}) DETACH DELETE n", key=node)
        self.graph.execute_query("CREATE (:Policy {policy_id: $key, title: '손으로 만든 노드'})", key=orphan)
        policy = json.loads(self.cache.get(f"policy:{value}"))
        self.cache.set(f"policy:{value}", json.dumps({**policy, "title": "손으로 바꾼 제목"}, ensure_ascii=False))
        self.cache.set(f"policy:{orphan}", json.dumps({"policy_id": orphan}))
        [row] = self.vectors.query("policy_embeddings", filter=f'policy_id == "{vector}"', output_fields=["*"], consistency_level="Strong")
        self.vectors.delete("policy_embeddings", filter=f'policy_id == "{vector}"')
        self.vectors.upsert("policy_embeddings", [{**row, "policy_id": orphan}])

    def broken(self, document: str, node: str, value: str, vector: str, orphan: str) -> dict[str, bool]:
        """What is as `break_` left it."""
        self.search.indices.refresh(index="policies")
        index = next(iter(self.search.indices.get_alias(name="policies").body))
        count = "MATCH (n:Policy {policy_id: $key}) RETURN count(n) AS found"
        strong = {"output_fields": ["policy_id"], "consistency_level": "Strong"}
        return {
            "document gone": not self.search.exists(index=index, id=document),
            "stray document": bool(self.search.exists(index=index, id=orphan)),
            "node gone": self.graph.execute_query(count, key=node).records[0]["found"] == 0,
            "stray node": self.graph.execute_query(count, key=orphan).records[0]["found"] == 1,
            "value changed": "손으로 바꾼 제목" in self.cache.get(f"policy:{value}").decode(),
            "stray value": bool(self.cache.exists(f"policy:{orphan}")),
            "vector gone": not self.vectors.query("policy_embeddings", filter=f'policy_id == "{vector}"', **strong),
            "stray vector": bool(self.vectors.query("policy_embeddings", filter=f'policy_id == "{orphan}"', **strong)),
        }


@pytest.fixture
def hands(stack: Settings) -> Iterator[Hands]:
    made = Hands(stack)
    yield made
    made.close()


@pytest.fixture
def keys(stack: Settings, owner: Owner) -> list[str]:
    """Policies that are equal everywhere, and a key that nobody has."""
    prefix = f"{PREFIX}{uuid4().hex[:8]}-"
    made = [f"{prefix}{number}" for number in range(60)]
    for key in made:
        owner.execute("INSERT INTO policies (policy_id, source, title, content, target_regions) VALUES (%s, 'e2e', %s, '짧은 글', '{11,26}')", (key, key))
    assert_equal_everywhere(stack, prefix)
    return [*made[:4], f"{prefix}orphan"]


def findings(result: Result, prefix: str) -> dict[tuple[str, str], str]:
    """(store, key) → class, of the keys of this test."""
    report = json.loads(result.stdout)
    return {(one["store"], one["key"]): one["class"] for one in report["findings"] if one["key"].startswith(prefix)}


def test_hand_made_drift_is_found_exactly_repaired_and_put_back(stack: Settings, cli: Cli, hands: Hands, keys: list[str]) -> None:
    document, node, value, vector, orphan = keys
    prefix = orphan.removesuffix("orphan")
    assert cli("reconcile", "--wait", "120", "--force").exit_code in {CLEAN, REPAIRED}, "whatever tests before this one left behind"
    assert cli("reconcile", "--wait", "120").exit_code == CLEAN
    hands.break_(*keys)
    assert all(hands.broken(*keys).values())

    seen = cli("reconcile", "--wait", "120", "--dry-run", "--json")
    assert seen.exit_code == LEFT
    assert findings(seen, prefix) == {
        ("elasticsearch", document): "missing",
        ("neo4j", node): "missing",
        ("redis", value): "content_differs",
        ("milvus", vector): "missing",
        **{(store, orphan): "orphan" for store in ("elasticsearch", "neo4j", "redis", "milvus")},
    }
    assert all(hands.broken(*keys).values()), "a dry run changes nothing"

    repaired = cli("reconcile", "--wait", "120", "--json")
    assert repaired.exit_code == REPAIRED, repaired.output
    assert not any(hands.broken(*keys).values())
    assert_equal_everywhere(stack, prefix, seconds=5)
    assert cli("reconcile", "--wait", "120").exit_code == CLEAN

    run_id = json.loads(repaired.stdout)["run_id"]
    would = json.loads(cli("reconcile", "undo", run_id, "--dry-run", "--json").stdout)
    assert (would["restored"], would["overtaken"]) == (8, 0)
    undone = cli("reconcile", "undo", run_id, "--wait", "120", "--json")
    assert undone.exit_code == 0, undone.output
    assert json.loads(undone.stdout)["restored"] == 8
    assert all(hands.broken(*keys).values()), "as it was before the repair"

    assert cli("reconcile", "--wait", "120").exit_code == REPAIRED
    assert_equal_everywhere(stack, prefix, seconds=5)


def test_an_undo_leaves_alone_what_is_newer(cli: Cli, owner: Owner, hands: Hands, keys: list[str], stack: Settings) -> None:
    document, node, value, vector, orphan = keys
    hands.break_(*keys)
    repaired = cli("reconcile", "--wait", "120", "--json")
    assert repaired.exit_code == REPAIRED, repaired.output
    owner.execute("UPDATE policies SET title = '새 제목' WHERE policy_id = ANY(%s)", ([document, node, value, vector],))
    assert_equal_everywhere(stack, orphan.removesuffix("orphan"))
    undone = json.loads(cli("reconcile", "undo", json.loads(repaired.stdout)["run_id"], "--wait", "120", "--json").stdout)
    assert (undone["restored"], undone["overtaken"]) == (4, 4)
    left = hands.broken(*keys)
    assert not any(left[name] for name in ("document gone", "node gone", "value changed", "vector gone"))
    assert cli("reconcile", "--wait", "120").exit_code == REPAIRED


def test_only_one_reconciliation_runs_at_a_time(cli: Cli, stack: Settings) -> None:
    from batch.runs import RECONCILE_LOCK, Verdict, open_run

    with open_run(stack.postgres_operator_dsn.get_secret_value(), "reconcile", {}, lock=RECONCILE_LOCK) as run:
        refused = cli("reconcile")
        assert refused.exit_code == 1
        assert run.run_id in refused.output
        run.verdict = Verdict.CLEAN


def test_what_was_killed_is_marked_abandoned(owner: Owner, stack: Settings) -> None:
    from batch.runs import Verdict, open_run

    dsn, lock = stack.postgres_operator_dsn.get_secret_value(), f"test-{uuid4()}"
    owner.execute("INSERT INTO ops.runs (run_id, kind, lock) VALUES (%s, 'reconcile', %s)", (f"dead-{lock}", lock))
    with open_run(dsn, "reconcile", {}, lock=lock) as run:
        assert run.abandoned == (f"dead-{lock}",)
        run.verdict = Verdict.CLEAN
    states = {row["run_id"]: row["state"] for row in owner.execute("SELECT run_id, state FROM ops.runs WHERE lock = %s", (lock,))}
    assert states == {f"dead-{lock}": "abandoned", run.run_id: "finished"}


def test_a_run_that_would_change_most_of_a_store_stops_and_asks(cli: Cli, hands: Hands, keys: list[str], stack: Settings) -> None:
    prefix = keys[-1].removesuffix("orphan")
    names = [f"policy:{prefix}{number}" for number in range(60)]
    hands.cache.delete(*names)
    stopped = cli("reconcile", "--wait", "120", "--store", "cache", "--table", "policies", "--brake", "0.0001")
    assert stopped.exit_code == LEFT
    assert "--force" in stopped.output
    assert "aegis rebuild redis" in stopped.output
    assert not hands.cache.exists(*names)
    assert cli("reconcile", "--wait", "120", "--store", "cache", "--table", "policies", "--brake", "0.0001", "--force").exit_code == REPAIRED
    assert hands.cache.exists(*names) == 60


def test_a_wrong_store_or_table_is_named(cli: Cli) -> None:
    assert "vector, graph, search, cache" in cli("reconcile", "--store", "mysql").output
    assert "milvus holds nothing of users" in cli("reconcile", "--store", "vector", "--table", "users").output
