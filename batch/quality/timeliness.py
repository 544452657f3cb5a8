"""Timeliness: whether a reader of that day can still use the policy. Pure.

Steps, not a slope: a score that crept down from day to day would change every row every night.
"""

from __future__ import annotations

from datetime import date

from aegis.rows.policy import Policy
from batch.quality.part import Check

JUST_OVER_DAYS = 30
STALE_DAYS = 365


def _timely(row: Policy, on: date) -> float:
    if row.application_end_date is not None:
        over = (on - row.application_end_date).days
        return 1.0 if over <= 0 else 0.5 if over <= JUST_OVER_DAYS else 0.2 if over <= STALE_DAYS else 0.0
    if (on - row.updated_at.date()).days > STALE_DAYS:
        return 0.5
    return 1.0 if row.application_period_text or row.application_start_date else 0.8


TIMELINESS = (
    Check(
        "application_end_date",
        1.0,
        _timely,
        "the period is over, or not known, or nothing of the policy has changed for a year",
        "let the full validation archive it, or look at the source",
    ),
)
"""Open: 1. No period known: 0.8. Untouched for a year without an end: 0.5. Over for at most 30 days: 0.5, a year: 0.2, longer: 0."""
