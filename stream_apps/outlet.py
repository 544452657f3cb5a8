"""Publishes dead letters and compensations, durably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from aegis.change import Change
from aegis.codec import Encoder
from aegis.correction import CORRECTIONS_TOPIC, correction_record
from aegis.dead_letter import DEAD_LETTERS_TOPIC
from aegis.errors import Code
from aegis.message import TRACE_HEADER
from aegis.telemetry.traces import span, trace_headers
from aegis.topics import MAX_MESSAGE_BYTES
from stream_apps.applier import Letter
from stream_apps.sink import LogUnavailable

log = structlog.get_logger(__name__)

LARGEST_VALUE_BYTES = MAX_MESSAGE_BYTES - 64 * 1024
"""Of an encoded value: leaves room for key, headers and the batch's own bytes."""

FLUSH_FACTOR = 1.5
"""Longer than a delivery may take: after it every message was delivered or has failed, and none is left that could arrive behind its own repetition."""


@dataclass(frozen=True, slots=True)
class Encoders:
    """Encoders of the two topics."""

    letters: Encoder
    corrections: Encoder


@dataclass(frozen=True, slots=True)
class Topics:
    """Where they go; others than `TOPICS` are for tests."""

    letters: str
    corrections: str


TOPICS = Topics(DEAD_LETTERS_TOPIC, CORRECTIONS_TOPIC)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    topic: str
    key: bytes | None
    value: bytes
    headers: dict[str, bytes]


def open_producer(bootstrap_servers: str, client_id: str, timeout_seconds: float) -> Producer:
    """A producer whose acknowledged messages are durable, in order and without duplicates, in the partitions that Java clients choose."""
    return Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "client.id": client_id,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "compression.type": "lz4",
            "linger.ms": 0,
            "delivery.timeout.ms": int(timeout_seconds * 1000),
            "log_level": 3,
        }
    )


class KafkaOutlet:
    """The outlet of a stream app. Used from one thread."""

    def __init__(self, producer: Producer, encoders: Encoders, timeout_seconds: float, topics: Topics = TOPICS) -> None:
        self._producer = producer
        self._encoders = encoders
        self._timeout = timeout_seconds
        self._topics = topics

    def publish(self, letters: Sequence[Letter], corrections: Sequence[Change]) -> None:
        """As the protocol says. Raises KafkaException where the producer itself is beyond repair."""
        now = datetime.now(UTC)
        outgoing = [self._letter(letter) for letter in letters] + [self._correction(change, now) for change in corrections]
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                failures.append(error)

        for one in outgoing:
            self._produce(one, delivered)
        left = self._producer.flush(self._timeout * FLUSH_FACTOR)
        fatal = next((error for error in failures if error.fatal()), None)
        if fatal is not None:
            raise KafkaException(fatal)
        if left or failures:
            raise LogUnavailable(
                Code.SOURCE_UNAVAILABLE,
                f"Kafka took {len(outgoing) - left - len(failures)} of {len(outgoing)} dead letters and corrections: "
                f"{failures[0].str() if failures else 'no answer in time'}; see `make logs SERVICE=kafka`",
            )

    def _produce(self, one: _Outgoing, delivered: Any) -> None:
        try:
            self._producer.produce(one.topic, value=one.value, key=one.key, headers=list(one.headers.items()), on_delivery=delivered)
        except BufferError:
            self._producer.flush(self._timeout * FLUSH_FACTOR)
            self._producer.produce(one.topic, value=one.value, key=one.key, headers=list(one.headers.items()), on_delivery=delivered)

    def _letter(self, one: Letter) -> _Outgoing:
        with span("dead_letter", one.trace, store=one.letter.store, code=one.letter.code):
            letter = one.letter
            log.error(
                "dead_letter.published", store=letter.store, table=letter.table, key=letter.key, version=letter.version, rank=letter.rank, code=letter.code,
                error_class=letter.error_class, topic=letter.topic, partition=letter.partition, offset=letter.offset,
            )  # fmt: skip
            value = self._encoders.letters.encode(letter.record())
            if len(value) > LARGEST_VALUE_BYTES:
                note = f"{letter.message} (the bytes are too many for a dead letter; they stand in the log)"
                value = self._encoders.letters.encode(replace(letter, value_bytes=None, message=note).record())
            return _Outgoing(self._topics.letters, letter.key_bytes, value, trace_headers() or _kept(one.trace))

    def _correction(self, change: Change, now: datetime) -> _Outgoing:
        with span("compensation", change.trace, table=change.table):
            withdrawn = change.after is None
            value = self._encoders.corrections.encode(correction_record(change, now))
            if len(value) > LARGEST_VALUE_BYTES:  # consistent absence rather than no compensation
                withdrawn = True
                value = self._encoders.corrections.encode(correction_record(replace(change, after=None), now))
            log.warning("compensation.published", table=change.table, key=change.key, stamp=str(change.stamp), withdrawn=withdrawn, cause=change.cause)
            return _Outgoing(self._topics.corrections, change.key_bytes, value, trace_headers() or _kept(change.trace))


def _kept(trace: str | None) -> dict[str, bytes]:
    """The traceparent that came along, where this process makes no spans of its own."""
    return {} if trace is None else {TRACE_HEADER: trace.encode("ascii", "replace")}
