"""Waits until what is committed in PostgreSQL has reached a derived store: for events, with a deadline, never for time to pass.

The order is the proof. Connect stores a source offset only when Kafka has acknowledged everything before it, and Debezium streams transactions in the order of
their commits: a stored offset past a WAL position means that every transaction committed before that position is in the log. What is in the log lies before the
ends that are taken after that. A group that has committed past these ends has applied it, or has published a dead letter and a compensation for it first; so
the ends of the dead letters are taken after that again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Protocol

import httpx
from confluent_kafka import KafkaException

from aegis.connect_status import stored_lsn
from aegis.consumer_groups import DEAD_LETTERS, GROUPS, consumer_group
from aegis.errors import AegisError, Code
from aegis.offsets import Offsets, Place, topics_of
from aegis.position import lsn_text

PAUSE_SECONDS = 0.1
Remaining = Callable[[str, int], None]
"""Told what is waited for, and how much is left of it (bytes of WAL, or messages)."""


class NotSettled(AegisError):
    """What was committed did not arrive in time: nothing can be said about drift."""


class Log(Protocol):
    """What the watermark asks of Kafka."""

    def ends(self, topics: Collection[str], /) -> Mapping[Place, tuple[int, int]]:
        """Place → (beginning, end)."""
        ...

    def committed(self, group: str, /) -> Mapping[Place, int]:
        """Place → committed offset."""
        ...


@dataclass(frozen=True, slots=True)
class Watermark:
    """Waits of one run. `seconds` bounds each wait."""

    stored: Callable[[], int | None]
    """Debezium's stored source offset, as an LSN."""
    log: Log
    groups: Mapping[str, str]
    """Derived store → the consumer group that writes it."""
    seconds: float = 300.0
    tell: Remaining = lambda _what, _left: None
    pause: Callable[[float], object] = Event().wait

    def pass_wal(self, position: int) -> None:
        """Returns when everything committed before `position` is in the log. Raises `NotSettled`."""

        def left() -> int:
            stored = self.stored()
            return position if stored is None else position - stored

        self._until(
            f"the connector's stored offset to pass {lsn_text(position)}", left, "is the connector running? `aegis connect status`, `aegis connect resume`"
        )

    def pass_log(self, stores: Collection[str]) -> None:
        """Returns when the apps of `stores` have dealt with everything that is in the log now, dead letters included. Raises `NotSettled`."""
        ends = {store: self._ends(store) for store in stores}
        for store in stores:
            self._until_committed(store, self.groups.get(store, consumer_group(store)), ends[store])
        self._until_committed(DEAD_LETTERS, GROUPS[DEAD_LETTERS], self._ends(DEAD_LETTERS))

    def _ends(self, app: str) -> Mapping[Place, tuple[int, int]]:
        found: list[Mapping[Place, tuple[int, int]]] = []

        def left() -> int:
            found.append(self.log.ends(topics_of(app)))
            return 0

        self._until(f"Kafka to tell the ends of {app}'s topics", left, "`make status`, `make logs SERVICE=kafka`")
        return found[-1]

    def _until_committed(self, app: str, group: str, ends: Mapping[Place, tuple[int, int]]) -> None:
        def left() -> int:
            committed = self.log.committed(group)
            return sum(max(0, end - max(beginning, committed.get(place, beginning))) for place, (beginning, end) in ends.items())

        self._until(f"group {group} to pass the end of its topics", left, f"is the app of {app} running? `aegis status`, `aegis doctor`")

    def _until(self, what: str, left: Callable[[], int], remedy: str) -> None:
        """Until nothing is left. A server that does not answer for a moment is asked again until the deadline."""
        deadline = monotonic() + self.seconds
        while True:
            try:
                remaining = left()
            except (KafkaException, httpx.HTTPError) as error:
                remaining, trouble = 1, f"{type(error).__name__}: {error}"
            else:
                trouble = f"{remaining} left"
            if remaining <= 0:
                return
            self.tell(what, remaining)
            if monotonic() > deadline:
                raise NotSettled(Code.CONSISTENCY_CHECK_FAILED, f"waited {self.seconds:.0f} s for {what} ({trouble}): {remedy}")
            self.pause(PAUSE_SECONDS)


def watermark(connect_url: str, bootstrap: str, *, groups: Mapping[str, str] | None = None, seconds: float, tell: Remaining) -> Watermark:
    """A watermark of the running pipeline. `groups`: derived store → group, where it is another than the store's own."""
    return Watermark(lambda: stored_lsn(connect_url), Offsets(bootstrap), groups or {}, seconds, tell)
