"""What only Redis does: faults of its server's own kind, the generation counter, registers in the hashes of their buckets."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator

import orjson
import pytest
import redis

from aegis.claim import bucket_of
from aegis.errors import StoreUnavailable
from aegis.inspection import NO_STAMP
from aegis.record import APPLIED, STALE
from aegis.stores.redis import CALL_RECORDS, RedisStore
from tests.contract.mixed import recomputed
from tests.contract.open_redis import SHAPES, open_redis
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert
from tests.support.wait import until

pytestmark = pytest.mark.stack
REGISTERS = f"aegis:registers:policies:{bucket_of('P-1')}"


@pytest.fixture
def own() -> Iterator[Opened]:
    with open_redis("test-redis") as opened:
        yield opened


@pytest.fixture
def server(tmp_path) -> Iterator[redis.Redis]:
    """A server of this test's own, to break."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs the program redis-server, to start one that may be broken")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(tmp_path)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port, retry=None)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    try:
        until(answers, 10, "the test's own redis-server")
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(10)


@pytest.fixture
def store(server: redis.Redis) -> Iterator[RedisStore]:
    made = RedisStore(f"redis://127.0.0.1:{server.get_connection_kwargs()['port']}", SHAPES, timeout=5)
    made.prepare()
    yield made
    made.close()


def test_readers_get_the_policy_as_json_under_its_own_name(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    record = upsert(own, "P-1", 5)
    store.apply([record])
    assert orjson.loads(server.get("policy:P-1")) == record.content
    assert server.hget(REGISTERS, "P-1").startswith(b'{"stamp":20,')
    store.apply([tombstone("P-1", 5)])
    assert server.get("policy:P-1") is None
    assert server.hget(REGISTERS, "P-1").startswith(b'{"stamp":23,')
    assert sorted(server.keys()) == [REGISTERS.encode(), b"policies:generation"]


def test_the_generation_is_raised_only_when_a_record_of_its_table_was_applied(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    store.apply([upsert(own, "U-1", 1, table="users")])
    assert server.get("policies:generation") is None
    store.apply([upsert(own, "P-1", 5), upsert(own, "P-2", 6)])
    first = int(server.get("policies:generation"))
    assert store.apply([upsert(own, "P-1", 4)]) == [STALE]
    assert int(server.get("policies:generation")) == first
    store.apply([tombstone("P-1", 5)])
    assert int(server.get("policies:generation")) > first


def test_a_batch_of_many_tables_and_many_calls_is_answered_in_order(own: Opened, store: RedisStore) -> None:
    records = [upsert(own, f"K-{n}", n + 1, table=sorted(store.tables)[n % 3]) for n in range(3 * CALL_RECORDS + 50)]
    store.apply([tombstone(record.key, 10_000, table=record.table) for record in records[::5]])
    assert store.apply(records) == [APPLIED if n % 5 else STALE for n in range(len(records))]


def test_a_server_that_forgot_the_script_is_told_again(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    server.script_flush()
    assert store.apply([upsert(own, "P-1", 1)]) == [APPLIED]


def test_full_memory_is_an_unavailable_store_and_the_batch_goes_through_afterwards(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    server.config_set("maxmemory", "1mb")
    with pytest.raises(StoreUnavailable, match="DP_3005"):
        store.apply([upsert(own, "P-1", 1)])
    server.config_set("maxmemory", "0")
    assert store.apply([upsert(own, "P-1", 1)]) == [APPLIED]


def test_a_server_that_became_a_replica_is_an_unavailable_store(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    server.replicaof("127.0.0.1", "1")
    with pytest.raises(StoreUnavailable):
        store.apply([upsert(own, "P-1", 1)])
    server.replicaof("no", "one")
    assert store.apply([upsert(own, "P-1", 1)]) == [APPLIED]


def test_a_fault_of_our_own_is_not_called_unavailable(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    server.set("policies:generation", "no number")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        store.apply([upsert(own, "P-1", 1)])


def test_somebodys_own_key_where_registers_belong_is_in_nobodys_way(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    store.apply([upsert(own, "P-2", 2)])
    server.set(REGISTERS, "손으로 쓴 글")
    record = upsert(own, "P-1", 1)
    assert store.inspect("policies", ["P-1"]) == {}
    assert store.fetch("policies", ["P-1", "P-2"]).keys() == {"P-2"}
    assert [held.key for held in store.scan("policies")] == ["P-2"]
    assert store.forget("policies", {"P-1": NO_STAMP}) == 0
    assert store.sums("policies") == recomputed(store)
    assert server.get(REGISTERS) == "손으로 쓴 글".encode()
    assert store.apply([record, upsert(own, "P-3", 3)]) == [APPLIED, APPLIED]
    assert store.apply([upsert(own, "P-1", 1), upsert(own, "P-2", 1)]) == [APPLIED, STALE]
    assert store.fetch("policies", ["P-1"])["P-1"].content == record.content
    images = store.images("policies", ["P-1"])
    server.delete("policy:P-1")
    server.set(REGISTERS, "손으로 쓴 글")
    assert store.restore("policies", images) == 1
    assert store.fetch("policies", ["P-1"])["P-1"].content == record.content


def test_a_fault_that_is_none_of_the_registers_type_stops_the_call(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    server.execute_command("ACL", "SETUSER", "default", "-hget")
    with pytest.raises(redis.ResponseError):
        store.apply([upsert(own, "P-1", 1)])
    server.execute_command("ACL", "SETUSER", "default", "+hget")
    assert store.apply([upsert(own, "P-1", 1)]) == [APPLIED]


def test_a_value_that_vanished_behind_our_back_is_read_as_it_is(own: Opened, store: RedisStore, server: redis.Redis) -> None:
    store.apply([upsert(own, "P-1", 1)])
    server.delete("policy:P-1")
    assert store.fetch("policies", ["P-1"])["P-1"].content is None
    assert store.count("policies").tombstones == 1
