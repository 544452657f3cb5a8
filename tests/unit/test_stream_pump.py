from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from threading import Event
from types import SimpleNamespace

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from aegis.errors import Code, StoreUnavailable
from aegis.message import Message
from aegis.registry import RegistryUnavailable
from stream_apps import circuit
from stream_apps.delivery import Delivery
from stream_apps.pump import Parcel, Pump
from stream_apps.sink import Report

AWAY = StoreUnavailable(Code.REDIS_SYNC_FAILED, "connection refused")


class ScriptedSink:
    """Applies lists of offsets. `failures` are raised by the next calls; `held` keeps `apply` from answering until it is set. `begins`: told of each call."""

    name = "scripted"

    def __init__(self, begins: Callable[[], None]) -> None:
        self.begins = begins
        self.failures: list[Exception] = []
        self.preparing_failures: list[Exception] = []
        self.opened = 0
        self.attempts = 0
        self.begun: list[list[int]] = []
        self.applied: list[int] = []
        self.held = Event()
        self.held.set()

    def open(self) -> None:
        self.opened += 1

    def prepare(self, messages: Sequence[Message]) -> list[int]:
        if self.preparing_failures:
            raise self.preparing_failures.pop(0)
        return [message.offset for message in messages]

    def apply(self, prepared: list[int]) -> Report:
        self.attempts += 1
        self.begun.append(prepared)
        self.begins()
        if self.failures:
            raise self.failures.pop(0)
        assert self.held.wait(10)
        self.applied += prepared
        return Report(len(prepared), {"applied": len(prepared)})

    def close(self) -> None: ...


