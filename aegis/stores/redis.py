"""Redis: JSON values for readers, with the register of each record beside its value.

    {prefix}{key}                     the value, e.g. `policy:P-1`; absent for a tombstone
    aegis:record:{table}:{key}        the register: stamp, bucket, claim, applied_at and position as JSON
    the shape's generation            counter, raised by every call that applied a record of the table

A server-side script holds the one rule, so any number of writers may share a key. A call names keys of several hash slots: one primary, no cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aegis.errors import ChangeRejected
from aegis.inspection import Listed, Sums
from aegis.projections.shapes import CacheKeyspace
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores import redis_inspection as inspection
from aegis.stores import redis_removal as removal
from aegis.stores.protocol import Count, Image
from aegis.stores.redis_errors import translated
from aegis.stores.redis_names import Names, beginning_with, text_of
from aegis.stores.redis_register import beginning, register_of, stored_record, value_of
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
        self._names = {table: Names(namespace, table, shape) for table, shape in shapes.items()}
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
            names = self._names[table]
            with translated():
                texts = self._client.mget([names.register(key) for key in chunk] + [names.value(key) for key in chunk])
            for key, register, value in zip(chunk, texts, texts[len(chunk) :], strict=False):
                if register is not None and (record := stored_record(table, key, register, value)) is not None:
                    found[key] = record
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
                    visible += self._client.exists(*(self._names[table].value(key) for key in keys))
            total += len(keys)
        return Count(visible=visible, tombstones=total - visible)

    def sums(self, table: str) -> Sums:
        """As the protocol says."""
        return inspection.sums(self._client, self._names[table])

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says."""
        return inspection.listing(self._client, self._names[table], buckets)

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        return inspection.inspect(self._client, self._names[table], keys)

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        """As the protocol says. Raises the table's generation where readers saw something of it."""
        return removal.forget(self._client, self._names[table], expected)

    def images(self, table: str, keys: Sequence[str]) -> Mapping[str, Image]:
        """As the protocol says."""
        return removal.images(self._client, self._names[table], keys)

    def restore(self, table: str, images: Mapping[str, Image]) -> int:
        """As the protocol says. Raises the table's generation where readers see something of it."""
        return removal.restore(self._client, self._names[table], images)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _calls(self, table: str, records: Sequence[Record], outcomes: dict[int, Outcome]) -> Iterator[Call]:
        """Calls of the script for one table; what has no value goes into `outcomes`."""
        names, applied_at = self._names[table], datetime.now(UTC).isoformat()
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
                yield places, packed_call(names.counter, registers, values, arguments)
                places, registers, values, arguments, size = [], [], [], [], 0
            places.append(place)
            registers.append(word(names.register(record.key).encode()))
            values.append(word(names.value(record.key).encode()))
            arguments.append(word(register_of(record, applied_at)) + word(value))
            size += len(value)
        if places:
            yield places, packed_call(names.counter, registers, values, arguments)

    def _overtaken(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> None:
        """What cannot be stored but is older than what is stored is stale: nobody needs to hear of it."""
        places = [place for place, outcome in outcomes.items() if outcome.reason is not None]
        if not places:
            return
        with translated():
            registers = self._client.mget([self._names[records[place].table].register(records[place].key) for place in places])
        for place, register in zip(places, registers, strict=True):
            held = beginning(register or b"")
            if held is not None and records[place].stamp.packed < held.stamp:
                outcomes[place] = STALE

    def _keys(self, table: str) -> Iterator[list[str]]:
        prefix = self._names[table].register("")
        pattern = beginning_with(prefix)
        seen: set[str] = set()
        cursor: int | None = None
        while cursor != 0:
            with translated():
                cursor, names = self._client.scan(cursor or 0, match=pattern, count=READ_RECORDS)
            new = {text.removeprefix(prefix) for name in names if (text := text_of(name)) is not None} - seen
            seen |= new
            yield list(new)


def _chunks(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
