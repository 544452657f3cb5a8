"""What a stream app does with the messages of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from aegis.errors import AegisError, LogUnavailable, StoreUnavailable
from aegis.message import Message
from aegis.registry import RegistryUnavailable

P = TypeVar("P")


TRANSIENT: tuple[type[AegisError], ...] = (StoreUnavailable, RegistryUnavailable, LogUnavailable)
"""What passes: the same batch is tried again, nothing is acknowledged meanwhile."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a batch."""

    messages: int
    verdicts: dict[str, int] = field(default_factory=dict)
    """applied, stale, forgotten, restored, rejected, undecodable, superseded, ignored → how many changes."""
    newest_committed_at: datetime | None = None
    """Of the changes of PostgreSQL's own log that were applied."""
    committed_at: Sequence[datetime] = ()
    """Of each of them, where it is known."""


class Sink(Protocol[P]):
    """Where the messages of an app go. Calls block and run in threads: `prepare` of the next batch while the one before is applied, `apply` one at a time.

    Each call may raise one of `TRANSIENT` and is then repeated with the same argument, so it must be safe to repeat. Anything else ends the process.
    """

    @property
    def name(self) -> str:
        """Label in metrics and logs."""
        ...

    def open(self) -> None:
        """Make sure that the place is there. Called before the first batch, until it returns."""
        ...

    def prepare(self, messages: Sequence[Message]) -> P:
        """Decode and derive. Writes nothing."""
        ...

    def apply(self, prepared: P) -> Report:
        """Write. When this returns, everything in the batch is dealt with durably and may be acknowledged."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
