"""Follows one row: its version in PostgreSQL, its place in the log, and what each store made of it. Pure; `aegis trace` asks and prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from aegis.change import Image
from aegis.cli.observing.side_by_side import Fault
from aegis.derivations import CAPTURED, project
from aegis.errors import ChangeRejected
from aegis.record import StoredRecord
from aegis.stamp import Rank


class Arrival(StrEnum):
    """Where a store stands with the row."""

    CURRENT = "current"
    WITHDRAWN = "withdrawn"
    """A tombstone at the row's version: the projection says "not in this store" (a rejected policy, for example)."""
    COMPENSATED = "compensated"
    """At compensation rank: some store rejected this version."""
    DELETED = "deleted"
    WAITING = "waiting"
    """The store has an older version, or nothing yet, or has not finished: a tombstone is there and readers still see the record, or the other way round."""
    AHEAD = "ahead of truth"
    """The store has a newer version than the row, or a record of a row that never was."""
    UNKNOWN = "unknown"


SETTLED = frozenset({Arrival.CURRENT, Arrival.WITHDRAWN, Arrival.COMPENSATED, Arrival.DELETED})


@dataclass(frozen=True, slots=True)
class Step:
    """One store's part of the way. Delays are seconds, None where an end of them is not known."""

    store: str
    arrival: Arrival
    stored: StoredRecord | None
    fault: str = ""
    published_at: datetime | None = None
    """When Debezium's (or a correction's) message was produced."""

    @property
    def commit_to_log(self) -> float | None:
        """Commit in PostgreSQL → message in Kafka."""
        return _seconds(self.stored.position.committed_at if self.stored else None, self.published_at)

    @property
    def log_to_store(self) -> float | None:
        """Message in Kafka → applied in the store."""
        return _seconds(self.published_at, self.stored.applied_at if self.stored else None)

    @property
    def total(self) -> float | None:
        """Commit in PostgreSQL → applied in the store."""
        return _seconds(self.stored.position.committed_at, self.stored.applied_at) if self.stored else None


@dataclass(frozen=True, slots=True)
class Way:
    """The whole way of one row. `version` None: PostgreSQL has no such row."""

    table: str
    key: str
    version: int | None
    updated_at: datetime | None
    steps: tuple[Step, ...]
    letters: tuple[Mapping[str, Any], ...]
    """Its dead letters, newest first."""

    @property
    def known(self) -> bool:
        """Whether anybody has ever heard of the key."""
        return self.version is not None or any(step.stored or step.fault for step in self.steps) or bool(self.letters)

    @property
    def settled(self) -> bool:
        """Whether every store says what PostgreSQL says."""
        return all(step.arrival in SETTLED for step in self.steps)

    @property
    def held_by(self) -> tuple[str, ...]:
        """Stores that rejected the version that the row still has."""
        return tuple(sorted({letter["store"] for letter in self.letters if letter["held"]}))


def shown_in(table: str, image: Image | None) -> dict[str, bool | None]:
    """Store → whether it shall show the row `image` of `table` to readers; None where the row makes no record, so that nothing follows from it."""
    return {store: _is_shown(table, store, image) for store in CAPTURED[table].projections}


def _is_shown(table: str, store: str, image: Image | None) -> bool | None:
    if image is None:
        return False
    try:
        return project(table, store, image) is not None
    except ChangeRejected:
        return None


def arrival(version: int | None, stored: StoredRecord | Fault | None, shown: bool | None) -> Arrival:
    """Where a store stands, given the row's version (None: no row), what the store holds, and whether it shall show the row (None: not known)."""
    if isinstance(stored, Fault):
        return Arrival.UNKNOWN
    if version is None:
        if stored is None or (stored.stamp.rank is Rank.DELETE and not stored.half_deleted):
            return Arrival.DELETED
        return Arrival.WAITING
    if stored is None or stored.stamp.version < version:
        return Arrival.WAITING
    if stored.stamp.version > version or stored.stamp.rank is Rank.DELETE:
        return Arrival.AHEAD
    if stored.stamp.rank is Rank.COMPENSATION:
        return Arrival.COMPENSATED
    if shown is not None and shown != (stored.content is not None):
        return Arrival.WAITING
    return Arrival.WITHDRAWN if stored.content is None else Arrival.CURRENT


def way(
    table: str,
    key: str,
    row: Mapping[str, Any] | None,
    shown: Mapping[str, bool | None],
    stores: Mapping[str, StoredRecord | Fault | None],
    *,
    published: Mapping[tuple[str, int, int], datetime],
    letters: tuple[Mapping[str, Any], ...],
) -> Way:
    """The way of `table` `key`.

    `row`: version and updated_at; `shown`: as `shown_in` gives it; `published`: (topic, partition, offset) → when that message was produced.
    """
    version = None if row is None else int(row["version"])
    steps = []
    for store, found in stores.items():
        stored = None if isinstance(found, Fault) else found
        place = (stored.position.topic, stored.position.partition, stored.position.offset) if stored else None
        fault = found.reason if isinstance(found, Fault) else ""
        steps.append(Step(store, arrival(version, found, shown[store]), stored, fault, published.get(place) if place else None))
    return Way(table, key, version, None if row is None else row["updated_at"], tuple(steps), letters)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()
