"""The Redis leg against a saturated bulk write of prebuilt payloads to the same server (aim: at least 0.8).

`python -m bench.stores_redis`, with REDIS_URL as `make env` prints it.

Leg: `RedisStore.apply` of projected records. Bulk: the same values by SET and the same registers by HSET without comparison, as bytes of Redis' protocol that
were built beforehand, one pipelined send a batch. Both write under names of their own, in turns; each with 1 and 2 writers, the better one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import redis

from aegis.derivations import shapes
from aegis.projections.shapes import CacheKeyspace
from aegis.record import Record
from aegis.settings import settings
from aegis.stores.redis import RedisStore
from aegis.stores.redis_register import register_of, value_of
from bench.leg import Plan, measure, report
from bench.store_records import batches

PLAN = Plan("redis", number=10_000, batch=500, rounds=5)
REPLIES = 2
"""Commands, and so replies, of one record of the bulk write."""


def payloads(client: Any, namespace: str, made: Sequence[Record]) -> list[list[bytes]]:
    """The bulk write's bytes, one element a record."""
    packer, packed = client.connection_pool.make_connection(), []
    applied_at = datetime.now(UTC).isoformat()
    for record in made:
        hash_name, value_name = f"{namespace}aegis:registers:policies:{record.claim.bucket}", f"{namespace}policy:{record.key}"
        commands = [("HSET", hash_name, record.key, register_of(record, record.claim, applied_at)), ("SET", value_name, value_of(record, 10**9))]
        packed.append([b"".join(packer.pack_commands(commands))])
    return packed


@contextmanager
def bulk_write(client: Any) -> Iterator[Any]:
    """A function that sends a batch of payloads and waits for every reply, on one of as many connections as there are writers."""
    idle: SimpleQueue[Any] = SimpleQueue()
    connections = [client.connection_pool.get_connection() for _ in PLAN.writers]
    for connection in connections:
        idle.put(connection)

    def send(batch: Sequence[list[bytes]]) -> None:
        connection = idle.get()
        connection.send_packed_command([b"".join(part for parts in batch for part in parts)])
        for _ in range(REPLIES * len(batch)):
            connection.read_response()
        idle.put(connection)

    try:
        yield send
    finally:
        for connection in connections:
            client.connection_pool.release(connection)


def run() -> None:
    """Measure and print: the ratio first, then its parts."""
    url, namespace = settings().redis_url.get_secret_value(), f"bench-{uuid4().hex[:8]}:"
    keyspaces = {table: shape for table, shape in shapes("redis").items() if isinstance(shape, CacheKeyspace)}
    leg = RedisStore(url, keyspaces, namespace=f"{namespace}leg:")
    with redis.Redis.from_url(url) as client:
        try:
            leg.prepare()
            with bulk_write(client) as bulk:
                rates = measure(PLAN, leg.apply, bulk, lambda made: payloads(client, f"{namespace}bulk:", made))
        finally:
            leg.close()
            for names in batches(list(client.scan_iter(match=f"{namespace}*", count=1_000)), 1_000):
                client.unlink(*names)
    report(PLAN, "Redis leg / bulk write", rates)


if __name__ == "__main__":
    run()
