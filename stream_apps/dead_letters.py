"""Brings dead letters from Kafka into `ops.dead_letters`, where they are listed, retried and alerted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import structlog

from aegis.codec import Codec
from aegis.consumer_groups import DEAD_LETTERS
from aegis.errors import Undecodable
from aegis.message import Message
from aegis.queries import queries
from stream_apps.operator_session import OperatorSession
from stream_apps.sink import Report

log = structlog.get_logger(__name__)


class RefusedLetter(Exception):
    """`ops.dead_letters` cannot hold a dead letter: the app and the table do not fit each other, so the worker stops."""


@dataclass(frozen=True, slots=True)
class PreparedLetters:
    """Rows for `ops.dead_letters`."""

    messages: int
    rows: Sequence[dict[str, Any]]
    undecodable: int


def row_of(letter: dict[str, Any], trace: str | None) -> dict[str, Any]:
    """The row for a decoded dead letter. Text without NUL, which PostgreSQL cannot hold."""
    row = {name: value.replace("\0", "�") if isinstance(value, str) else value for name, value in letter.items()}
    return row | {"traceparent": trace}


class DeadLettersTable:
    """The sink of the dead-letter app. Repeating a batch adds nothing: a letter is known by store and position."""

    name = DEAD_LETTERS

    def __init__(self, dsn: str, codec: Codec, timeout_seconds: float) -> None:
        self._session = OperatorSession(dsn, "aegis dead letters", timeout_seconds)
        self._codec = codec

    def open(self) -> None:
        """Connect anew."""
        self._session.open()

    def close(self) -> None:
        self._session.close()

    def prepare(self, messages: Sequence[Message]) -> PreparedLetters:
        rows = []
        undecodable = 0
        for message in messages:
            try:
                if message.value is not None:
                    rows.append(row_of(self._codec.decode(message.value), message.trace))
            except Undecodable:
                undecodable += 1  # a dead letter of a dead letter would come here again
                log.exception("dead_letter.undecodable", topic=message.topic, partition=message.partition, offset=message.offset)
        return PreparedLetters(len(messages), rows, undecodable)

    def apply(self, prepared: PreparedLetters) -> Report:
        try:
            with self._session.transaction() as cursor:
                cursor.executemany(queries("dead_letters")["record"], prepared.rows)
                added = cursor.rowcount
        except psycopg.Error as error:  # its detail quotes the row, which no log may show
            constraint = error.diag.constraint_name
            raise RefusedLetter(
                f"{type(error).__name__} (SQLSTATE {error.sqlstate}, constraint {constraint}) for a batch of {len(prepared.rows)} dead letters"
            ) from None
        verdicts = {"applied": max(added, 0), "stale": len(prepared.rows) - max(added, 0), "undecodable": prepared.undecodable}
        newest: datetime | None = max((row["failed_at"] for row in prepared.rows), default=None)
        return Report(prepared.messages, {verdict: count for verdict, count in verdicts.items() if count}, newest)
