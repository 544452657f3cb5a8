"""One event, and how it is read out of a message of Kafka (CloudEvents 1.0, Kafka binding, binary mode)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat

from aegis.codec import Codec
from aegis.errors import AegisError, Code, Undecodable
from aegis.events.payloads import Payload, payload_of
from aegis.message import Message

PREFIX = "ce_"


class UnreadableEvent(AegisError):
    """A message that is no event of Aegis, named by its place in the log."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event. What came twice has the same `id`; events of one `subject` come in the order in which they happened."""

    id: str
    source: str
    type: str
    """For example policy.validated."""
    subject: str
    """Key of the policy."""
    time: datetime
    """When it happened."""
    dataschema: str
    """URI of the schema of `data`."""
    schema_version: str
    """Of `data`, major.minor. Within a major version, fields are only added, and optional."""
    data: Mapping[str, Any]
    payload: Payload | None
    """`data`, typed; None for a type that this release does not know."""
    partition: int
    offset: int
    """Place in the log: `offset` grows within `partition`, and all events of one subject are in one partition."""
    trace: str | None = None
    """W3C traceparent of what caused it."""


def read(message: Message, codec: Codec) -> Event:
    """The event in `message`. Raises `UnreadableEvent`; `RegistryUnavailable` passes through."""
    try:
        envelope = codec.decode(message.value or b"")
        data = _object(envelope["payload"])
        found = from_binary(KafkaMessage(_headers(message, envelope, data), None, envelope["payload"].encode()), JSONFormat())
        return Event(
            id=found.get_id(),
            source=found.get_source(),
            type=found.get_type(),
            subject=found.get_subject() or "",
            time=_moment(found.get_time()),
            dataschema=found.get_dataschema() or "",
            schema_version=envelope["schema_version"],
            data=data,
            payload=payload_of(found.get_type(), data),
            partition=message.partition,
            offset=message.offset,
            trace=message.trace,
        )
    except (Undecodable, BaseCloudEventException, KeyError, TypeError, ValueError) as error:
        reason = error.message if isinstance(error, AegisError) else f"{type(error).__name__}: {error}"
        raise UnreadableEvent(
            Code.INVALID_FORMAT, f"{message}: no event of Aegis: {reason}; pass over it with `unreadable=`, or upgrade where its producer is newer"
        ) from error


def _headers(message: Message, envelope: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, bytes]:
    """CloudEvents' headers, with the value's own fields for what an event of before there were headers lacks. The data is the payload, which is JSON."""
    kind, version = envelope["type"], envelope["schema_version"]
    stated = {
        "id": envelope["id"],
        "source": "/aegis",
        "specversion": "1.0",
        "type": kind,
        "subject": data.get("policy_id", ""),
        "time": envelope["occurred_at"],
    }
    written = {PREFIX + name: str(value).encode() for name, value in (stated | {"dataschema": f"urn:aegis:events:{kind}:{version}"}).items()}
    given = {name: value for name, value in message.headers.items() if name.startswith(PREFIX) and value is not None}
    return written | given | {"content-type": b"application/json"}


def _object(payload: str) -> dict[str, Any]:
    data = orjson.loads(payload)
    if not isinstance(data, dict):
        raise TypeError(f"payload is {type(data).__name__}, no object")
    return data


def _moment(time: datetime | None) -> datetime:
    if time is None:
        raise ValueError("time is absent")
    return time
