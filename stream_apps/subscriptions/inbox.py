"""Brings events from Kafka into `ops.deliveries`, one row for each service that wants it. Services are told by `Post`, so none of them holds this up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
import structlog
from psycopg.rows import dict_row

from aegis.codec import Codec
from aegis.consumer_groups import SUBSCRIPTIONS
from aegis.events.event import Event, UnreadableEvent, read
from aegis.message import Message
from aegis.queries import queries
from stream_apps.operator_session import OperatorSession
from stream_apps.sink import Report
from stream_apps.subscriptions.post import readable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PreparedEvents:
    """A batch of events."""

    messages: int
    events: Sequence[Event]
    undecodable: int


class Inbox:
    """The sink of the subscriptions' app. Repeating a batch adds nothing: a delivery is known by service and event."""

    name = SUBSCRIPTIONS

    def __init__(self, dsn: str, codec: Codec, timeout_seconds: float) -> None:
        self._session = OperatorSession(dsn, "aegis subscriptions", timeout_seconds)
        self._codec = codec

    def open(self) -> None:
        """Connect anew."""
        self._session.open()

    def close(self) -> None:
        self._session.close()

    def prepare(self, messages: Sequence[Message]) -> PreparedEvents:
        events = []
        undecodable = 0
        for message in messages:
            try:
                if message.value is not None:
                    events.append(read(message, self._codec))
            except UnreadableEvent:
                undecodable += 1
                log.exception("event.unreadable", topic=message.topic, partition=message.partition, offset=message.offset)
        return PreparedEvents(len(messages), events, undecodable)

    def apply(self, prepared: PreparedEvents) -> Report:
        added = 0
        with self._session.transaction() as cursor:
            rows = wanted(cursor, prepared.events)
            if rows:
                columns = {name: [row[name] for row in rows] for name in rows[0]}
                cursor.execute(queries("subscriptions")["enqueue"], columns)
                added = cursor.rowcount
        verdicts = {"applied": added, "ignored": len(rows) - added, "undecodable": prepared.undecodable}
        newest = max((event.time for event in prepared.events), default=None)
        return Report(prepared.messages, {verdict: count for verdict, count in verdicts.items() if count}, newest)


def wanted(cursor: psycopg.Cursor[Any], events: Sequence[Event]) -> list[dict[str, Any]]:
    """A row of `ops.deliveries` for each event and service that wants it, in the order of the log."""
    cursor.row_factory = dict_row
    found = [one for row in cursor.execute(queries("subscriptions")["enabled_and_kept"]).fetchall() if (one := readable(row)) is not None]
    rows = []
    for event in events:
        attributes = attributes_of(event)
        rows += [
            {
                "subscription": subscription.name,
                "event_id": event.id,
                "attributes": orjson.dumps(attributes).decode(),
                "data": orjson.dumps(event.data).decode(),
            }
            for subscription in found
            if subscription.wants(attributes, event.data)
        ]
    return rows


def attributes_of(event: Event) -> Mapping[str, str]:
    """CloudEvents' attributes of `event`, as they are sent on."""
    traced = {} if event.trace is None else {"traceparent": event.trace}
    return {
        "id": event.id,
        "source": event.source,
        "specversion": "1.0",
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "dataschema": event.dataschema,
        **traced,
    }
