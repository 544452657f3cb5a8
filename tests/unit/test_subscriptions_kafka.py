"""What becomes of an event that a service's topic does not take."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaError, KafkaException

from aegis.durable_log import DurableLog, Outgoing, open_producer
from aegis.errors import Code, LogUnavailable
from aegis.topics import MAX_MESSAGE_BYTES
from stream_apps.subscriptions.sending import DeliveryFailed, KafkaTopic

ATTRIBUTES = {"id": "1", "source": "/aegis", "specversion": "1.0", "type": "policy.validated", "subject": "P-1", "time": "2026-11-21T03:04:05+00:00"}


class Refusing(DurableLog):
    """A log that takes nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send(self, messages: Sequence[Outgoing]) -> None:
        raise self._error


def unavailable(code: int | None) -> LogUnavailable:
    error = LogUnavailable(Code.SOURCE_UNAVAILABLE, "Kafka took 0 of 1 messages")
    error.__cause__ = None if code is None else KafkaException(KafkaError(code))
    return error


@pytest.mark.parametrize("code", [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.TOPIC_EXCEPTION])
def test_what_kafka_will_say_again_is_permanent_with_its_name(code: int) -> None:
    for error in (unavailable(code), KafkaException(KafkaError(code))):
        with pytest.raises(DeliveryFailed, match=rf"^{KafkaError(code).name()}: topic mine never takes this event as it is .*retry$") as raised:
            KafkaTopic("mine", Refusing(error)).send(ATTRIBUTES, {})
        assert raised.value.permanent


@pytest.mark.parametrize(
    "code", [None, KafkaError._ALL_BROKERS_DOWN, KafkaError._MSG_TIMED_OUT, KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED]
)
def test_what_may_pass_is_tried_again(code: int | None) -> None:
    with pytest.raises(DeliveryFailed, match="0 of 1") as raised:
        KafkaTopic("mine", Refusing(unavailable(code))).send(ATTRIBUTES, {})
    assert not raised.value.permanent


def test_a_producer_that_is_beyond_repair_says_so_to_whoever_opened_it() -> None:
    with pytest.raises(KafkaException):
        KafkaTopic("mine", Refusing(KafkaException(KafkaError(KafkaError._FATAL)))).send(ATTRIBUTES, {})


def test_an_event_that_is_larger_than_any_message_is_never_taken() -> None:
    log = DurableLog(open_producer("127.0.0.1:1", "test", 1, log_level=0), 1)
    with pytest.raises(DeliveryFailed, match="MSG_SIZE_TOO_LARGE") as raised:
        KafkaTopic("mine", log).send(ATTRIBUTES, {"text": "x" * MAX_MESSAGE_BYTES})
    assert raised.value.permanent


def test_a_topic_that_is_closed_ends_its_producer_and_drops_what_cannot_be_sent() -> None:
    producer = open_producer("127.0.0.1:1", "test", 30, log_level=0)
    dropped: list[KafkaError | None] = []
    producer.produce("mine", value=b"v", on_delivery=lambda error, _message: dropped.append(error))
    DurableLog(producer, 30).close(0.1)
    assert [error and error.code() for error in dropped] == [KafkaError._PURGE_QUEUE]
    with pytest.raises(RuntimeError, match="closed"):
        producer.poll(0)


def test_a_topic_gives_its_log_back() -> None:
    log = DurableLog(open_producer("127.0.0.1:1", "test", 1, log_level=0), 1)
    KafkaTopic("mine", log).close()
    with pytest.raises(RuntimeError, match="closed"):
        log.send([Outgoing("mine", None, b"v")])
