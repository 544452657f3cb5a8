"""Sends one event to a service: as a signed webhook, or into a topic of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import httpx
from cloudevents.core.bindings import http, kafka
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import KafkaError, KafkaException

from aegis.durable_log import DurableLog, Outgoing
from aegis.errors import LogUnavailable
from aegis.events.signature import HEADER, sign
from stream_apps.subscriptions.address import NotAllowed, check_addresses, check_url
from stream_apps.subscriptions.subscription import Subscription

TIMEOUT_SECONDS = 10.0
OWN_TOPICS = ("aegis.", "__", "policy-events", "data-pipeline-dlq")
"""Beginnings of the names of topics that no service may be told through."""

NEVER_TAKEN = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError.TOPIC_EXCEPTION})
"""What Kafka says of a message, or of a topic's name, that it will say again. All else may pass: brokers come back, topics and rights are given."""

Secrets = Callable[[str], str | None]
"""Environment variable → its value."""


class DeliveryFailed(Exception):
    """The service did not take an event; why, without contents. `permanent`: it never will, and is not asked again."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Sender(Protocol):
    """Sends to one service. Used from one thread."""

    def send(self, attributes: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Returns when the service has taken the event. Raises `DeliveryFailed`."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def cloud_event(attributes: Mapping[str, Any], data: Mapping[str, Any]) -> CloudEvent:
    """The event that is sent: its data is the payload, as JSON."""
    return CloudEvent({**attributes, "time": datetime.fromisoformat(attributes["time"]), "datacontenttype": "application/json"}, dict(data))


@dataclass(slots=True)
class Webhook:
    """POST in CloudEvents' binary mode, signed. Redirects are not followed: they would lead past the allowed hosts."""

    url: str
    secret_env: str
    secrets: Secrets
    allowed: Collection[str]
    client: httpx.Client
    now: Callable[[], float] = time.time

    def send(self, attributes: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        secret = self.secrets(self.secret_env)
        if not secret:
            raise DeliveryFailed(f"the app's environment has no {self.secret_env}: set it and restart the app")
        message = http.to_binary_event(cloud_event(attributes, data))
        signature = sign(secret, str(attributes["id"]), message.body, int(self.now()))
        try:
            check_addresses(*check_url(self.url, self.allowed))
            with self.client.stream("POST", self.url, content=message.body, headers={**message.headers, HEADER: signature}) as answer:
                status = answer.status_code  # the body is nobody's business, and may be endless
        except NotAllowed as error:
            raise DeliveryFailed(str(error)) from error
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
        if not httpx.codes.is_success(status):
            raise DeliveryFailed(f"HTTP {status}")

    def close(self) -> None:
        self.client.close()


@dataclass(slots=True)
class KafkaTopic:
    """CloudEvents' binary mode, keyed by the policy."""

    topic: str
    log: DurableLog

    def send(self, attributes: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        message = kafka.to_binary_event(cloud_event(attributes, data))
        try:
            self.log.send([Outgoing(self.topic, str(attributes["subject"]).encode(), message.value, message.headers)])
        except LogUnavailable as error:
            raise self._never(error.__cause__) or DeliveryFailed(error.message) from error
        except KafkaException as error:
            raise self._never(error) or error from error  # any other one is the producer's end: whoever opened it opens another

    def _never(self, cause: BaseException | None) -> DeliveryFailed | None:
        """The failure where `cause` is what Kafka will say again and again."""
        said = cause.args[0] if isinstance(cause, KafkaException) else None
        if not isinstance(said, KafkaError) or said.code() not in NEVER_TAKEN:
            return None
        return DeliveryFailed(f"{said.name()}: topic {self.topic} never takes this event as it is ({said.str()}): mend the topic, then retry", permanent=True)

    def close(self) -> None:
        self.log.close()


def sender_of(subscription: Subscription, secrets: Secrets, allowed: Collection[str], open_log: Callable[[], DurableLog]) -> Sender:
    """What sends to `subscription`."""
    if subscription.kind == "kafka":
        return KafkaTopic(subscription.target, open_log())
    assert subscription.secret_env is not None
    client = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)
    return Webhook(subscription.target, subscription.secret_env, secrets, allowed, client)


def check_target(kind: str, target: str, allowed: Collection[str]) -> None:
    """Raises `NotAllowed` for a target that nothing may be sent to."""
    if kind == "webhook":
        check_url(target, allowed)
    elif target.startswith(OWN_TOPICS):
        raise NotAllowed(f"topic {target} is Aegis's own: name one of the service's")
