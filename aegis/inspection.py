"""What a derived store tells a comparison: sums of claims by bucket, and what it holds under each key, whatever wrote it there.

Reading for a comparison takes nothing for granted. A record may lack its bookkeeping (somebody wrote it by hand), carry a stamp that no row ever drew, or stand
beside a second copy of itself; `fetch` leaves such records out, these see them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from aegis.claim import BUCKET_BITS
from aegis.stamp import Rank

BUCKETS = 2**BUCKET_BITS
ASTRAY = -1
"""Stands for the bucket of whatever has no readable bookkeeping, and of copies beside a record."""
NO_STAMP = 0
"""Stands for the stamp of what has none that can be read."""
LOWEST_STAMP = 4
"""The lowest that a row can have: version 1, rank UPSERT."""


class Sum(NamedTuple):
    """One bucket of one table. Tombstones of deletes (rank DELETE, not visible) are not in it; those of withdrawn rows are."""

    records: int
    claims: int
    """Sum of the 32-bit claims."""
    visible: int
    """How many of them readers see; in PostgreSQL, how many rows derived stores shall show."""


NOTHING = Sum(0, 0, 0)


class Listed(NamedTuple):
    """What a store holds under one key, without its content. Of every key one is made: a named tuple takes half the time of a dataclass."""

    key: str
    stamp: int
    """Packed, as stored; `NO_STAMP` where there is none that can be read."""
    visible: bool
    """Whether readers see anything of the key: the record, a stray copy, or edges of a node that is withdrawn."""
    copies: int = 1
    """More than one: strays beside the record, or several strays."""

    @property
    def is_deleted(self) -> bool:
        """Whether it is the tombstone of a delete, and nothing else."""
        return not self.visible and self.stamp >= LOWEST_STAMP and self.stamp % 4 == Rank.DELETE


class Kept(Protocol):
    """What a reading of everything came by, in files."""

    def listing(self, buckets: Collection[int]) -> Iterator[Listed]:
        """What `Store.listing` would have told at the time of the reading, as often as it is asked for; the store is not asked."""

    def close(self) -> None:
        """Give the files back; again does nothing. They are also gone when nobody has this any more."""


@dataclass(frozen=True, slots=True)
class Sums:
    """All buckets of one table. Buckets without records may be missing."""

    buckets: Mapping[int, Sum] = field(default_factory=dict)
    highest: int = NO_STAMP
    """The highest packed stamp of all, tombstones included."""
    kept: Kept | None = field(default=None, compare=False)
    """What was listed on the way, where the engine sums nothing and every record had to be read."""

    @property
    def records(self) -> int:
        """Records in all buckets."""
        return sum(one.records for one in self.buckets.values())


def differing(truth: Sums, stored: Sums) -> list[int]:
    """Buckets that are not equal, ascending; `ASTRAY` first where the store holds anything astray."""
    buckets = truth.buckets.keys() | stored.buckets.keys()
    return sorted(bucket for bucket in buckets if truth.buckets.get(bucket, NOTHING) != stored.buckets.get(bucket, NOTHING))
