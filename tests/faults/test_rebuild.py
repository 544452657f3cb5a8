"""`aegis rebuild` on the real stack, under writes and reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest
import redis
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from aegis.consumer_groups import building_group
from aegis.offsets import Offsets
from aegis.settings import Settings
from aegis.stores.opening import opened
from batch.cli.rebuild import command
from tests.faults.load import Load, burst
from tests.support.cold_path import aegis, findings, killed_in, last_run, state_of
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import until

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ROWS = 30


class Reader:
    """Searches for documents that nobody changes, from `with` to its end, and remembers every time that one was not found."""

    def __init__(self, url: str, keys: list[str]) -> None:
        self._client = Elasticsearch(url)
        self._keys = keys
        self._ended = Event()
        self._thread = Thread(target=self._read, name="reader", daemon=True)
        self.reads = 0
        self.missed: list[set[str]] = []

    def found(self) -> set[str]:
        answer = self._client.search(index="policies", query={"ids": {"values": self._keys}}, size=len(self._keys), source=False)
        return {hit["_id"] for hit in answer["hits"]["hits"]}

    def _read(self) -> None:
        while not self._ended.wait(0.02):
            if missing := set(self._keys) - self.found():
                self.missed.append(missing)
            self.reads += 1

    def __enter__(self) -> Self:
        until(lambda: self.found() == set(self._keys), 30, "the documents to be searchable")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(30)
        self._client.close()


def generation(stack: Settings) -> set[str]:
    """The indices that readers of policies have."""
    with Elasticsearch(stack.elasticsearch_url) as client:
        return set(client.indices.get_alias(name="policies"))


def indices(stack: Settings) -> set[str]:
    with Elasticsearch(stack.elasticsearch_url) as client:
        return set(client.indices.get(index="policies*,business_rules*"))


def builders(stack: Settings) -> int:
    return Offsets(stack.kafka_bootstrap_servers).described([building_group("elasticsearch")])[building_group("elasticsearch")][1]


def test_a_search_index_is_built_anew_under_writes_and_no_reader_misses_a_record(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN documents that readers see, one in a form that PostgreSQL knows nothing of, and one that is lost
    burst(owner, prefix, ROWS)
    assert_equal_everywhere(stack, prefix)
    keys = [f"{prefix}{number:05d}" for number in range(2, ROWS)]
    lost = f"{prefix}00001"
    with opened("elasticsearch", stack) as store:
        assert store.forget("policies", {lost: store.inspect("policies", [lost])[lost].stamp}) == 1
    before, had = generation(stack), indices(stack)
    with Load(owner, prefix) as load, Reader(stack.elasticsearch_url, keys) as reader:
        # WHEN a rebuild is killed while it fills the new generation
        killed = killed_in(stack, "read", "replay elasticsearch", "rebuild", "search", "--yes")
        # THEN its builder dies with it, and readers still have the old one
        until(lambda: builders(stack) == 0, 60, "the builder to leave its group")
        assert generation(stack) == before
        # WHEN the next one is killed while it switches, THEN the one after that begins anew and switches to an equal generation
        again = killed_in(stack, "switch", "replay elasticsearch", "rebuild", "search", "--yes")
        done = aegis("rebuild", "search", "--yes")
    assert done.exit_code in {0, 3}, done.complaint
    assert [state_of(stack, run) for run in (killed, again)] == ["abandoned"] * 2
    assert done.said["beside"]
    assert [findings(stack, one["run_id"], prefix) for one in done.said["comparisons"]] == [{}, {}]
    now = generation(stack)
    assert not now & before
    assert len(indices(stack)) == len(had)
    # AND the reader never missed anything, while the writer wrote
    assert (reader.missed, reader.reads > 50, load.commits > 0) == ([], True, True)
    # AND the ordinary app goes on where the builder stood
    assert building_group("elasticsearch") not in groups(stack)
    burst(owner, f"{prefix}after-", 3)
    assert_equal_everywhere(stack, prefix)


def groups(stack: Settings) -> set[str]:
    from aegis.offsets import admin_client

    return {group.group_id for group in admin_client(stack.kafka_bootstrap_servers).list_consumer_groups().result(10).valid}


@pytest.fixture
def rules(stack: Settings, owner: str, prefix: str) -> Any:
    """Keys of business rules, everywhere; gone afterwards."""
    keys = [f"{prefix}rule-{number}" for number in range(ROWS)]
    with psycopg.connect(owner) as connection:
        connection.cursor().executemany("INSERT INTO business_rules (rule_id, name, policy_ids) VALUES (%s, '우대 규칙', '{}')", [(key,) for key in keys])
    assert_equal_everywhere(stack, prefix)
    yield keys
    with psycopg.connect(owner) as connection:
        connection.execute("DELETE FROM business_rules WHERE starts_with(rule_id, %s)", (prefix,))


@pytest.fixture
def wiped(stack: Settings, rules: list[str]) -> Callable[[], set[str]]:
    """Everything of business rules is gone from Redis, tombstones too. Gives what of them readers see."""
    client: Any = redis.Redis.from_url(stack.redis_url.get_secret_value())
    for pattern in ("business_rule:*", "aegis:registers:business_rules:*"):
        names = list(client.scan_iter(match=pattern, count=1000))
        for start in range(0, len(names), 500):
            client.delete(*names[start : start + 500])
    return lambda: {key for key, value in zip(rules, client.mget([f"business_rule:{key}" for key in rules]), strict=True) if value is not None}


def test_a_wiped_keyspace_of_the_cache_comes_back_from_the_log(stack: Settings, prefix: str, rules: list[str], wiped: Callable[[], set[str]]) -> None:
    assert wiped() == set()
    done = aegis("rebuild", "cache", "--table", "business_rules", "--yes")
    assert done.exit_code in {0, 3}, done.complaint
    assert done.said["tables"]["business_rules"]["source"] == "log"
    assert not done.said["beside"]
    assert findings(stack, done.said["comparisons"][0]["run_id"], prefix) == {}
    assert wiped() == set(rules)
    assert_equal_everywhere(stack, prefix)


def test_a_wiped_keyspace_of_the_cache_comes_back_by_a_snapshot(stack: Settings, prefix: str, rules: list[str], wiped: Callable[[], set[str]]) -> None:
    # WHEN the log is not to be trusted
    done = aegis("rebuild", "cache", "--table", "business_rules", "--snapshot", "--yes")
    # THEN every row came once more through the log, nothing was repaired, and no signal is left
    assert done.exit_code in {0, 3}, done.complaint
    assert done.said["tables"]["business_rules"]["source"] == "snapshot"
    assert done.said["messages"] >= len(rules)
    assert findings(stack, done.said["comparisons"][0]["run_id"], prefix) == {}
    assert wiped() == set(rules)
    with psycopg.connect(stack.postgres_dsn.get_secret_value()) as connection:
        assert connection.execute("SELECT count(*) FROM debezium_signal").fetchone() == (0,)
    assert last_run(stack, "replay redis")["options"]["snapshot_of"] == ["business_rules"]


def test_a_rebuild_says_first_what_it_would_do_and_changes_nothing(stack: Settings) -> None:
    before = last_run(stack, "replay elasticsearch")

    def dry(*options: str) -> Any:
        return json.loads(CliRunner().invoke(command, ["search", "--dry-run", "--json", *options]).stdout)

    found = dry()
    assert (found["beside"], set(found["tables"])) == (True, {"policies", "business_rules"})
    assert {table["source"] for table in found["tables"].values()} <= {"log", "snapshot"}
    assert {table["source"] for table in dry("--snapshot")["tables"].values()} == {"snapshot"}
    assert [dry(*options)["beside"] for options in (("--in-place",), ("--table", "policies"))] == [False, False]
    assert "a new generation is filled beside" in CliRunner().invoke(command, ["search", "--dry-run"]).output
    assert last_run(stack, "replay elasticsearch") == before
