"""Faust's Kafka transport, with deliveries instead of single messages.

What is changed is the consumer alone, at the methods that Faust's own drivers implement or override: how records are handed on (`getmany`), how they are
acknowledged (`ack`), what is committed (`_new_offset`), and what happens before partitions are given up (`on_partitions_revoked`, `on_stop`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import faust
import structlog
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, ConsumerMessage, Message

from stream_apps.delivery import Delivery, Ledger

log = structlog.get_logger(__name__)

COMMIT_BEFORE_REVOKE_SECONDS = 5.0
"""Bound on the last commit before partitions are given up: without it they are read again, which is safe."""


class DeliveryConsumer(Consumer):
    """Hands on deliveries of at most `delivery_size` messages, with at most about `window` messages not yet acknowledged."""

    logger = logging.getLogger("faust.consumer")

    def __init__(self, *args: Any, settle: Callable[[], Awaitable[None]], delivery_size: int, window: int, **kwargs: Any) -> None:
        self._ledger = Ledger()
        self._settle = settle
        self._delivery_size = delivery_size
        self._window = window
        self._room = asyncio.Event()
        self._room.set()
        super().__init__(*args, **kwargs)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109  # Faust's signature
        """The next deliveries. Waits while the window is full: Faust's own way, pausing partitions whose queue is full, wakes them up to a second late."""
        await self._room.wait()
        records, active = await self._wait_next_records(timeout)
        if not records or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()  # a rebalance began: what was fetched is fetched again
            return
        generation = self.app.consumer_generation_id
        for tp, part in _parts(records, self._delivery_size):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            if active is None or tp in active:
                yield tp, self._message(tp, part)

    def _message(self, tp: TP, records: Sequence[Any]) -> ConsumerMessage:
        delivery = Delivery((tp.topic, tp.partition), records)
        self._ledger.deliver(delivery)
        self._make_room()
        last = records[-1]
        value: Any = delivery  # the serializer is `raw`, so it reaches the agent as it is
        generation = self.app.consumer_generation_id
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000.0, last.timestamp_type, None, None, value, None, 0, len(delivery), tp,
            generation_id=generation,
        )  # fmt: skip

    def _make_room(self) -> None:
        if self._ledger.outstanding < self._window:
            self._room.set()
        else:
            self._room.clear()

    def ack(self, message: Message) -> bool:
        """Acknowledge the delivery in `message`."""
        message.acked = True
        self._unacked_messages.discard(message)
        self._ledger.acknowledge(cast("Delivery", message.value))
        self._make_room()
        return True

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets without a message (compaction, transaction markers) need no entry: a position is where the last delivery ended."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        tps = (TP(*partition) for partition in self._ledger.acknowledged_partitions())
        return (tp for tp in tps if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._ledger.position((tp.topic, tp.partition))

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish what is under way, commit it, and only then give the partitions up: the next owner must find no write of ours in flight."""
        await self._finish()
        try:
            await asyncio.wait_for(self._commit_now(), COMMIT_BEFORE_REVOKE_SECONDS)
        except TimeoutError:
            log.warning("consumer.commit_before_revoke_timed_out", partitions=len(revoked))
        self._ledger.forget()
        self._make_room()
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        """Finish what is under way; Faust then commits."""
        await self._finish()
        await super().on_stop()

    async def _finish(self) -> None:
        self._ledger.revoke()
        await self._settle()

    async def _commit_now(self) -> None:
        await self.maybe_wait_for_commit_to_finish()
        await self.force_commit()

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock detector takes a store that is down for a fault of the worker; lag and readiness show what is the matter."""


class DeliveryTransport(Transport):
    """Transport of an app whose agent takes deliveries. `settle` returns when nothing is being applied any more."""

    def __init__(self, app: faust.App, *, settle: Callable[[], Awaitable[None]], delivery_size: int, window: int) -> None:
        super().__init__(app.conf.broker_consumer, app)
        self._settle = settle
        self._delivery_size = delivery_size
        self._window = window

    def create_consumer(self, callback: Any, **kwargs: Any) -> DeliveryConsumer:
        """The consumer of the app."""
        return DeliveryConsumer(self, callback=callback, loop=self.loop, settle=self._settle, delivery_size=self._delivery_size, window=self._window, **kwargs)


def _parts(records: Mapping[TP, list[Any]], size: int) -> Iterator[tuple[TP, Sequence[Any]]]:
    """Each partition's records in parts of at most `size`; first the first part of each partition, so that none waits for all of another."""
    longest = max(len(of) for of in records.values())
    for start in range(0, longest, size):
        for tp, of in records.items():
            if start < len(of):
                yield TP(tp.topic, tp.partition), of[start : start + size]
