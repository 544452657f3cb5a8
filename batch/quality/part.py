"""A part of the quality score: a weighted share of checks that a policy passes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from aegis.rows.policy import Policy


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part is below 1, and what would mend it."""

    part: str
    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a policy."""

    field: str
    weight: float
    share: Callable[[Policy, date], float | None]
    """How well the policy passes on that day, 0 to 1; None where the question does not arise."""
    reason: str
    remedy: str


def weighed(part: str, checks: Sequence[Check], row: Policy, on: date) -> tuple[float, list[Reason]]:
    """The weighted share of the checks that arise, 1 where none does, and a reason for each that is not fully passed."""
    asked = passed = 0.0
    reasons: list[Reason] = []
    for check in checks:
        share = check.share(row, on)
        if share is None:
            continue
        asked += check.weight
        passed += check.weight * share
        if share < 1:
            reasons.append(Reason(part, check.field, check.reason, check.remedy))
    return (passed / asked if asked else 1.0), reasons
