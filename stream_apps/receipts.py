"""Brings receipts from Kafka into `ops.sync_progress`, and writes `data.sync_completed` where all derived stores hold one version of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any

import orjson
import psycopg
import structlog

from aegis.codec import Codec
from aegis.consumer_groups import RECEIPTS
from aegis.errors import StoreUnavailable, Undecodable
from aegis.message import Message
from aegis.queries import queries
from aegis.receipt import Receipt, receipt_of
from aegis.stamp import Stamp
from stream_apps.completion import COMPLETED, SCHEMA_VERSION, STORES_OF_A_POLICY, Completion, completion, folded
from stream_apps.operator_session import OperatorSession
from stream_apps.sink import Report

log = structlog.get_logger(__name__)

MOST_RECEIPTS = 20
"""In one transaction: each may name as many policies as a batch of a store's app holds."""
GATHERED_SECONDS = 0.2
"""Pause after a batch that was not full. Nobody waits for these events within milliseconds, and a transaction a receipt, four for each change of a policy,
would take its time from the changes themselves."""
FORGOTTEN_AFTER = timedelta(days=14)
"""Twice the retention of the topics of receipts and of events."""
FORGOTTEN_AT_ONCE = 10_000
FORGET_EVERY_SECONDS = 3600.0


class RefusedReceipts(Exception):
    """PostgreSQL cannot hold what receipts say: the app and the tables do not fit each other, so the worker stops."""


@dataclass(frozen=True, slots=True)
class PreparedReceipts:
    """Receipts, folded."""

    messages: int
    highest: Mapping[str, Mapping[str, Stamp]]
    """Policy → store → stamp."""
    undecodable: int
    newest: datetime | None


class SyncProgress:
    """The sink of the receipts' app. Repeating a batch adds nothing: stamps only grow, and a completion is written with the mark that it was."""

    name = RECEIPTS

    def __init__(self, dsn: str, codec: Codec, timeout_seconds: float) -> None:
        self._session = OperatorSession(dsn, "aegis receipts", timeout_seconds)
        self._codec = codec
        self._forget_at = 0.0
        self._closed = Event()

    def open(self) -> None:
        """Connect anew."""
        self._closed.clear()
        self._session.open()

    def close(self) -> None:
        self._closed.set()
        self._session.close()

    def prepare(self, messages: Sequence[Message]) -> PreparedReceipts:
        receipts = []
        undecodable = 0
        for message in messages:
            try:
                if message.value is not None:
                    receipts.append(self._receipt(message.value))
            except Undecodable:
                undecodable += 1  # a later version of the policy brings new ones
                log.exception("receipt.undecodable", topic=message.topic, partition=message.partition, offset=message.offset)
        return PreparedReceipts(len(messages), folded(receipts), undecodable, max((one.answered_at for one in receipts), default=None))

    def _receipt(self, value: bytes) -> Receipt:
        return receipt_of(self._codec.decode(value))

    def apply(self, prepared: PreparedReceipts) -> Report:
        try:
            with self._session.transaction() as cursor:
                moved = _fold(cursor, prepared.highest)
                completed = _complete(cursor, moved)
        except psycopg.Error as error:  # its detail quotes the row, which no log may show
            raise RefusedReceipts(
                f"{type(error).__name__} (SQLSTATE {error.sqlstate}, constraint {error.diag.constraint_name}) for receipts of {len(prepared.highest)} policies"
            ) from None
        self._forget()
        if prepared.messages < MOST_RECEIPTS:
            self._closed.wait(GATHERED_SECONDS)
        verdicts = {"applied": len(moved), "stale": len(prepared.highest) - len(moved), "completed": completed, "undecodable": prepared.undecodable}
        return Report(prepared.messages, {verdict: count for verdict, count in verdicts.items() if count}, prepared.newest)

    def _forget(self) -> None:
        """Now and then, and some at a time: policies that are deleted everywhere, and events that were published. What fails waits for the next time."""
        if monotonic() < self._forget_at:
            return
        self._forget_at = monotonic() + FORGET_EVERY_SECONDS
        gone = {}
        try:
            with self._session.transaction() as cursor:
                for what in ("forget", "forget_events"):
                    cursor.execute(queries("receipts")[what], {"after": FORGOTTEN_AFTER, "most": FORGOTTEN_AT_ONCE})
                    gone[what] = cursor.rowcount
        except (psycopg.Error, StoreUnavailable) as error:
            log.warning("receipts.not_forgotten", error_class=type(error).__name__, error=str(error))
            return
        if any(gone.values()):
            log.info("receipts.forgotten", policies=gone["forget"], events=gone["forget_events"])
        if max(gone.values()) == FORGOTTEN_AT_ONCE:
            self._forget_at = 0.0


def _fold(cursor: psycopg.Cursor[Any], highest: Mapping[str, Mapping[str, Stamp]]) -> list[tuple[Any, ...]]:
    """The rows that were moved, as they are now: key, a packed stamp (or None) per store, packed stamp of the completion (or None)."""
    columns = {store: [held[store].packed if store in held else None for held in highest.values()] for store in STORES_OF_A_POLICY}
    cursor.execute(queries("receipts")["fold"], {"policy_id": list(highest), **columns})
    return cursor.fetchall()


def _complete(cursor: psycopg.Cursor[Any], moved: Sequence[tuple[Any, ...]]) -> int:
    """Write the events of those of `moved` that are newly complete. Returns how many."""
    found = [one for row in moved if (one := _newly_complete(row)) is not None]
    if found:
        cursor.execute(
            queries("receipts")["complete"],
            {
                "policy_id": [one.policy_id for one in found],
                "stamp": [one.stamp.packed for one in found],
                "event_id": [one.event_id for one in found],
                "payload": [orjson.dumps(one.payload()).decode() for one in found],
                "type": COMPLETED,
                "schema_version": SCHEMA_VERSION,
            },
        )
    return len(found)


def _newly_complete(row: tuple[Any, ...]) -> Completion | None:
    key, *stamps, before = row
    held = {store: Stamp.unpack(stamp) for store, stamp in zip(STORES_OF_A_POLICY, stamps, strict=True) if stamp is not None}
    found = completion(key, held)
    return None if found is None or (before is not None and found.stamp.packed <= before) else found
