"""Whether the log still has every row of a table, so that a store can be filled from it alone.

That every partition begins at offset 0 is necessary and not enough: a topic that was made anew begins there too. It has everything if no row is older than the
topic's first message, or if that message is of a snapshot, which reads every row. In doubt the answer is no: a snapshot costs time, a missing row a repair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aegis.codec import Codec
from aegis.envelope import captured_table, table_topic
from aegis.errors import Undecodable
from aegis.queries import queries
from batch.kafka_log import KafkaLog
from batch.reach import Partition

SNAPSHOT = frozenset({"true", "first", "first_in_data_collection", "last_in_data_collection", "last"})
"""Debezium's `source.snapshot` in a snapshot of all rows; `incremental` and `false` are none."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What PostgreSQL has of a table. `oldest`: start of the transaction that wrote the least recently changed row."""

    rows: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A table as PostgreSQL and the log have it."""

    rows: int
    messages: int
    lacking: str
    """Why the log may not have every row; empty where it has."""


@dataclass(frozen=True, slots=True)
class First:
    """The first message of a topic."""

    at: datetime
    """When the transaction that it tells of began; where it carries no row, when Kafka took it in."""
    of_snapshot: bool


def lacking(table: str, rows: Rows, partitions: Sequence[Partition], first: First | None) -> str:
    """Why the log may not have every row of `table`; empty where it has."""
    topic = table_topic(table)
    gone = sum(partition.beginning for partition in partitions)
    messages = sum(partition.end - partition.beginning for partition in partitions)
    if gone:
        return f"{gone} messages of {topic} are gone"
    if messages < rows.rows:
        return f"{topic} has {messages} messages for {rows.rows} rows"
    if first is None or rows.oldest is None or first.of_snapshot or rows.oldest >= first.at:
        return ""
    return f"{topic} begins at {first.at.isoformat(timespec='seconds')} without a snapshot, and there are rows of {rows.oldest.isoformat(timespec='seconds')}"


def observe(tables: Iterable[str], kafka: KafkaLog, codec: Codec, connection: Any) -> dict[str, Standing]:
    """Table → how it stands. `connection`: the operator's, rows as dicts.

    Raises `MissingTopic`, `RegistryUnavailable`, KafkaException and psycopg.Error.
    """
    partitions = kafka.partitions([table_topic(table) for table in tables])
    first = _first(kafka, codec, partitions)
    found = {}
    for table in tables:
        row: Mapping[str, Any] = connection.execute(queries("replay")[f"{table}_oldest"]).fetchone()
        own = [partition for partition in partitions if partition.place[0] == table_topic(table)]
        messages = sum(partition.end - partition.beginning for partition in own)
        found[table] = Standing(row["rows"], messages, lacking(table, Rows(row["rows"], row["oldest"]), own, first.get(table)))
    return found


def _first(kafka: KafkaLog, codec: Codec, partitions: Iterable[Partition]) -> dict[str, First]:
    """Table → the earliest of its partitions' first messages."""
    first: dict[str, First] = {}
    messages = kafka.first_messages({partition.place: (partition.beginning, partition.end) for partition in partitions})
    for message, at in sorted(messages, key=lambda one: one[1]):
        first.setdefault(captured_table(message.topic).name, first_of(message.value, at, codec))
    return first


def first_of(value: bytes | None, at: datetime, codec: Codec) -> First:
    """What a first message that Kafka took in at `at` says. The row that it made is as old as its transaction, which began before Kafka heard of it."""
    try:
        envelope = codec.decode(value or b"")
    except Undecodable:
        return First(at, of_snapshot=False)
    began = (envelope.get("after") or {}).get("updated_at")
    source = envelope.get("source") or {}
    return First(at if began is None else min(at, datetime.fromisoformat(began)), source.get("snapshot") in SNAPSHOT)
