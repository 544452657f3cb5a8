"""The stamp: what decides, for every derived record, whether an incoming write wins (design, the one rule)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

VERSION_LIMIT = 2**61
"""Versions stay below this, so that a packed stamp fits a signed 64-bit integer."""


class Rank(IntEnum):
    """Order of writes that carry the same version. A delete outranks all: what was compensated or repaired at *v* and then deleted is gone."""

    UPSERT = 0
    COMPENSATION = 1
    REPAIR = 2
    DELETE = 3


@dataclass(frozen=True, order=True, slots=True)
class Stamp:
    """Version of the row (from PostgreSQL's one sequence) and rank; a store writes if and only if the incoming stamp >= the stored one."""

    version: int
    rank: Rank

    def __post_init__(self) -> None:
        if not 0 < self.version < VERSION_LIMIT:
            raise ValueError(f"version {self.version} is outside 1..2**61-1: no row of PostgreSQL can have drawn it")

    @property
    def packed(self) -> int:
        """The stamp as one signed 64-bit integer, in the same order: `version * 4 + rank`."""
        return self.version * 4 + self.rank

    @classmethod
    def unpack(cls, packed: int) -> Stamp:
        """The stamp that `packed` stands for. Raises ValueError for an integer that is no stamp."""
        version, rank = divmod(packed, 4)
        return cls(version, Rank(rank))

    def __str__(self) -> str:
        return f"{self.version}/{self.rank.name.lower()}"
