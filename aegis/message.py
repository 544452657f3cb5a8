"""A message of Kafka, as everything in Aegis reads it: whichever client fetched it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TRACE_HEADER = "traceparent"
"""Kafka header that carries the W3C trace context."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message with its place in the log. `value` None is a tombstone of Kafka's own (compaction), which says nothing about a row."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def trace(self) -> str | None:
        """The traceparent that the producer sent along, if any."""
        value = self.headers.get(TRACE_HEADER)
        return value.decode("ascii", "replace") if value is not None else None

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"
