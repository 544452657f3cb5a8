"""Applies batches of messages to one derived store: collapse, derive, forget, restore and apply; dead letter and compensation for what the store rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from aegis.change import Change
from aegis.codec import Codec
from aegis.collapse import Collapsed, collapse
from aegis.compensation import compensation
from aegis.dead_letter import DeadLetter, dead_letter
from aegis.derivations import CAPTURED, derive
from aegis.errors import ChangeRejected, StoreUnavailable, Undecodable
from aegis.message import Message
from aegis.receipt import RECEIPTED, Receipt
from aegis.record import Outcome, Record, Verdict
from aegis.stamp import Stamp
from aegis.stores.protocol import Store
from aegis.telemetry.metrics import db_sync, db_sync_latency_seconds
from stream_apps.brake import Brake
from stream_apps.operations import Call, calls, perform
from stream_apps.sink import Report

T = TypeVar("T")

UNDECODABLE = "undecodable"
SUPERSEDED = "superseded"
IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that this store can never take, with the change in it (None: undecodable)."""

    message: Message
    change: Change | None
    reason: ChangeRejected | Undecodable


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch, ready to be applied."""

    messages: int
    changes: Sequence[tuple[Message, Change]]
    records: Sequence[Record]
    """One per change, in the same order."""
    rejections: Sequence[Rejection]
    superseded: int
    ignored: int
    calls: Sequence[Call] = ()
    """What is forgotten and restored before the records are written, in the order of the log."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and the traceparent of the message that it is for."""

    letter: DeadLetter
    trace: str | None


class Outlet(Protocol):
    """Where dead letters and compensations go."""

    def publish(self, letters: Sequence[Letter], corrections: Sequence[Change]) -> None:
        """Returns when all are durable in Kafka; raises `LogUnavailable` where they are not, and may then be asked again."""
        ...


class Receipts(Protocol):
    """Where receipts go."""

    def publish(self, receipt: Receipt) -> None:
        """As `Outlet.publish`."""
        ...


class Applier:
    """The sink of a derived store's app. `receipts` None: it gives none, being one that builds."""

    def __init__(
        self,
        store: Store,
        codec: Codec,
        outlet: Outlet,
        brake: Brake,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        receipts: Receipts | None = None,
    ) -> None:
        self._store = store
        self._codec = codec
        self._outlet = outlet
        self._brake = brake
        self._now = now
        self._receipts = receipts

    @property
    def name(self) -> str:
        """The store's."""
        return self._store.name

    def open(self) -> None:
        self._store.prepare()

    def close(self) -> None:
        self._store.close()

    def prepare(self, messages: Sequence[Message]) -> Prepared:
        """The newest change of each key and the record that it makes here. Raises `RegistryUnavailable`."""
        collapsed = collapse(messages, self._codec, self.name)
        return prepared(collapsed, len(messages), self.name)

    def apply(self, prepared: Prepared) -> Report:
        """Forget and restore, then write the records; publish a dead letter and a compensation for each that is rejected, and a receipt for the
        policies among the others. Raises `StoreUnavailable`, `LogUnavailable` and, without publishing, TooManyRejections.
        """
        done = self._operate(prepared.calls)
        outcomes = self._write(prepared.records)
        rejections = [*prepared.rejections, *_rejected(prepared.changes, outcomes)]
        self._brake.check(self.name, len(prepared.records) + len(prepared.rejections), len(rejections))
        if rejections:
            self._outlet.publish(
                [Letter(dead_letter(self.name, one.message, one.change, one.reason, self._now()), one.message.trace) for one in rejections],
                compensations(rejections, self.name),
            )
        held = _held(prepared.records, outcomes)
        if held and self._receipts is not None:
            self._receipts.publish(Receipt(self.name, self._now(), held))
        return _report(prepared, done, outcomes, rejections)

    def _operate(self, wanted: Sequence[Call]) -> Counter[str]:
        done = Counter[str]()
        for call in wanted:
            done += self._timed(partial(perform, self._store, call))
        self._count(done)
        return done

    def _write(self, records: Sequence[Record]) -> Sequence[Outcome]:
        if not records:
            return ()
        outcomes = self._timed(partial(self._store.apply, records))
        self._count(Counter(outcome.verdict.value for outcome in outcomes))
        return outcomes

    def _timed(self, call: Callable[[], T]) -> T:
        """What a bulk call of the store returns."""
        began = monotonic()
        try:
            answer = call()
        except StoreUnavailable:
            db_sync.labels(self.name, "unavailable").inc()
            raise
        db_sync_latency_seconds.labels(self.name).observe(monotonic() - began)
        return answer

    def _count(self, verdicts: Counter[str]) -> None:
        for verdict, count in verdicts.items():
            db_sync.labels(self.name, verdict).inc(count)


def prepared(collapsed: Collapsed, messages: int, store: str) -> Prepared:
    """What `collapsed` makes in `store`: records, and rejections of rows that are none."""
    changes, records = [], []
    wanted, unusable = calls([one for one in collapsed.operations if store in CAPTURED[one[1].table].projections])
    rejections = [Rejection(message, None, error) for message, error in (*collapsed.undecodable, *unusable)]
    elsewhere = len(collapsed.operations) - len(unusable) - sum(len(call.arguments) for call in wanted)
    for message, change in collapsed.newest:
        try:
            record = derive(change, store)
        except ChangeRejected as error:
            rejections.append(Rejection(message, change, error))
            continue
        if record is None:
            elsewhere += 1
            continue
        changes.append((message, change))
        records.append(record)
    return Prepared(messages, changes, records, rejections, collapsed.superseded, collapsed.ignored + elsewhere, wanted)


def compensations(rejections: Sequence[Rejection], store: str) -> list[Change]:
    """The compensation of each rejected change that has one: undecodable bytes and deletes have none."""
    possible = (compensation(one.change, store, one.reason) for one in rejections if one.change is not None and isinstance(one.reason, ChangeRejected))
    return [change for change in possible if change is not None]


def _rejected(changes: Sequence[tuple[Message, Change]], outcomes: Sequence[Outcome]) -> list[Rejection]:
    return [Rejection(message, change, outcome.reason) for (message, change), outcome in zip(changes, outcomes, strict=True) if outcome.reason is not None]


def _held(records: Sequence[Record], outcomes: Sequence[Outcome]) -> list[tuple[str, Stamp]]:
    """Key and stamp of the policies that the store holds at this stamp, or, where it was stale, at a higher one."""
    answered = zip(records, outcomes, strict=True)
    return [(record.key, record.stamp) for record, outcome in answered if record.table == RECEIPTED and outcome.verdict is not Verdict.REJECTED]


def _report(prepared: Prepared, done: Counter[str], outcomes: Sequence[Outcome], rejections: Sequence[Rejection]) -> Report:
    verdicts = done + Counter(outcome.verdict.value for outcome in outcomes if outcome.verdict is not Verdict.REJECTED)
    verdicts[Verdict.REJECTED.value] = sum(one.change is not None for one in rejections)
    verdicts[UNDECODABLE] = sum(one.change is None for one in rejections)
    verdicts[SUPERSEDED] = prepared.superseded
    verdicts[IGNORED] = prepared.ignored
    committed = [  # a correction says nothing about how far the stores are behind PostgreSQL: its row may be of last year
        change.position.committed_at
        for (_, change), outcome in zip(prepared.changes, outcomes, strict=True)
        if outcome.verdict is Verdict.APPLIED and change.position.committed_at is not None and not change.cause
    ]
    return Report(prepared.messages, {verdict: count for verdict, count in verdicts.items() if count}, max(committed, default=None), committed)
