"""Redis under a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import redis

from aegis.derivations import CAPTURED
from aegis.projections.shapes import CacheKeyspace
from aegis.record import Record
from aegis.settings import settings
from aegis.stores.redis import RedisStore
from tests.contract.opened import Opened

SHAPES = {table.name: shape for table in CAPTURED.values() if "redis" in table.projections and isinstance(shape := table.shape("redis"), CacheKeyspace)}
BOUND = 256 * 1024 * 5


def _poison(record: Record) -> Record:
    """Redis stores any bytes: what it must not store is a value that takes the whole server's time."""
    return replace(record, content={**(record.content or {}), "content": "독" * BOUND})


@contextmanager
def open_redis(unique: str) -> Iterator[Opened]:
    """A store whose names all begin with `unique`."""
    url, namespace = settings().redis_url.get_secret_value(), f"{unique}:"
    parts = urlsplit(url)
    opened: list[RedisStore] = []

    def another(where: str = url, timeout: float = 10.0) -> RedisStore:
        opened.append(RedisStore(where, SHAPES, timeout=timeout, namespace=namespace, max_value_bytes=BOUND))
        return opened[-1]

    def at(port: int) -> RedisStore:
        credentials = parts.netloc.rpartition("@")[0]
        return another(urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}" if credentials else f"127.0.0.1:{port}")), 2.0)

    with redis.Redis.from_url(url) as reader:

        def seen(table: str, key: str) -> bool:
            return bool(reader.get(f"{namespace}{SHAPES[table].prefix}{key}"))

        def stray(table: str, key: str) -> None:
            reader.set(f"{namespace}{SHAPES[table].prefix}{key}", '{"손으로": "쓴 글"}')

        store = another()
        store.prepare()
        try:
            where = (parts.hostname or "127.0.0.1", parts.port or 6379)
            yield Opened(store, "redis", another, _poison, seen, server=where, at=at, stray=stray, examples=60)
        finally:
            names = list(reader.scan_iter(match=f"{namespace}*", count=1_000))
            if names:
                reader.delete(*names)
            for one in opened:
                one.close()
