"""Subscribing to policy events: at least once, in order per policy, resumable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from aegis.errors import AegisError, Code
from aegis.events.event import Event, UnreadableEvent, read
from aegis.message import Message
from aegis.registry import Registry
from aegis.topics import EVENTS_TOPIC

POLL_SECONDS = 0.5
PASSING = frozenset({"_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE", "_TIMED_OUT", "_MAX_POLL_EXCEEDED"})
"""What the Kafka client gets over by itself, by name."""

Positions = Callable[[], Mapping[int, int]]
"""Gives partition → offset of the next event to handle."""


class SubscriptionFailed(AegisError):
    """Kafka refuses what the subscription needs: the topic, the group, or the right to read them."""


class Subscription:
    """Iterate over it. An event counts as handled when the next one is asked for: what was in hand when the process died, or when the loop was left, comes
    again after a restart. Used from one thread, in a `with` statement.
    """

    def __init__(
        self,
        consumer: Consumer,
        registry: Registry,
        topic: str,
        *,
        types: Collection[str] | None,
        start: Positions | None,
        unreadable: Callable[[UnreadableEvent], None] | None,
        idle: float | None,
    ) -> None:
        self._consumer = consumer
        self._registry = registry
        self._codec = registry.codec()
        self._topic = topic
        self._types = types
        self._start = start
        self._unreadable = unreadable
        self._idle = idle

    def __enter__(self) -> Self:
        self._consumer.subscribe([self._topic], on_assign=self._assigned)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._consumer.close()  # commits what was handled
        self._registry.close()

    def __iter__(self) -> Iterator[Event]:
        """Events, for ever, or until none came for `idle` seconds. Raises `UnreadableEvent`, `RegistryUnavailable` and `SubscriptionFailed`."""
        heard = monotonic()
        while self._idle is None or monotonic() - heard < self._idle:
            polled = self._consumer.poll(POLL_SECONDS)
            if polled is None or self._passing(polled.error()):
                continue
            event = self._event(polled)
            if event is not None:
                yield event
            self.handled(polled)
            heard = monotonic()

    def handled(self, done: Event | KafkaMessage) -> None:
        """Everything in the partition of `done` is handled up to it. Only needed where the loop is left before the next event is asked for."""
        partition, offset = (done.partition, done.offset) if isinstance(done, Event) else (done.partition(), done.offset())
        try:
            self._consumer.store_offsets(offsets=[TopicPartition(self._topic, int(partition or 0), int(offset or 0) + 1)])
        except KafkaException as error:
            if error.args[0].name() != "_STATE":  # the partition went to another member meanwhile, which will handle it again
                raise

    def _passing(self, fault: KafkaError | None) -> bool:
        if fault is None or fault.name() in PASSING:
            return fault is not None
        reason = f"topic {self._topic}: {fault.str()}; does it exist (`aegis topics create`), and may this group read it?"
        raise SubscriptionFailed(Code.SOURCE_UNAVAILABLE, reason)

    def _event(self, polled: KafkaMessage) -> Event | None:
        """None for what is not asked for, and for what was passed over."""
        try:
            event = read(_message(polled), self._codec)
        except UnreadableEvent as error:
            if self._unreadable is None:
                raise
            self._unreadable(error)
            return None
        return event if self._types is None or event.type in self._types else None

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._start is None:
            return
        positions = self._start()
        for one in partitions:
            one.offset = positions.get(one.partition, OFFSET_BEGINNING)
        consumer.assign(partitions)


def subscribe(
    bootstrap: str,
    registry: str,
    group: str,
    *,
    member: str = "",
    types: Collection[str] | None = None,
    topic: str = EVENTS_TOPIC,
    start: Positions | None = None,
    unreadable: Callable[[UnreadableEvent], None] | None = None,
    idle: float | None = None,
    **options: Any,
) -> Subscription:
    """A subscription of `group`, which has its own place in the log and begins at its beginning; members of one group share the policies among them.

    `bootstrap`: Kafka's servers. `registry`: URL of the schema registry's Confluent interface. `member`: a name that only this process of the group has: where
    it dies and starts again, it goes on at once, not only when Kafka has missed the dead one for 45 s. `types`: only these types of event. `start`: where to
    go on, for a subscriber that keeps its position with its own effects (`Ledger.positions`); else the group's place in Kafka. `unreadable`: called with what
    is no event, which is then passed over; without it, iterating raises. `idle`: end after so many seconds without an event. `options`: of librdkafka.
    """
    configuration = {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": True,
        "enable.auto.offset.store": False,
        "auto.commit.interval.ms": 1000,
        "log_level": 3,
    }
    own = {"group.instance.id": member} if member else {}
    consumer = Consumer(configuration | own | options)
    return Subscription(consumer, Registry(registry), topic, types=types, start=start, unreadable=unreadable, idle=idle)


def _message(polled: KafkaMessage) -> Message:
    headers = {name: value for name, value in dict(polled.headers() or ()).items() if isinstance(value, bytes)}
    key, value = polled.key(), polled.value()
    assert not isinstance(key, str)
    assert not isinstance(value, str)
    return Message(polled.topic() or "", int(polled.partition() or 0), int(polled.offset() or 0), key, value, headers)
