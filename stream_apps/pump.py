"""Takes deliveries off the agent's hands and brings them to the sink: in order, one batch at a time, the next one decoded meanwhile.

A batch is whatever has come in while the one before was applied, up to the batch size: nothing waits while the sink is idle, and batches grow under load.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from aegis.telemetry.metrics import Circuit
from stream_apps.account import applied, batch_span
from stream_apps.circuit import Breaker, CircuitOpen, pauses
from stream_apps.delivery import Delivery
from stream_apps.sink import TRANSIENT, Report, Sink

log = structlog.get_logger(__name__)

P = TypeVar("P")
T = TypeVar("T")


class Revoked(Exception):
    """The partitions of the batch were taken from this worker before the batch was applied."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery, and how to acknowledge it."""

    delivery: Delivery
    acknowledge: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Batch(Generic[P]):
    """Parcels that are applied together."""

    parcels: Sequence[Parcel]
    prepared: P
    traces: Sequence[str]

    @property
    def revoked(self) -> bool:
        """Whether it may no longer be begun. Kafka's eager rebalancing takes all partitions at once, so one stands for all."""
        return any(parcel.delivery.revoked for parcel in self.parcels)


class Pump(Generic[P]):
    """Runs in the event loop of a worker; the sink's calls run in two threads, so that heartbeats go on."""

    def __init__(self, sink: Sink[P], batch_size: int) -> None:
        self._sink = sink
        self._batch_size = batch_size
        self._waiting: deque[Parcel] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._interrupted = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._preparing = ThreadPoolExecutor(1, "prepare")
        self._applying = ThreadPoolExecutor(1, "apply")
        self._breaker = Breaker(sink.name)
        self._opened = False

    @property
    def answered(self) -> bool:
        """Whether the sink answered when it was last asked."""
        return self._opened and self._breaker.state is Circuit.CLOSED

    def put(self, parcel: Parcel) -> None:
        """Take `parcel` in. How many come is bounded by the consumer's window."""
        self._waiting.append(parcel)
        self._size += len(parcel.delivery)
        self._arrived.set()
        if self._size >= self._batch_size:
            self._full.set()

    async def settle(self) -> None:
        """Returns when nothing is being applied: the call under way has answered, or the pause between two attempts was cut short."""
        self._interrupted.set()
        await self._idle.wait()

    def resume(self) -> None:
        """Partitions were assigned: batches may be tried again and again."""
        self._interrupted.clear()

    async def run(self) -> None:
        """Until cancelled. Raises an ExceptionGroup with what is not transient."""
        async with asyncio.TaskGroup() as tasks:
            applying = tasks.create_task(self._open())
            while True:
                await self._worth_taking(applying)
                batch = await self._next()
                await applying
                if batch is not None:
                    applying = tasks.create_task(self._apply(batch))

    async def _worth_taking(self, applying: asyncio.Task[None]) -> None:
        """Returns when something waits and the sink is free, or when a whole batch waits that can be prepared meanwhile."""
        await self._arrived.wait()
        full = asyncio.create_task(self._full.wait())
        await asyncio.wait({applying, full}, return_when=asyncio.FIRST_COMPLETED)
        full.cancel()

    async def _open(self) -> None:
        """Before the first batch; the sink may be down, then this goes on until it is back."""
        try:
            await self._until_it_answers(partial(self._in_thread, self._applying, self._breaker.call, self._ensure_open), lambda: False)
        except Revoked:  # pragma: no cover  # nothing was taken in yet, so nothing can be revoked
            raise AssertionError("opening a sink concerns no partition") from None

    async def _next(self) -> Batch[P] | None:
        """The next batch, prepared; None where its partitions were revoked meanwhile."""
        parcels = self._take()
        if not parcels:
            return None
        messages = [message for parcel in parcels for message in parcel.delivery.messages()]
        traces = [message.trace for message in messages if message.trace is not None]

        def gone() -> bool:
            return any(parcel.delivery.revoked for parcel in parcels)

        try:
            prepared = await self._until_it_answers(partial(self._in_thread, self._preparing, self._sink.prepare, messages), gone)
        except Revoked:
            return None
        return Batch(parcels, prepared, traces)

    def _take(self) -> list[Parcel]:
        """Waiting parcels up to the batch size, without those that were revoked; a single one may be as large as a batch, never larger."""
        taken: list[Parcel] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0].delivery) <= self._batch_size):
            parcel = self._waiting.popleft()
            self._size -= len(parcel.delivery)
            if not parcel.delivery.revoked:
                size += len(parcel.delivery)
                taken.append(parcel)
        if not self._waiting:
            self._arrived.clear()
        if self._size < self._batch_size:
            self._full.clear()
        return taken

    async def _apply(self, batch: Batch[P]) -> None:
        if batch.revoked:
            return
        self._idle.clear()
        try:
            with batch_span(self._sink.name, batch.traces):
                report = await self._until_it_answers(partial(self._attempt, batch.prepared), lambda: batch.revoked)
            for parcel in batch.parcels:
                parcel.acknowledge()
        except Revoked:
            log.info("batch.abandoned", store=self._sink.name, deliveries=len(batch.parcels))
        else:
            applied(self._sink.name, report)
        finally:
            self._idle.set()

    async def _attempt(self, prepared: P) -> Report:
        return await self._in_thread(self._applying, self._breaker.call, self._open_and_apply, prepared)

    def _open_and_apply(self, prepared: P) -> Report:
        """One call for the breaker: a store that can be opened and takes nothing is no store that answers."""
        self._ensure_open()
        return self._sink.apply(prepared)

    def _ensure_open(self) -> None:
        if not self._opened:
            self._sink.open()
            self._opened = True

    async def _until_it_answers(self, ask: Callable[[], Any], gone: Callable[[], bool]) -> Any:
        """What `ask` returns, however long the other side is away. Raises Revoked when the partitions are taken meanwhile."""

        async def pause(seconds: float) -> None:
            self._opened = False  # a store that comes back may have been wiped: look again
            try:
                await asyncio.wait_for(self._interrupted.wait(), seconds)
            except TimeoutError:
                return
            if gone():
                raise Revoked
            await asyncio.sleep(seconds)  # what was taken away is not this

        retrying = AsyncRetrying(
            retry=retry_if_exception_type((*TRANSIENT, CircuitOpen)), wait=pauses(), sleep=pause, before_sleep=partial(_told, self._sink.name), reraise=True
        )
        return await retrying(ask)

    async def _in_thread(self, threads: ThreadPoolExecutor, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, partial(copy_context().run, function, *args))


def _told(name: str, state: RetryCallState) -> None:
    error = None if state.outcome is None else state.outcome.exception()
    if isinstance(error, CircuitOpen):
        return  # told when it opened
    log.warning(
        "sink.unavailable",
        store=name,
        attempt=state.attempt_number,
        pause_seconds=round(state.upcoming_sleep, 2),
        error_class=type(error).__name__,
        error=str(error),
    )
