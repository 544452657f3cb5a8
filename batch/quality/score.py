"""The quality score of one policy: four parts, each 0 to 1, and their weighted total. Pure.

    total = 0.40 completeness + 0.25 accuracy + 0.20 consistency + 0.15 timeliness

Completeness weighs most: a policy whose text is missing cannot be judged by its reader, however true the rest is. An empty shell also loses accuracy and
consistency by it, since nothing vouches for what is stated; that keeps it below the threshold of 0.7. Docs: docs/quality.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from aegis.rows.policy import Policy
from batch.quality.accuracy import ACCURACY
from batch.quality.completeness import COMPLETENESS
from batch.quality.consistency import CONSISTENCY
from batch.quality.part import Reason, weighed
from batch.quality.timeliness import TIMELINESS

WEIGHTS = {"completeness": 0.40, "accuracy": 0.25, "consistency": 0.20, "timeliness": 0.15}
THRESHOLD = 0.7
"""Where QUALITY_SCORE_THRESHOLD does not say otherwise."""
_CHECKS = {"completeness": COMPLETENESS, "accuracy": ACCURACY, "consistency": CONSISTENCY, "timeliness": TIMELINESS}


@dataclass(frozen=True, slots=True)
class Score:
    """Shares from 0 to 1, rounded to three places as the column `quality_score` holds them."""

    completeness: float
    accuracy: float
    consistency: float
    timeliness: float
    total: float
    reasons: tuple[Reason, ...]
    """One for each check that is not fully passed, in the order of the parts."""


def score(row: Policy, on: date) -> Score:
    """The score of `row` for a reader of the day `on`. Never raises."""
    reasons: list[Reason] = []
    shares: dict[str, float] = {}
    for part, checks in _CHECKS.items():
        shares[part], found = weighed(part, checks, row, on)
        reasons += found
    total = sum(WEIGHTS[part] * share for part, share in shares.items())
    return Score(**{part: round(share, 3) for part, share in shares.items()}, total=round(min(total, 1.0), 3), reasons=tuple(reasons))
