"""What a comparison finds: a key at which a derived store is not what PostgreSQL says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DriftClass(StrEnum):
    """What is wrong with a record."""

    MISSING = "missing"
    """The row is there, the record is not; or the tombstone of a withdrawn row is not; or it is there without readable bookkeeping."""
    ORPHAN = "orphan"
    """There is no row, and a record that no delete took away."""
    STALE = "stale"
    """The record has an older version than the row."""
    CONTENT_DIFFERS = "content_differs"
    """The version is right and what is stored at it is not."""
    DUPLICATE = "duplicate"
    """Something else stands beside the record under the same key."""
    DANGLING = "dangling"
    """A placeholder that no row and no edge of a live record stands for."""
    HELD = "held"
    """Some store rejected this version: left alone until it is retried."""
    AHEAD_OF_TRUTH = "ahead_of_truth"
    """The stamp is above the row's, as after a restore of PostgreSQL, or no row can have drawn it."""
    UNSETTLED = "unsettled"
    """Changed each time it was looked at: traffic, no drift."""

    @property
    def is_drift(self) -> bool:
        """Whether it is to be repaired."""
        return self not in {DriftClass.HELD, DriftClass.UNSETTLED}


class Repair(StrEnum):
    """What a repair asks for, after what it asks the store to forget."""

    WRITE = "write"
    """The row's projection at (version of the row, REPAIR)."""
    DELETE = "delete"
    """A delete at the stored version."""
    FORGET = "forget"
    """Nothing but what is forgotten."""
    TOUCH = "touch"
    """A new version of the row, through the log to every store."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong, and what mends it."""

    drift: DriftClass
    repair: Repair | None
    detail: str = ""
    """Names of fields and the like; no contents."""
    forget: tuple[int, ...] = ()
    """Packed stamps to be forgotten first; `NO_STAMP`: what is astray."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement about one key of one store, confirmed against live traffic."""

    store: str
    table: str
    key: str
    judgement: Judgement
    row_version: int | None
    """None: PostgreSQL has no such row."""
    stored_stamp: int | None
    """Packed; None: nothing is stored; 0: no stamp that can be read."""

    @property
    def is_drift(self) -> bool:
        """Whether it is to be repaired."""
        return self.judgement.drift.is_drift
