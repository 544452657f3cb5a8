"""Publishes dead letters and compensations, durably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from aegis.change import Change
from aegis.codec import Encoder
from aegis.correction_log import CorrectionLog, CorrectionTooLarge
from aegis.dead_letter import DEAD_LETTERS_TOPIC
from aegis.durable_log import LARGEST_VALUE_BYTES, DurableLog, Outgoing, headers_of
from aegis.telemetry.traces import span
from stream_apps.applier import Letter

log = structlog.get_logger(__name__)


class KafkaOutlet:
    """The outlet of a stream app. Used from one thread. `topic`: another one for dead letters, for tests."""

    def __init__(self, durable: DurableLog, letters: Encoder, corrections: CorrectionLog, topic: str = DEAD_LETTERS_TOPIC) -> None:
        self._log = durable
        self._letters = letters
        self._corrections = corrections
        self._topic = topic

    def publish(self, letters: Sequence[Letter], corrections: Sequence[Change]) -> None:
        """As the protocol says. Raises KafkaException where the producer itself is beyond repair."""
        self._log.send([self._letter(letter) for letter in letters] + [self._compensation(change) for change in corrections])

    def _letter(self, one: Letter) -> Outgoing:
        with span("dead_letter", one.trace, store=one.letter.store, code=one.letter.code):
            letter = one.letter
            log.error(
                "dead_letter.published", store=letter.store, table=letter.table, key=letter.key, version=letter.version, rank=letter.rank, code=letter.code,
                error_class=letter.error_class, topic=letter.topic, partition=letter.partition, offset=letter.offset,
            )  # fmt: skip
            value = self._letters.encode(letter.record())
            if len(value) > LARGEST_VALUE_BYTES:
                note = f"{letter.message} (the bytes are too many for a dead letter; they stand in the log)"
                value = self._letters.encode(replace(letter, value_bytes=None, message=note).record())
            return Outgoing(self._topic, letter.key_bytes, value, headers_of(one.trace))

    def _compensation(self, change: Change) -> Outgoing:
        try:
            message, withdrawn = self._corrections.message(change), change.after is None
        except CorrectionTooLarge:  # consistent absence rather than no compensation
            message, withdrawn = self._corrections.message(replace(change, after=None)), True
        log.warning("compensation.published", table=change.table, key=change.key, stamp=str(change.stamp), withdrawn=withdrawn, cause=change.cause)
        return message


class LoggedOutlet:
    """The outlet of a process that builds: the ordinary app has dealt with what is rejected, and its compensations stand in the log that is being read."""

    def publish(self, letters: Sequence[Letter], corrections: Sequence[Change]) -> None:
        """Logs what was rejected, and publishes nothing."""
        for one in letters:
            letter = one.letter
            log.warning("rejected.while_building", store=letter.store, table=letter.table, key=letter.key, version=letter.version, code=letter.code)
