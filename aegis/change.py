"""A change: one row's create, update or delete, whatever it came from (streaming, replay, compensation, repair, retry)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aegis.position import SourcePosition
from aegis.stamp import Stamp

Image = Mapping[str, Any]
"""A row as the log carries it: column → value in Debezium's encoding (numeric as text, date as days, …)."""


class Operation(StrEnum):
    """What a change asks of a store. All but WRITE come from the cold path, on `aegis.corrections`, for named stores."""

    WRITE = "write"
    """Write what the row projects to, by the one rule."""
    FORGET = "forget"
    """Take away for good what stands under the key with exactly the stamp `expected`: an expired tombstone, an impossible stamp, a stray."""
    RESTORE = "restore"
    """Put back `restored` where nothing stands under the key: undoes a repair."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row at one stamp. `after` None takes the row out of the derived stores."""

    table: str
    key: str
    """The primary key as text."""
    stamp: Stamp
    before: Image | None
    """The image that a compensation of this change falls back to; None withdraws the record."""
    after: Image | None
    position: SourcePosition
    key_bytes: bytes
    """The key as Kafka carries it: corrections and dead letters reuse it, to reach the same partition."""
    targets: frozenset[str] | None = None
    """Names of the derived stores that this is for; None: all."""
    cause: str = ""
    """Why a correction was published; empty for a change of PostgreSQL's own log."""
    trace: str | None = None
    """W3C traceparent, where the log carries one."""
    operation: Operation = Operation.WRITE
    expected: int = 0
    """FORGET: the packed stamp that must be there; 0: what has no readable bookkeeping."""
    restored: str | None = None
    """RESTORE: the store's own image, as JSON text."""

    def concerns(self, store: str) -> bool:
        """Whether `store` has to apply this change."""
        return self.targets is None or store in self.targets
