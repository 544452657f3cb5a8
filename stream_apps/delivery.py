"""Deliveries: consecutive messages of one partition, fetched, worked on and acknowledged as one.

Faust makes an Event per message and keeps every acknowledged offset in a list; at a few thousand messages a second that is most of a worker's time. A delivery
is one Event for up to some hundred messages, and the ledger keeps one entry for it. It also closes Faust's gap rule (a gap of exactly one offset is committed
past): a partition's position moves over a delivery only when that one and all before it were acknowledged.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aegis.message import Message

Partition = tuple[str, int]
"""Topic and partition."""

_NO_HEADERS: dict[str, bytes] = {}


@dataclass(eq=False, slots=True)
class Delivery:
    """Records of one partition as the Kafka client gave them, in order of their offsets."""

    partition: Partition
    records: Sequence[Any]
    """Each with offset, key, value and headers (pairs of name and bytes)."""
    acknowledged: bool = False
    revoked: bool = False
    """The partition was taken from this worker: not to be begun any more."""

    @property
    def last(self) -> int:
        """Offset of the last record."""
        return int(self.records[-1].offset)

    def messages(self) -> list[Message]:
        """The records as messages."""
        topic, partition = self.partition
        return [
            Message(topic, partition, record.offset, record.key, record.value, dict(record.headers) if record.headers else _NO_HEADERS)
            for record in self.records
        ]

    def __len__(self) -> int:
        return len(self.records)


class Ledger:
    """What was delivered and not yet committed, per partition. Used from the event loop alone."""

    def __init__(self) -> None:
        self._open: defaultdict[Partition, deque[Delivery]] = defaultdict(deque)
        self._positions: dict[Partition, int] = {}
        self.outstanding = 0
        """Messages delivered and not acknowledged."""

    def deliver(self, delivery: Delivery) -> None:
        """Enter `delivery`. Within a partition, in the order of the log."""
        self._open[delivery.partition].append(delivery)
        self.outstanding += len(delivery)

    def acknowledge(self, delivery: Delivery) -> None:
        """Everything in `delivery` is dealt with, durably. One that was forgotten meanwhile changes nothing."""
        if delivery.acknowledged or delivery not in self._open.get(delivery.partition, ()):
            return
        delivery.acknowledged = True
        self.outstanding -= len(delivery)
        waiting = self._open[delivery.partition]
        while waiting and waiting[0].acknowledged:
            self._positions[delivery.partition] = waiting.popleft().last + 1

    def position(self, partition: Partition) -> int | None:
        """The offset to commit: the next one to read. None where nothing was acknowledged since the partition was assigned."""
        return self._positions.get(partition)

    def acknowledged_partitions(self) -> Iterable[Partition]:
        """The partitions that have a position."""
        return tuple(self._positions)

    def revoke(self) -> None:
        """Nothing that is not begun may be begun any more. What is under way can still be acknowledged until `forget`."""
        for waiting in self._open.values():
            for delivery in waiting:
                delivery.revoked = True

    def forget(self) -> None:
        """The partitions are gone: late acknowledgements of their deliveries count for nothing."""
        self._open.clear()
        self._positions.clear()
        self.outstanding = 0
