"""A cluster: rows that are one policy, the row that speaks for them, and for each other row why it is there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """A row that says what the canonical row says."""

    policy_id: str
    score: float
    """How alike it is to `alike_to`, 0 to 1."""
    alike_to: str
    """The row of the cluster that it was held against: the canonical one, or another member."""
    explanation: str
    """Why, in words: no contents beyond titles and names of organisations."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Two rows or more that are one policy."""

    canonical: str
    """policy_id of the row that speaks for the others."""
    reason: str
    """Why this one, in words."""
    members: tuple[Member, ...]
    """The others, in order of their keys; never the canonical row."""

    @property
    def keys(self) -> frozenset[str]:
        """policy_id of every row of it."""
        return frozenset((self.canonical, *(member.policy_id for member in self.members)))
