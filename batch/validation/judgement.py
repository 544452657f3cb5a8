"""The judgement of one policy: active, rejected or archived, and why. Pure.

In this order: a broken rule rejects; a period that has been over for a month archives; a quality score below the threshold rejects; everything else is active.
A duplicate stays active and names the policy that speaks for it: another source publishes it in its own right, and when the canonical one goes, this one
must still be there. Whoever shows policies folds duplicates by the judgement's `canonical_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aegis.errors import Code
from aegis.rows.policy import Policy
from batch.quality.score import THRESHOLD, Score, score
from batch.validation.filling import Filled, Filling, filling, stated
from batch.validation.reason import Reason, Severity
from batch.validation.references import unknown

ARCHIVED_AFTER = timedelta(days=30)
"""A policy stays to be seen for so long after its period: results and extensions are looked up."""
COLUMNS = (
    "funding_amount_min",
    "funding_amount_max",
    "interest_rate",
    "application_start_date",
    "application_end_date",
    "target_regions",
    "target_industries",
)
"""What a judgement may fill in, beside status, is_active and quality_score."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """That a policy is a duplicate."""

    canonical_id: str
    explanation: str
    disagreements: tuple[Reason, ...] = ()
    """What its source and the canonical one's say differently."""


@dataclass(frozen=True, slots=True)
class Case:
    """A policy that is to be judged, read."""

    row: Policy
    """As PostgreSQL has it."""
    reading: Filling


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided of one version of a policy."""

    policy_id: str
    version: int
    """Of the row that was judged."""
    status: str
    is_active: bool
    values: Mapping[str, Any]
    """Column of `COLUMNS` → value."""
    score: Score
    reasons: tuple[Reason, ...] = ()
    filled: Filled = field(default_factory=dict)
    was_read: Mapping[str, Any] = field(default_factory=dict)
    canonical_id: str | None = None

    def document(self) -> dict[str, Any]:
        """As the ledger takes it."""
        parts = ("completeness", "accuracy", "consistency", "timeliness")
        return {
            "policy_id": self.policy_id,
            "version": self.version,
            "status": self.status,
            "is_active": self.is_active,
            **self.values,
            **{part: getattr(self.score, part) for part in parts},
            "quality_score": self.score.total,
            "reasons": [reason.document() for reason in self.reasons],
            "filled": self.filled,
            "was_read": self.was_read,
            "canonical_id": self.canonical_id,
        }


def case(row: Policy, filled_before: Filled) -> Case:
    """Read a policy anew; `filled_before`: what the last judgement filled in."""
    return Case(row, filling(stated(row, filled_before)))


def judge(found: Case, violations: tuple[Reason, ...], verdict: Verdict | None, on: date, threshold: float = THRESHOLD) -> Judgement:
    """The judgement of a policy on the day `on`, Korea's. `violations`: of the rules, over the policy as it was read."""
    row = found.reading.row
    scored = score(row.model_copy(update={"status": "active", "is_active": True}), on)
    reasons = (*violations, *unknown(row, on), *_over(row, on), *_duplicate(verdict))
    status = _status(reasons)
    if status == "active" and scored.total < threshold:
        status, reasons = "rejected", (*reasons, *_too_low(scored, threshold))
    return Judgement(
        policy_id=row.policy_id,
        version=found.row.version,
        status=status,
        is_active=_shown(found.row, status),
        values={name: getattr(row, name) for name in COLUMNS},
        score=scored,
        reasons=reasons,
        filled=found.reading.filled,
        was_read=found.reading.was_read,
        canonical_id=verdict.canonical_id if verdict else None,
    )


def spoken_for(found: Judgement, verdict: Verdict | None) -> Judgement:
    """`found`, made of the policy alone, of a policy that another one speaks for: its status stays."""
    return replace(found, reasons=(*found.reasons, *_duplicate(verdict)), canonical_id=verdict.canonical_id) if verdict else found


def disagreements(row: Policy, canonical: Policy) -> tuple[Reason, ...]:
    """What two sources say differently of one policy: neither is believed over the other, so these are notes."""
    found = []
    for name in ("application_start_date", "application_end_date", "funding_amount_max", "interest_rate"):
        one, other = getattr(row, name), getattr(canonical, name)
        if one is not None and other is not None and one != other:
            reason = f"{canonical.source} says {_plain(other)} where {row.source} says {_plain(one)}"
            found.append(Reason(Code.VALIDATION_FAILED, name, reason, "look at both sources", "sources_agree", Severity.NOTE))
    return tuple(found)


def _status(reasons: tuple[Reason, ...]) -> str:
    rejecting = [reason for reason in reasons if reason.severity is Severity.REJECT]
    if not rejecting:
        return "active"
    return "archived" if all(reason.rule == PERIOD_OVER for reason in rejecting) else "rejected"


PERIOD_OVER = "period_is_over"


def _over(row: Policy, on: date) -> tuple[Reason, ...]:
    end = row.application_end_date
    if end is None or end >= on - ARCHIVED_AFTER:
        return ()
    reason = f"the period ended on {end}, more than {ARCHIVED_AFTER.days} days ago"
    return (Reason(Code.VALIDATION_FAILED, "application_end_date", reason, "none needed: a change at its source opens it again", PERIOD_OVER),)


def _duplicate(verdict: Verdict | None) -> tuple[Reason, ...]:
    if verdict is None:
        return ()
    remedy = f"none needed: {verdict.canonical_id} speaks for it"
    return (Reason(Code.DUPLICATE, "policy_id", verdict.explanation, remedy, "duplicates", Severity.NOTE), *verdict.disagreements)


def _too_low(scored: Score, threshold: float) -> tuple[Reason, ...]:
    """One reason for the total, and one for each check that lowered it: those say what to mend."""
    total = Reason(
        Code.QUALITY_TOO_LOW, "quality_score", f"the quality score is {scored.total:.3f}, below {threshold:.3f}", "mend what lowers it", "quality_score"
    )
    return (total, *(Reason(Code.QUALITY_TOO_LOW, each.field, each.reason, each.remedy, f"quality/{each.part}", Severity.NOTE) for each in scored.reasons))


def _shown(row: Policy, status: str) -> bool:
    """Readers see active policies only; one that somebody hid stays hidden, one that an earlier judgement hid comes back."""
    return status == "active" and (row.is_active or row.status in {"archived", "rejected"})


def _plain(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
