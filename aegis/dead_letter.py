"""Dead letters: what a stream app could not apply for good, to and from their Avro record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from traceback import format_exception
from typing import Any

from aegis.change import Change
from aegis.errors import AegisError
from aegis.message import Message

DEAD_LETTERS_TOPIC = "data-pipeline-dlq"
DEAD_LETTERS_SUBJECT = "data-pipeline-dlq-value"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter; the fields are those of schema `data-pipeline-dlq-value`."""

    store: str
    table: str | None
    key: str | None
    version: int | None
    rank: str | None
    code: str
    error_class: str
    message: str
    stack: str
    topic: str
    partition: int
    offset: int
    key_bytes: bytes | None
    value_bytes: bytes | None
    attempt: int
    failed_at: datetime

    def record(self) -> dict[str, Any]:
        """The Avro record."""
        return asdict(self)


def dead_letter(store: str, message: Message, change: Change | None, error: AegisError, failed_at: datetime) -> DeadLetter:
    """The dead letter for `message`, which `store` rejected with `error`; `change` None where the bytes could not be decoded."""
    return DeadLetter(
        store=store,
        table=change.table if change else None,
        key=change.key if change else None,
        version=change.stamp.version if change else None,
        rank=change.stamp.rank.name if change else None,
        code=error.code,
        error_class=type(error).__name__,
        message=error.message,
        stack="".join(format_exception(error)),
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key_bytes=message.key,
        value_bytes=message.value,
        attempt=1,
        failed_at=failed_at,
    )
