"""Consume + decode + collapse of one stream-app worker against bare confluent-kafka with the same decode (aim: at least 0.5).

The log: `EVENTS` Debezium envelopes of policies of about 1 kB, distinct keys, six partitions, in a topic of its own that is kept between runs. Bare: one
confluent-kafka consumer that decodes each value in full. Worker: the app that production runs, transport, pump and ledger included, with a sink that collapses
and throws away; its group commits. Each leg is a process of its own and is timed from its first batch to its last; legs take turns, ratios are medians.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from aegis.collapse import collapse
from aegis.envelope import table_topic
from aegis.message import Message
from aegis.settings import settings
from aegis.telemetry.logs import configure_logs
from stream_apps.app import AppOptions, build_app
from stream_apps.sink import Report
from stream_apps.worker import run as run_worker
from tests.support import debezium

AIM = 0.5
EVENTS = 200_000
PARTITIONS = 6
ROUNDS = 3
TOPIC = f"bench-consume-{EVENTS}"
POLICIES = table_topic("policies")


def produce(bootstrap: str) -> None:
    """Fill the topic, where there is none yet."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    if TOPIC in admin.list_topics(timeout=10).topics and held(bootstrap) >= EVENTS:
        return
    if TOPIC not in admin.list_topics(timeout=10).topics:
        admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1, config={"retention.ms": "86400000"})])[TOPIC].result(30)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50, "partitioner": "murmur2_random", "queue.buffering.max.messages": EVENTS + 1})
    for number in range(EVENTS):
        message = debezium.create("policies", f"bench-{number:07d}", number + 1)
        producer.produce(TOPIC, key=message.key, value=message.value)
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush()


def held(bootstrap: str) -> int:
    """Messages in the topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-watermarks"})
    marks = [consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=10) for number in range(PARTITIONS)]
    consumer.close()
    return sum(high - low for low, high in marks)


class Clock:
    """Wall and CPU time from the first batch on."""

    def __init__(self) -> None:
        self.events = -1
        self.wall = self.cpu = 0.0

    def counted(self, events: int) -> int:
        """Add a batch; how many events there were, the first batch left out."""
        if self.events < 0:
            self.events, self.first = 0, events
            self.wall, self.cpu = perf_counter(), process_time()
        else:
            self.events += events
        return self.events

    def result(self) -> dict[str, float]:
        """Events per second and CPU microseconds per event."""
        return {"rate": self.events / (perf_counter() - self.wall), "cpu_us": 1e6 * (process_time() - self.cpu) / self.events}


def bare(bootstrap: str) -> dict[str, float]:
    """The leg of confluent-kafka."""
    codec, clock = debezium.codec(), Clock()
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"bench-bare-{uuid4()}", "auto.offset.reset": "earliest"})
    consumer.subscribe([TOPIC])
    seen = 0
    while seen < EVENTS:
        messages = consumer.consume(500, timeout=1.0)
        for message in messages:
            codec.decode(message.value() or b"")
        if messages:
            seen += len(messages)
            clock.counted(len(messages))
    result = clock.result()
    consumer.close()
    return result


class Collapsing:
    """A sink that collapses and throws away; prints the clock when all have passed, and ends the process."""

    name = "bench"

    def __init__(self) -> None:
        self._codec, self._clock, self._seen = debezium.codec(), Clock(), 0

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def prepare(self, messages: Sequence[Message]) -> int:
        """Collapse, as the topic of policies."""
        collapsed = collapse([Message(POLICIES, one.partition, one.offset, one.key, one.value) for one in messages], self._codec, "redis")
        assert len(collapsed.newest) == len(messages)
        return len(messages)

    def apply(self, prepared: int) -> Report:
        """Count."""
        self._seen += prepared
        self._clock.counted(prepared)
        if self._seen >= EVENTS:
            print(json.dumps(self._clock.result()), flush=True)
            os._exit(0)
        return Report(prepared)


def worker(bootstrap: str) -> None:
    """The leg of the stream app."""
    configure_logs("WARNING", "bench")
    options = AppOptions("bench", [TOPIC], bootstrap, settings().aegis_batch_size, group=f"bench-worker-{uuid4()}")
    run_worker(build_app(options, Collapsing()))


def _leg(name: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "bench.consume", name], capture_output=True, text=True, check=True, timeout=300)
    answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def run() -> None:
    """Print the ratio and its parts."""
    produce(settings().kafka_bootstrap_servers)
    pairs: list[tuple[dict[str, float], dict[str, float]]] = [(_leg("bare"), _leg("worker")) for _ in range(ROUNDS)]
    for of, legs in (("bare confluent-kafka", [pair[0] for pair in pairs]), ("one worker", [pair[1] for pair in pairs])):
        print(f"   {of:<22}{median(leg['rate'] for leg in legs):10,.0f} events/s   {median(leg['cpu_us'] for leg in legs):6.1f} µs CPU per event")
    ratio = median(ours["rate"] / theirs["rate"] for theirs, ours in pairs)
    print(f"   ratio {ratio:.2f} (aim {AIM})  {'ok' if ratio >= AIM else 'SHORT'}")


if __name__ == "__main__":
    legs: dict[str, Any] = {
        "bare": lambda: print(json.dumps(bare(settings().kafka_bootstrap_servers))),
        "worker": lambda: worker(settings().kafka_bootstrap_servers),
    }
    legs.get(sys.argv[1] if len(sys.argv) > 1 else "", run)()
