"""Questions to Kafka that are asked again while a broker is not ready for them."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from aegis.offsets import patiently


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
