"""`aegis replay` on the real stack, under writes."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
import redis
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from aegis.claim import bucket_of
from aegis.consumer_groups import consumer_group
from aegis.derivations import STORES
from aegis.offsets import Offsets
from aegis.record import APPLIED, Record
from aegis.settings import Settings
from aegis.stamp import Rank, Stamp
from aegis.stores.opening import opened
from batch.cli.replay import command
from tests.faults.load import Load, burst
from tests.support.cold_path import aegis, findings, killed_in, last_run, state_of
from tests.support.equality import assert_equal_everywhere

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ROWS = 30


@pytest.fixture
def cache(stack: Settings) -> Any:
    client = redis.Redis.from_url(stack.redis_url.get_secret_value())
    yield client
    client.close()


def take_away(cache: Any, key: str) -> None:
    """A policy in Redis, as if it had never come."""
    assert cache.delete(f"policy:{key}") + cache.hdel(f"aegis:registers:policies:{bucket_of(key)}", key) == 2


def committed_elsewhere(stack: Settings, store: str) -> dict[str, int]:
    """Other store → sum of its group's offsets."""
    offsets = Offsets(stack.kafka_bootstrap_servers)
    return {other: sum(offsets.committed(consumer_group(other)).values()) for other in STORES if other != store}


def test_a_cache_that_is_replayed_from_the_beginning_under_writes_ends_clean(stack: Settings, owner: str, prefix: str, cache: Any) -> None:
    # GIVEN rows everywhere, and one that the cache has lost
    burst(owner, prefix, ROWS)
    assert_equal_everywhere(stack, prefix)
    take_away(cache, f"{prefix}00007")
    before = committed_elsewhere(stack, "redis")
    # WHEN it reads everything again while rows are written
    with Load(owner, prefix) as load:
        done = aegis("replay", "cache", "--from-beginning", "--yes")
    # THEN the log has brought the row back: the comparison finds nothing of ours, and nobody else was moved back
    assert done.exit_code in {0, 3}, done.complaint
    assert done.said["reaches"]
    assert done.said["messages"] >= ROWS
    assert findings(stack, done.said["comparison"], prefix) == {}
    assert load.commits > 0
    assert all(now >= before[store] for store, now in committed_elsewhere(stack, "redis").items())
    assert_equal_everywhere(stack, prefix)


def test_what_a_repair_outranks_is_brought_to_the_new_form_by_the_comparison(stack: Settings, owner: str, prefix: str) -> None:
    # GIVEN a document in an old form, at a repair's stamp, and one that is lost
    burst(owner, prefix, ROWS)
    assert_equal_everywhere(stack, prefix)
    old, lost = f"{prefix}00001", f"{prefix}00002"
    with opened("elasticsearch", stack) as store:
        stored = store.fetch("policies", [old])[old]
        assert stored.content is not None
        record = Record("policies", old, Stamp(stored.stamp.version, Rank.REPAIR), {**stored.content, "title": "옛 형식"}, stored.position)
        assert store.apply([record]) == [APPLIED]
        assert store.forget("policies", {lost: store.inspect("policies", [lost])[lost].stamp}) == 1
    # WHEN the search index is replayed, to shortly before
    done = aegis("replay", "search", "--to-time", "10m", "--yes")
    # THEN the lost one came from the log, and the other by a repair
    assert done.exit_code == 3, done.complaint
    assert findings(stack, done.said["comparison"], prefix) == {old: "content_differs"}
    assert_equal_everywhere(stack, prefix)
    with Elasticsearch(stack.elasticsearch_url) as client:
        assert client.search(index="policies", query={"ids": {"values": [old, lost]}})["hits"]["total"]["value"] == 2


def test_a_replay_that_is_killed_anywhere_converges_when_it_is_run_again(stack: Settings, owner: str, prefix: str, cache: Any) -> None:
    # GIVEN a row that the cache has lost
    burst(owner, prefix, ROWS)
    assert_equal_everywhere(stack, prefix)
    take_away(cache, f"{prefix}00003")
    command = ("replay", "redis", "--to-time", "10m", "--table", "policies", "--yes")
    # WHEN replays are killed, each in another phase
    killed = [killed_in(stack, phase, "replay redis", *command) for phase in ("pause", "read", "compare")]
    # THEN the next one finds what they left behind, and ends clean
    done = aegis(*command)
    assert done.exit_code in {0, 3}, done.complaint
    assert [state_of(stack, run) for run in killed] == ["abandoned"] * 3
    assert findings(stack, done.said["comparison"], prefix) == {}
    run = last_run(stack, "replay redis")
    assert (run["state"], run["summary"]["messages"]) == ("finished", done.said["messages"])
    assert_equal_everywhere(stack, prefix)


def test_a_replay_says_first_what_it_would_read_and_changes_nothing(stack: Settings, owner: str, prefix: str) -> None:
    burst(owner, prefix, 1)
    assert_equal_everywhere(stack, prefix)
    before = last_run(stack, "replay neo4j")
    done = CliRunner().invoke(command, ["graph", "--from-beginning", "--table", "policies", "--dry-run", "--json"])
    said = json.loads(done.stdout)
    assert done.exit_code == 0
    assert {leg["topic"] for leg in said["legs"]} == {"aegis.public.policies", "aegis.corrections"}
    assert said["messages"] == sum(leg["to"] - leg["from"] for leg in said["legs"]) > 0
    assert "messages to read again" in CliRunner().invoke(command, ["graph", "--to-time", "1h", "--dry-run"]).output
    assert last_run(stack, "replay neo4j") == before
    with psycopg.connect(owner) as connection:
        assert connection.execute("SELECT count(*) FROM ops.paused_apps WHERE app = 'neo4j'").fetchone() == (0,)


def test_an_offset_beyond_the_end_is_refused_and_nothing_is_recorded(stack: Settings) -> None:
    before = last_run(stack, "replay neo4j")
    refused = CliRunner().invoke(command, ["graph", "--offset", "0:99999999999", "--table", "policies", "--yes"])
    assert refused.exit_code == 2
    assert "lies beyond the end of aegis.public.policies partition 0" in refused.output
    assert last_run(stack, "replay neo4j") == before