class Bench:
    """A pump over a scripted sink, and what was acknowledged."""

    def __init__(self, batch_size: int = 4) -> None:
        loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self.sink = ScriptedSink(lambda: loop.call_soon_threadsafe(self.changed.set))
        self.pump: Pump[list[int]] = Pump(self.sink, batch_size)
        self.acknowledged: list[int] = []

    def put(self, *offsets: int) -> Delivery:
        records = [SimpleNamespace(offset=offset, key=None, value=None, headers=()) for offset in offsets]
        delivery = Delivery(("topic", 0), records)

        def acknowledge() -> None:
            assert set(offsets) <= set(self.sink.applied)  # never before the sink has answered
            self.acknowledged.extend(offsets)
            self.changed.set()

        self.pump.put(Parcel(delivery, acknowledge))
        return delivery

    async def until(self, condition: Callable[[], object]) -> None:
        """Returns when `condition` holds: of calls that the sink has begun, or of what was acknowledged."""
        async with asyncio.timeout(15):
            while not condition():
                await self.changed.wait()
                self.changed.clear()


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(bench.pump.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(circuit, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(circuit, "LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(circuit, "HALF_OPEN_AFTER_SECONDS", 0.1)
    return Bench()


@pytest.mark.asyncio
async def test_what_is_put_in_is_applied_and_then_acknowledged_in_order(bench: Bench) -> None:
    async with running(bench):
        for start in range(0, 30, 3):
            bench.put(start, start + 1, start + 2)
        await bench.until(lambda: len(bench.acknowledged) == 30)
    assert bench.sink.applied == bench.acknowledged == list(range(30))


@pytest.mark.asyncio
async def test_nothing_is_acknowledged_while_the_store_has_not_answered(bench: Bench) -> None:
    bench.sink.held.clear()
    async with running(bench):
        bench.put(1, 2)
        await bench.until(lambda: bench.sink.begun)
        assert bench.acknowledged == []
        bench.sink.held.set()
        await bench.until(lambda: bench.acknowledged == [1, 2])


@pytest.mark.asyncio
async def test_a_batch_is_what_came_in_meanwhile_up_to_its_size(bench: Bench) -> None:
    bench.sink.held.clear()
    async with running(bench):
        bench.put(0)
        await bench.until(lambda: bench.sink.begun)
        for offset in range(1, 8):
            bench.put(offset)
        bench.sink.held.set()
        await bench.until(lambda: len(bench.acknowledged) == 8)
    assert bench.sink.begun == [[0], [1, 2, 3, 4], [5, 6, 7]]


@pytest.mark.asyncio
async def test_the_same_batch_is_tried_until_the_store_is_back(bench: Bench) -> None:
    bench.sink.failures = [AWAY] * 12
    async with running(bench):
        bench.put(1)
        bench.put(2)
        await bench.until(lambda: bench.acknowledged == [1, 2])
    assert bench.sink.applied == [1, 2]
    assert bench.sink.begun == [[1, 2]] * 13


@pytest.mark.asyncio
async def test_a_store_that_came_back_is_opened_again_for_it_may_have_been_wiped(bench: Bench) -> None:
    bench.sink.failures = [AWAY]
    async with running(bench):
        bench.put(1)
        await bench.until(lambda: bench.acknowledged == [1])
    assert bench.sink.opened == 2


@pytest.mark.asyncio
async def test_the_circuit_opens_after_five_failures_and_closes_when_the_store_answers(bench: Bench) -> None:
    bench.sink.failures = [AWAY] * 6
    bench.sink.held.clear()
    with capture_logs() as told:
        async with running(bench):
            bench.put(1)
            await bench.until(lambda: bench.sink.attempts == 7)
            assert not bench.pump.answered
            bench.sink.held.set()
            await bench.until(lambda: bench.acknowledged == [1])
    assert bench.pump.answered
    assert bench.sink.attempts == 7
    assert [line["state"] for line in told if line["event"] == "circuit.changed"] == ["open", "half_open", "open", "half_open", "closed"]


@pytest.mark.asyncio
async def test_a_registry_that_is_away_holds_the_batch_up_and_loses_nothing(bench: Bench) -> None:
    bench.sink.preparing_failures = [RegistryUnavailable(Code.SOURCE_UNAVAILABLE, "away")] * 3
    async with running(bench):
        bench.put(1)
        await bench.until(lambda: bench.acknowledged == [1])
    assert bench.sink.applied == [1]


@pytest.mark.asyncio
async def test_what_nobody_foresaw_ends_the_pump_without_an_acknowledgement(bench: Bench) -> None:
    bench.sink.failures = [ZeroDivisionError()]
    async with running(bench) as task:
        bench.put(1)
        bench.put(2)
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(asyncio.shield(task), 15)
    assert caught.group_contains(ZeroDivisionError)
    assert bench.acknowledged == []


@pytest.mark.asyncio
async def test_settling_waits_for_the_call_under_way_and_keeps_the_next_from_beginning(bench: Bench) -> None:
    bench.sink.held.clear()
    async with running(bench):
        first = bench.put(1, 2, 3, 4)
        await bench.until(lambda: bench.sink.begun)
        second = bench.put(5, 6, 7, 8)
        first.revoked = second.revoked = True
        settled = asyncio.create_task(bench.pump.settle())
        done, _ = await asyncio.wait({settled}, timeout=0.1)
        assert not done
        bench.sink.held.set()
        await asyncio.wait_for(settled, 10)
        assert bench.acknowledged == [1, 2, 3, 4]
        bench.pump.resume()
        bench.put(9)
        await bench.until(lambda: 9 in bench.acknowledged)
    assert bench.sink.begun == [[1, 2, 3, 4], [9]]


@pytest.mark.asyncio
async def test_settling_ends_the_pause_between_two_attempts_of_a_batch_that_was_revoked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.sink.failures = [AWAY] * 1000
    async with running(bench):
        delivery = bench.put(1)
        await bench.until(lambda: bench.sink.attempts >= 2)
        delivery.revoked = True
        await asyncio.wait_for(bench.pump.settle(), 10)
        attempts = bench.sink.attempts
        bench.sink.failures = []
        bench.pump.resume()
        bench.put(2)
        await bench.until(lambda: bench.acknowledged == [2])
    assert bench.sink.attempts == attempts + 1
