"""Publishing to Kafka, durably: what an acknowledged message needs, and what is said when it is not acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from aegis.errors import Code, LogUnavailable
from aegis.message import TRACE_HEADER
from aegis.telemetry.traces import trace_headers
from aegis.topics import MAX_MESSAGE_BYTES

LARGEST_VALUE_BYTES = MAX_MESSAGE_BYTES - 64 * 1024
"""Of an encoded value: leaves room for key, headers and the batch's own bytes."""

FLUSH_FACTOR = 1.5
"""Longer than a delivery may take: after it every message was delivered or has failed, and none is left that could arrive behind its own repetition."""

CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way into the log."""

    topic: str
    key: bytes | None
    value: bytes
    headers: dict[str, bytes] = field(default_factory=dict)


def open_producer(bootstrap_servers: str, client_id: str, timeout_seconds: float, **options: Any) -> Producer:
    """A producer whose acknowledged messages are durable, in order and without duplicates, in the partitions that Java clients choose.

    `timeout_seconds`: until a delivery has failed. `options`: of librdkafka, over those set here.
    """
    configuration = {
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
    return Producer(configuration | options)


class DurableLog:
    """Sends messages and waits for them. Used from one thread."""

    def __init__(self, producer: Producer, timeout_seconds: float) -> None:
        self._producer = producer
        self._patience = timeout_seconds * FLUSH_FACTOR

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Returns when all of `messages` are durable. Raises `LogUnavailable` where they are not (any of them may be; its cause is what Kafka said of
        the first, as a KafkaException, if it said anything), and KafkaException where the producer itself is beyond repair, or takes no such message.
        """
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Any) -> None:
            if error is not None:
                failures.append(error)

        for one in messages:
            self._produce(one, delivered)
        left = self._producer.flush(self._patience)
        fatal = next((error for error in failures if error.fatal()), None)
        if fatal is not None:
            raise KafkaException(fatal)
        if left or failures:
            raise LogUnavailable(
                Code.SOURCE_UNAVAILABLE,
                f"Kafka took {len(messages) - left - len(failures)} of {len(messages)} messages: "
                f"{failures[0].str() if failures else 'no answer in time'}; see `make logs SERVICE=kafka`",
            ) from (KafkaException(failures[0]) if failures else None)

    def close(self, seconds: float = CLOSING_SECONDS) -> None:
        """End the producer with its threads and connections; what is not durable after `seconds` is dropped. Nothing can be sent afterwards."""
        if self._producer.flush(seconds):
            self._producer.purge()
        self._producer.close()

    def _produce(self, one: Outgoing, delivered: Any) -> None:
        try:
            self._producer.produce(one.topic, value=one.value, key=one.key, headers=list(one.headers.items()), on_delivery=delivered)
        except BufferError:
            self._producer.flush(self._patience)
            self._producer.produce(one.topic, value=one.value, key=one.key, headers=list(one.headers.items()), on_delivery=delivered)


def headers_of(trace: str | None) -> dict[str, bytes]:
    """The headers that carry the current span on; `trace`, the traceparent that came along, where this process makes no spans of its own."""
    return trace_headers() or ({} if trace is None else {TRACE_HEADER: trace.encode("ascii", "replace")})
