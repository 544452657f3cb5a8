"""Single messages of Kafka, by place: when they were produced, and the trace that they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from aegis.message import TRACE_HEADER
from aegis.offsets import quiet_logger

PATIENCE_SECONDS = 4.0

Offset = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Published:
    """When a message was produced, and its traceparent where it carries one."""

    at: datetime
    trace: str | None


def look_up(bootstrap: str, places: Iterable[Offset]) -> dict[Offset, Published]:
    """What the log still has of `places`; expired ones are left out. Joins no group and commits nothing. Raises KafkaException where no broker answers."""
    wanted = sorted(set(places))
    if not wanted:
        return {}
    configuration = {
        "bootstrap.servers": bootstrap,
        "group.id": "aegis-trace",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "log_level": 0,
        "logger": quiet_logger(),
    }
    consumer = Consumer(configuration)
    try:
        found = {place: _look_up(consumer, place) for place in wanted}
    finally:
        consumer.close()
    return {place: message for place, message in found.items() if message is not None}


def _look_up(consumer: Consumer, place: Offset) -> Published | None:
    topic, partition, offset = place
    if offset < 0:
        return None
    consumer.assign([TopicPartition(topic, partition, offset)])
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error() is not None or message.offset() != offset:
            return None  # expired, or beyond the end: the topic was made anew
        headers: Any = message.headers() or []
        trace = next((value for name, value in headers if name == TRACE_HEADER), None)
        _, milliseconds = message.timestamp()
        return Published(datetime.fromtimestamp(milliseconds / 1000, UTC), trace.decode("ascii", "replace") if isinstance(trace, bytes) else trace)
    return None
