"""Whether a tombstone may go: the proof that nothing can bring an older change of its key back. Pure.

A tombstone keeps out what is older than the delete. What is older can come from four places only: from the table's topic, where it lay before the delete; from
the connector, which repeats what it has not yet stored as done; from a snapshot that read the row before; and from a correction that was published for an
earlier version, perhaps long after the delete, by an app that lagged. Only when each of the four is ruled out by what the log, the groups and the connector
say of themselves, the tombstone has nothing left to keep out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from aegis.correction import CORRECTIONS_TOPIC
from aegis.envelope import table_topic
from aegis.offsets import Place
from aegis.record import StoredRecord
from aegis.stamp import Rank
from batch.reach import Partition


class Reason(StrEnum):
    """Why a tombstone is kept."""

    YOUNG = "younger than asked for"
    STRANGE_PLACE = "the log has no such place: its topic was made anew"
    IN_LOG = "the log still has its delete, and may have what is older"
    OLDER_IN_LOG = "the log still has messages that are older"
    GROUP_BEHIND = "a group has not yet read its delete"
    CAPTURE_BEHIND = "the connector's stored offset has not passed its delete"
    SNAPSHOT = "a snapshot is under way"
    CORRECTED = "the log still has a correction of its key"


class Mentions(Protocol):
    """Rows by table and key; saying yes too often is safe."""

    def __contains__(self, row: tuple[str, str], /) -> bool:
        """Whether the row is among them."""
        ...


@dataclass(frozen=True, slots=True)
class LogView:
    """What the log, its readers and its writer say of themselves."""

    partitions: Mapping[Place, Partition]
    """Of every topic that a derived store reads."""
    committed: Mapping[str, Mapping[Place, int]]
    """Group → place → committed offset."""
    readers: Mapping[str, Collection[str]]
    """Topic → groups that must have read it."""
    stored_lsn: int | None
    """Debezium's stored source offset."""
    captured_until: datetime | None
    """Everything that was committed in PostgreSQL before this is in the log; None: not known."""
    snapshot_pending: bool
    corrected: Mentions
    """Rows of which `aegis.corrections` still has a correction that writes."""


def is_of_a_delete(stored: StoredRecord) -> bool:
    """Whether it is the tombstone of a delete, and readers see nothing of it. Rows that are withdrawn have tombstones of other ranks, which stay."""
    return stored.content is None and stored.stamp.rank is Rank.DELETE


def may_go(tombstone: StoredRecord, log: LogView, before: datetime) -> Reason | None:
    """None where `tombstone`, applied before `before`, has nothing left to keep out; why not, otherwise.

    A delete was published before it was applied, so whatever the log took in after `applied_at` is younger than the delete.
    """
    if tombstone.applied_at >= before:
        return Reason.YOUNG
    place, offset = (tombstone.position.topic, tombstone.position.partition), tombstone.position.offset
    partition = log.partitions.get(place)
    if partition is None or offset >= partition.end:
        return Reason.STRANGE_PLACE
    if offset >= partition.beginning:
        return Reason.IN_LOG
    topics = (table_topic(tombstone.table), CORRECTIONS_TOPIC)
    if any(_has_older(one, tombstone.applied_at) for one in log.partitions.values() if one.place[0] in topics):
        return Reason.OLDER_IN_LOG
    if any(log.committed.get(group, {}).get(place, 0) <= offset for group in log.readers.get(place[0], ())):
        return Reason.GROUP_BEHIND
    if not _captured(tombstone, log):
        return Reason.CAPTURE_BEHIND
    if log.snapshot_pending:
        return Reason.SNAPSHOT
    return Reason.CORRECTED if (tombstone.table, tombstone.key) in log.corrected else None


def _has_older(partition: Partition, moment: datetime) -> bool:
    """Whether the partition has a message of `moment` or before, as far as its earliest tells; one without a time is taken for old."""
    return partition.beginning < partition.end and (partition.first_at is None or partition.first_at <= moment)


def _captured(tombstone: StoredRecord, log: LogView) -> bool:
    """A tombstone that a correction made has no place in the WAL: then all that was committed before it was applied must be in the log."""
    if tombstone.position.lsn is not None:
        return log.stored_lsn is not None and log.stored_lsn > tombstone.position.lsn
    return log.captured_until is not None and log.captured_until > tombstone.applied_at
