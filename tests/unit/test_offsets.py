"""Questions to Kafka that are asked again while a broker is not ready for them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from aegis import offsets
from aegis.offsets import Offsets, Place, patiently


class Broker:
    """Answers after it has raised each of `errors`."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)

    def ask(self) -> str:
        if self.errors:
            raise KafkaException(KafkaError(self.errors.pop(0)))
        return "answer"


def test_a_broker_that_is_not_yet_the_leader_is_asked_again() -> None:
    broker = Broker(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
    assert patiently(broker.ask, 30) == "answer"
    assert broker.errors == []


def test_an_error_that_does_not_pass_is_raised_at_once() -> None:
    broker = Broker(KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.NOT_LEADER_FOR_PARTITION)
    with pytest.raises(KafkaException, match="authorization"):
        patiently(broker.ask, 30)
    assert len(broker.errors) == 1


def test_when_time_is_over_the_last_error_is_raised() -> None:
    with pytest.raises(KafkaException, match="leader"):
        patiently(Broker(*[KafkaError.NOT_LEADER_FOR_PARTITION] * 50).ask, 0)


MOMENT = datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)
MILLISECONDS = int(MOMENT.timestamp() * 1000)


class Admin:
    """Answers for topic `t`, after it has raised each of `errors`. `by_time`: partition → (offset, time) of its first message from a time on."""

    def __init__(self, by_time: Mapping[int, tuple[int, int]], *errors: int) -> None:
        self.by_time = by_time
        self.errors = list(errors)

    def list_topics(self, **_: object) -> SimpleNamespace:
        return SimpleNamespace(topics={"t": SimpleNamespace(partitions=dict.fromkeys(self.by_time))})

    def list_offsets(self, wanted: Mapping[TopicPartition, OffsetSpec], **_: object) -> dict[TopicPartition, Future[SimpleNamespace]]:
        return {place: self._answer(place.partition, spec) for place, spec in wanted.items()}

    def _answer(self, partition: int, spec: OffsetSpec) -> Future[SimpleNamespace]:
        future: Future[SimpleNamespace] = Future()
        if self.errors:
            future.set_exception(KafkaException(KafkaError(self.errors.pop(0))))
            return future
        known = {OffsetSpec.earliest()._value: (3, -1), OffsetSpec.latest()._value: (9, -1)}
        offset, timestamp = known.get(spec._value, self.by_time[partition])
        future.set_result(SimpleNamespace(offset=offset, timestamp=timestamp))
        return future


def asked(monkeypatch: pytest.MonkeyPatch, admin: Admin) -> Offsets:
    monkeypatch.setattr(offsets, "admin_client", lambda *_: admin)
    return Offsets("nowhere")


def test_a_partition_begins_at_the_time_of_its_earliest_message_that_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, Admin({0: (3, MILLISECONDS), 1: (-1, -1), 2: (3, -1), 3: (3, 0)}))
    places: list[Place] = [("t", partition) for partition in range(4)]
    assert found.first_times(places) == {("t", 0): MOMENT, ("t", 1): None, ("t", 2): None, ("t", 3): datetime(1970, 1, 1, tzinfo=UTC)}
    assert found.first_times([]) == {}


def test_a_partition_without_a_message_from_a_moment_on_is_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, Admin({0: (5, MILLISECONDS), 1: (-1, -1)}))
    assert found.at(["t", "absent"], MOMENT) == {("t", 0): 5, ("t", 1): 9}
    assert found.at(["absent"], MOMENT) == {}


def test_ends_are_asked_for_again_and_are_those_of_topics_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin({0: (5, 0), 1: (5, 0)}, KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    assert asked(monkeypatch, admin).ends(["t", "absent"]) == {("t", 0): (3, 9), ("t", 1): (3, 9)}
    assert admin.errors == []


def test_times_are_asked_for_again_while_a_broker_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin({0: (3, MILLISECONDS)}, KafkaError.NOT_LEADER_FOR_PARTITION)
    assert asked(monkeypatch, admin).first_times([("t", 0)]) == {("t", 0): MOMENT}
