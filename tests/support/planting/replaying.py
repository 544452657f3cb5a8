"""Brings old changes of deleted rows back: their tombstones are taken away, and their first change is published again as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from aegis.settings import Settings
from tests.support.planting.plant import Kind, Plant, Planter, plants
from tests.support.wait import until

SECONDS = 60.0
Ends = Mapping[tuple[str, int], int]
"""Topic and partition → offset."""


def ends(settings: Settings, tables: Iterable[str]) -> Ends:
    """Where the log of `tables` ends now."""
    consumer = _consumer(settings)
    try:
        topics = [f"aegis.public.{table}" for table in tables]
        known = consumer.list_topics(timeout=10).topics
        places = [(topic, number) for topic in topics for number in known[topic].partitions]
        return {place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=10)[1] for place in places}
    finally:
        consumer.close()


def first_changes(settings: Settings, keys: Sequence[str], since: Ends) -> list[Message]:
    """The first message of each of `keys`, which are told by the last bytes of a message's key, from `since` on."""
    consumer, wanted, found = _consumer(settings), set(keys), dict[str, Message]()
    length = {len(key.encode()) for key in keys}

    def all_found() -> bool:
        for message in consumer.consume(1000, timeout=0.5):
            assert message.error() is None, message.error()
            for size in length:
                key = (message.key() or b"")[-size:].decode(errors="replace")
                if key in wanted and message.value() is not None:
                    found.setdefault(key, message)
        return found.keys() == wanted

    try:
        consumer.assign([TopicPartition(topic, number, offset) for (topic, number), offset in since.items()])
        until(all_found, SECONDS, "the first changes of deleted rows", interval=0.0)
        return list(found.values())
    finally:
        consumer.close()


def replay(settings: Settings, planter: Planter, table: str, keys: Sequence[str], since: Ends) -> list[Plant]:
    """Take the tombstones of `keys` away and publish the rows' first changes again; returns when readers see the rows."""
    messages = first_changes(settings, keys, since)
    planter.remove(table, keys)
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "log_level": 0})
    for message in messages:
        producer.produce(str(message.topic()), key=message.key(), value=message.value(), partition=message.partition() or 0)
    assert producer.flush(30) == 0, "Kafka did not take the old changes"
    until(lambda: planter.shown(table, keys) == set(keys), SECONDS, f"{planter.store} to show deleted rows of {table}")
    return plants(planter.store, table, keys, Kind.REPLAYED, "tombstone taken away, first change published again")


def _consumer(settings: Settings) -> Consumer:
    options = {"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": f"planting-{uuid4().hex[:8]}", "enable.auto.commit": False, "log_level": 0}
    return Consumer(options)
