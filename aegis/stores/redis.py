"""Redis: JSON values for readers, with the register of each record beside its value.

    {prefix}{key}                     the value, e.g. `policy:P-1`; absent for a tombstone
    aegis:record:{table}:{key}        the register: stamp, bucket, claim, applied_at and position as JSON
    the shape's generation            counter, raised by every call that applied a record of the table

A server-side script holds the one rule, so any number of writers may share a key. A call names keys of several hash slots: one primary, no cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aegis.errors import ChangeRejected
from aegis.projections.shapes import CacheKeyspace
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores.protocol import Count
from aegis.stores.redis_errors import translated
from aegis.stores.redis_register import register_of, stamp_of, stored_record, value_of
from aegis.stores.redis_script import SCRIPT, Call, answers, packed_call, word

CALL_RECORDS = 250
CALL_BYTES = 1_000_000
"""Bounds on one call of the script: it keeps the server from everybody else for a few milliseconds, not more."""
READ_RECORDS = 500
_APPLIED = ord("1")


class RedisStore:
    """The store `redis`. `namespace` goes before every name, for tests. `timeout` (s) bounds connecting and every single reply."""

    name = "redis"

    def __init__(
        self, url: str, shapes: Mapping[str, CacheKeyspace], *, timeout: float = 30.0, namespace: str = "", max_value_bytes: int = 8 * 1024 * 1024
    ) -> None:
        self.tables = frozenset(shapes)
        self._shapes = dict(shapes)
        self._namespace = namespace
        self._max_value_bytes = max_value_bytes
        # Retrying is the stream app's business, with the breaker in view.
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0), health_check_interval=0
        )

    def prepare(self) -> None:
        """Load the script; keys need no preparation."""
        with translated():
            self._client.script_load(SCRIPT)

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """As the protocol says. Durable as far as the server's own persistence goes."""
        outcomes: dict[int, Outcome] = {}
        calls = (call for table in {record.table: None for record in records} for call in self._calls(table, records, outcomes))
        with translated():
            for places, verdicts in answers(self._client, calls):
                outcomes.update((place, APPLIED if verdict == _APPLIED else STALE) for place, verdict in zip(places, verdicts, strict=True))
        self._overtaken(records, outcomes)
        return [outcomes[place] for place in range(len(records))]

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """As the protocol says. Register and value of a key are read as of one moment."""
        found: dict[str, StoredRecord] = {}
        for chunk in _chunks(keys, READ_RECORDS):
            names = [self._register(table, key) for key in chunk] + [self._value(table, key) for key in chunk]
            with translated():
                texts = self._client.mget(names)
            for key, register, value in zip(chunk, texts, texts[len(chunk) :], strict=False):
                if register is not None:
                    found[key] = stored_record(table, key, register, value)
        return found

    def stored_form(self, table: str, content: Content) -> Content:
        """JSON values come back as they were."""
        return content

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says; keys alone are remembered, since the server may name one twice."""
        for keys in self._keys(table):
            yield from self.fetch(table, keys).values()

    def count(self, table: str) -> Count:
        """As the protocol says, by walking the registers."""
        visible = total = 0
        for keys in self._keys(table):
            if keys:
                with translated():
                    visible += self._client.exists(*(self._value(table, key) for key in keys))
            total += len(keys)
        return Count(visible=visible, tombstones=total - visible)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _calls(self, table: str, records: Sequence[Record], outcomes: dict[int, Outcome]) -> Iterator[Call]:
        """Calls of the script for one table; what has no value goes into `outcomes`."""
        generation = self._shapes[table].generation
        counter, applied_at = f"{self._namespace}{generation}" if generation else "", datetime.now(UTC).isoformat()
        places, registers, values, arguments, size = list[int](), list[bytes](), list[bytes](), list[bytes](), 0
        for place, record in enumerate(records):
            if record.table != table:
                continue
            try:
                value = value_of(record, self._max_value_bytes)
            except ChangeRejected as error:
                outcomes[place] = rejected(error)
                continue
            if places and (len(places) == CALL_RECORDS or size + len(value) > CALL_BYTES):
                yield places, packed_call(counter, registers, values, arguments)
                places, registers, values, arguments, size = [], [], [], [], 0
            places.append(place)
            registers.append(word(self._register(table, record.key).encode()))
            values.append(word(self._value(table, record.key).encode()))
            arguments.append(word(register_of(record, applied_at)) + word(value))
            size += len(value)
        if places:
            yield places, packed_call(counter, registers, values, arguments)

    def _overtaken(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> None:
        """What cannot be stored but is older than what is stored is stale: nobody needs to hear of it."""
        places = [place for place, outcome in outcomes.items() if outcome.reason is not None]
        if not places:
            return
        with translated():
            registers = self._client.mget([self._register(records[place].table, records[place].key) for place in places])
        for place, register in zip(places, registers, strict=True):
            if register is not None and records[place].stamp < stamp_of(register):
                outcomes[place] = STALE

    def _keys(self, table: str) -> Iterator[list[str]]:
        prefix = self._register(table, "")
        pattern = re.sub(r"([\[\]*?\\])", r"\\\1", prefix) + "*"
        seen: set[str] = set()
        cursor: int | None = None
        while cursor != 0:
            with translated():
                cursor, names = self._client.scan(cursor or 0, match=pattern, count=READ_RECORDS)
            new = {name.decode().removeprefix(prefix) for name in names} - seen
            seen |= new
            yield list(new)

    def _register(self, table: str, key: str) -> str:
        return f"{self._namespace}aegis:record:{table}:{key}"

    def _value(self, table: str, key: str) -> str:
        return f"{self._namespace}{self._shapes[table].prefix}{key}"


def _chunks(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
