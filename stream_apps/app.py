"""Makes the Faust app of a sink: all stream apps are made here."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import faust
import structlog

from aegis.consumer_groups import consumer_group
from aegis.correction import CORRECTIONS_TOPIC
from aegis.derivations import CAPTURED
from aegis.envelope import table_topic
from stream_apps.delivery import Delivery
from stream_apps.pump import Parcel, Pump
from stream_apps.sink import Sink
from stream_apps.transport import DeliveryTransport

log = structlog.get_logger(__name__)

UNEXPECTED = 70
"""Exit code after what nobody foresaw (EX_SOFTWARE): the supervisor starts a new process, which reads again from the last commit."""
BATCHES_IN_WINDOW = 16
POLL_SECONDS = 30.0
"""How long the agent's loop sleeps while nothing comes; a delivery wakes it at once."""


@dataclass(frozen=True, slots=True)
class AppOptions:
    """What an app is made of."""

    name: str
    """Of the sink, e.g. `redis`."""
    topics: Sequence[str]
    bootstrap_servers: str
    batch_size: int
    group: str = ""
    """Another consumer group than that of the name: for building, tests and benchmarks."""


@dataclass(slots=True)
class App:
    """A Faust app and what it is doing."""

    faust: faust.App
    pump: Pump[Any]
    partitions: int = 0
    """Assigned to this worker."""

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether partitions are assigned and the sink answered."""
        return self.partitions > 0 and self.pump.answered, {"partitions": self.partitions, "store_answered": self.pump.answered}


def store_topics(store: str) -> list[str]:
    """The topics that the app of `store` reads: of the tables that have a projection into it, and the corrections."""
    return [*(table_topic(table.name) for table in CAPTURED.values() if store in table.projections), CORRECTIONS_TOPIC]


def build_app(options: AppOptions, sink: Sink[Any], *, end: Callable[[int], Any] = os._exit) -> App:
    """The Faust app that brings `options.topics` to `sink`. `end` ends the process at once, without acknowledging anything."""
    app = faust.App(
        options.group or consumer_group(options.name),
        broker=f"kafka://{options.bootstrap_servers}",
        store="memory://",
        datadir=tempfile.gettempdir(),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=60.0,
        broker_max_poll_interval=7 * 86_400.0,  # waiting for a store is no reason to leave the group; lag and readiness show it
        broker_request_timeout=30.0,
        broker_commit_interval=1.0,
        stream_wait_empty=False,
        stream_buffer_maxsize=4096,  # deliveries; the window keeps it far below
    )
    pump: Pump[Any] = Pump(sink, options.batch_size)
    app.transport = DeliveryTransport(app, settle=pump.settle, delivery_size=options.batch_size, window=options.batch_size * BATCHES_IN_WINDOW)
    topic = app.topic(*options.topics, key_serializer="raw", value_serializer="raw")
    _add_agent(app, topic, pump, end)
    made = App(app, pump)
    _follow_rebalances(made, options.name)
    return made


def _add_agent(app: faust.App, topic: Any, pump: Pump[Any], end: Callable[[int], Any]) -> None:
    """One agent over all topics, so that one key's messages come in one order. No exception leaves it: Faust would go on and commit past them."""
    running: list[asyncio.Task[None]] = []

    async def guarded() -> None:
        try:
            await pump.run()
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.critical("worker.ended", reason="unexpected error", exc_info=True)
            end(UNEXPECTED)

    @app.agent(topic)
    async def deliveries(stream: Any) -> None:
        if not running:
            running.append(asyncio.create_task(guarded()))
        try:
            async for events in stream.noack_take(1, within=POLL_SECONDS):
                for event in events:
                    pump.put(_parcel(app, event))
        except Exception:
            log.critical("worker.ended", reason="the stream broke", exc_info=True)
            end(UNEXPECTED)


def _parcel(app: faust.App, event: Any) -> Parcel:
    delivery: Delivery = event.value

    def acknowledge() -> None:
        event.message.ack(app.consumer)

    return Parcel(delivery, acknowledge)


def _follow_rebalances(app: App, name: str) -> None:
    @app.faust.on_partitions_assigned.connect(weak=False)
    async def assigned(_app: Any, assigned: set[Any], **_: Any) -> None:
        app.partitions = len(assigned)
        app.pump.resume()
        log.info("partitions.assigned", store=name, partitions=_by_topic(assigned))

    @app.faust.on_partitions_revoked.connect(weak=False)
    async def revoked(_app: Any, revoked: set[Any], **_: Any) -> None:
        app.partitions = 0
        if revoked:
            log.info("partitions.revoked", store=name, partitions=_by_topic(revoked))


def _by_topic(partitions: Iterable[Any]) -> dict[str, list[int]]:
    """Topic → numbers."""
    by_topic: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        by_topic.setdefault(topic, []).append(number)
    return by_topic
