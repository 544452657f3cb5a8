"""Publishes corrections: compensations by the stream apps, repairs by the cold path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aegis.change import Change
from aegis.codec import Encoder
from aegis.correction import CORRECTIONS_SUBJECT, CORRECTIONS_TOPIC, correction_record
from aegis.durable_log import LARGEST_VALUE_BYTES, DurableLog, Outgoing, headers_of, open_producer
from aegis.errors import AegisError, Code
from aegis.offsets import quiet_logger
from aegis.registry import Registry
from aegis.settings import Settings
from aegis.telemetry.traces import span


class CorrectionTooLarge(AegisError):
    """A correction does not fit a message of Kafka."""


class CorrectionLog:
    """The corrections' topic. Used from one thread. `topic`: another one for tests."""

    def __init__(self, log: DurableLog, encoder: Encoder, topic: str = CORRECTIONS_TOPIC) -> None:
        self._log = log
        self._encoder = encoder
        self._topic = topic

    def publish(self, changes: Sequence[Change]) -> None:
        """Returns when all of `changes` are durable, each in the partition of its key. Raises `CorrectionTooLarge`, then nothing was published, and
        `LogUnavailable`, then any of them may have been; publishing all again is safe.
        """
        self._log.send([self.message(change) for change in changes])

    def message(self, change: Change) -> Outgoing:
        """The message that carries `change`. Raises `CorrectionTooLarge`."""
        with span("correction", change.trace, table=change.table):
            value = self._encoder.encode(correction_record(change, datetime.now(UTC)))
            if len(value) > LARGEST_VALUE_BYTES:
                raise CorrectionTooLarge(
                    Code.COLD_PATH_FAILED,
                    f"correction for {change.table} {change.key}: {len(value)} bytes, a message takes {LARGEST_VALUE_BYTES}; "
                    f"touch the row instead (`aegis dlq retry {change.table} {change.key}`), so that Debezium carries it",
                )
            return Outgoing(self._topic, change.key_bytes, value, headers_of(change.trace))


def open_correction_log(settings: Settings) -> CorrectionLog:
    """The corrections' topic of the settings' Kafka, for commands: librdkafka says nothing on stderr. Raises `RegistryUnavailable`."""
    registry = Registry(settings.schema_registry_url)
    try:
        encoder = registry.encoder(CORRECTIONS_SUBJECT)
    finally:
        registry.close()
    seconds = settings.aegis_store_timeout_seconds
    producer = open_producer(settings.kafka_bootstrap_servers, "aegis-corrections", seconds, log_level=0, logger=quiet_logger())
    return CorrectionLog(DurableLog(producer, seconds), encoder)
