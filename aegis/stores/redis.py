"""Redis: JSON values for readers, and the register of each record in a hash of its bucket, so that a comparison reads only the buckets that differ.

    {prefix}{key}                        the value, e.g. `policy:P-1`; absent for a tombstone
    aegis:registers:{table}:{bucket}     hash, key -> register: stamp, bucket, claim, applied_at and position as JSON
    the shape's generation               counter, raised by every call that applied a record of the table

A server-side script holds the one rule, so any number of writers may share a key. A call names keys of several hash slots: one primary, no cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from aegis.claim import bucket_of
from aegis.errors import ChangeRejected
from aegis.inspection import BUCKETS, Listed, Sums
from aegis.projections.shapes import CacheKeyspace
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores import redis_removal as removal
from aegis.stores.protocol import Count, Image
from aegis.stores.redis_errors import translated
from aegis.stores.redis_inspection import RedisInspection, look
from aegis.stores.redis_names import Names
from aegis.stores.redis_register import beginning, register_of, stored_record, value_of
from aegis.stores.redis_registers import registers
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
        # A name is packed for every record that is applied: here each once.
        self._hashes = {table: [word(names.registers(bucket).encode()) for bucket in range(BUCKETS)] for table, names in self._names.items()}
        self._max_value_bytes = max_value_bytes
        # Retrying is the stream app's business, with the breaker in view.
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0), health_check_interval=0
        )
        self._inspections = {table: RedisInspection(self._client, names) for table, names in self._names.items()}

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
        names = self._names[table]
        for chunk in _chunks(keys, READ_RECORDS):
            with translated():
                texts = self._client.eval_ro(removal.FETCH, 2 * len(chunk), *names.of(chunk), names.before_key)
            for key, register, value in zip(chunk, texts, texts[len(chunk) :], strict=False):
                if register is not None and (record := stored_record(table, key, register, value)) is not None:
                    found[key] = record
        return found

    def stored_form(self, table: str, content: Content) -> Content:
        """JSON values come back as they were."""
        return content

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says, bucket by bucket."""
        for bucket, rows in registers(self._client, self._names[table], range(BUCKETS)):
            for keys in _chunks([key for key, *_ in rows if bucket_of(key) == bucket], READ_RECORDS):
                yield from self.fetch(table, keys).values()

    def count(self, table: str) -> Count:
        """As the protocol says, by walking the registers."""
        return self._inspections[table].count()

    def sums(self, table: str) -> Sums:
        """As the protocol says."""
        return self._inspections[table].sums()

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says."""
        return self._inspections[table].listing(buckets)

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        return self._inspections[table].inspect(keys)

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
        before, of_bucket = names.value("").encode(), self._hashes[table]
        places, hashes, values, arguments, size = list[int](), list[bytes](), list[bytes](), list[bytes](), 0
        for place, record in enumerate(records):
            if record.table != table:
                continue
            try:
                value = value_of(record, self._max_value_bytes)
            except ChangeRejected as error:
                outcomes[place] = rejected(error)
                continue
            if places and (len(places) == CALL_RECORDS or size + len(value) > CALL_BYTES):
                yield places, packed_call(names.counter, len(before), hashes, values, arguments)
                places, hashes, values, arguments, size = [], [], [], [], 0
            places.append(place)
            claim = record.claim
            hashes.append(of_bucket[claim.bucket])
            values.append(word(before + record.key.encode()))
            arguments.append(word(register_of(record, claim, applied_at)) + word(value))
            size += len(value)
        if places:
            yield places, packed_call(names.counter, len(before), hashes, values, arguments)

    def _overtaken(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> None:
        """What cannot be stored but is older than what is stored is stale: nobody needs to hear of it."""
        places = [place for place, outcome in outcomes.items() if outcome.reason is not None]
        if not places:
            return
        for table in {records[place].table for place in places}:
            mine = {records[place].key: place for place in places if records[place].table == table}
            for key, (register, _) in look(self._client, self._names[table], list(mine)).items():
                held = beginning(register)
                if held is not None and records[mine[key]].stamp.packed < held.stamp:
                    outcomes[mine[key]] = STALE


def _chunks(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
