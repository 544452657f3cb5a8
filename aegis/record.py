"""What a derived store is asked to write, and what it answers when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from aegis.claim import Claim, claim_of
from aegis.errors import ChangeRejected
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp

Content = Mapping[str, Any]
"""What a projection makes of a row, in the shape that its store declares."""


@dataclass(frozen=True, slots=True)
class Record:
    """One derived record on its way into a store. `content` None makes a tombstone: readers no longer see the key, its stamp stays."""

    table: str
    key: str
    stamp: Stamp
    content: Content | None
    position: SourcePosition

    @property
    def claim(self) -> Claim:
        """Bucket and claim that the store keeps beside the content."""
        return claim_of(self.key, self.stamp.version)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record as a store holds it: content as it was written (None: tombstone) and the fields that every record carries."""

    table: str
    key: str
    stamp: Stamp
    content: Content | None
    position: SourcePosition
    applied_at: datetime
    claim: Claim

    @property
    def half_deleted(self) -> bool:
        """Whether readers still see a record that has the stamp of a delete: Milvus writes the tombstone first, then takes the record away."""
        return self.stamp.rank is Rank.DELETE and self.content is not None


class Verdict(StrEnum):
    """A store's answer for one record. Applied and stale are both success."""

    APPLIED = "applied"
    STALE = "stale"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdict for one record, with the reason where it was rejected."""

    verdict: Verdict
    reason: ChangeRejected | None = None


APPLIED = Outcome(Verdict.APPLIED)
STALE = Outcome(Verdict.STALE)


def rejected(reason: ChangeRejected) -> Outcome:
    """The outcome for a record that can never be stored as it is."""
    return Outcome(Verdict.REJECTED, reason)
