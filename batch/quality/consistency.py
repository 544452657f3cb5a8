"""Consistency: what is stated twice is stated alike. Pure."""

from __future__ import annotations

import re
from datetime import date

from aegis.codes import NATIONWIDE, SIDO_BY_NAME
from aegis.rows.policy import Policy
from batch.quality.completeness import SHORT
from batch.quality.part import Check

LONGEST_PERIOD_YEARS = 10
_PREFIX = re.compile(r"\s*\[([^\]]{1,40})\]")
_SEPARATORS = re.compile(r"[ㆍ·,/@・\s]+")
_LETTERS = re.compile(r"\W+")


def _period(row: Policy, _on: date) -> float | None:
    start, end = row.application_start_date, row.application_end_date
    return None if start is None or end is None else float(start <= end and end.year - start.year <= LONGEST_PERIOD_YEARS)


def _amounts(row: Policy, _on: date) -> float | None:
    low, high = row.funding_amount_min, row.funding_amount_max
    return None if low is None or high is None else float(low <= high)


def _said_once(row: Policy, _on: date) -> float:
    """A text that only repeats the title adds nothing to it; one too short to say anything has nothing that could agree."""
    return float(len(row.content) >= SHORT and _LETTERS.sub("", row.content) != _LETTERS.sub("", row.title))


def _regions(row: Policy, _on: date) -> float | None:
    """The title's prefix "[부산]" and the codes name a region in common."""
    match = _PREFIX.match(row.title)
    if match is None or not row.target_regions:
        return None
    named = {SIDO_BY_NAME[name] for name in _SEPARATORS.split(match[1]) if name in SIDO_BY_NAME}
    given = {code[:2] for code in row.target_regions}
    return float(NATIONWIDE in given or NATIONWIDE in named or bool(named & given)) if named else None


def _region_list(row: Policy, _on: date) -> float | None:
    codes = row.target_regions
    if not codes:
        return None
    return float(len(set(codes)) == len(codes) and (NATIONWIDE not in codes or len(codes) == 1))


def _state(row: Policy, _on: date) -> float | None:
    return float(not row.is_active) if row.status in {"archived", "rejected"} and row.is_active else None


CONSISTENCY = (
    Check(
        "content", 0.50, _said_once, f"the text has less than {SHORT} characters, or only repeats the title", "look whether the mapping takes the right field"
    ),
    Check(
        "application_end_date", 0.20, _period, f"the period ends before it starts, or lasts more than {LONGEST_PERIOD_YEARS} years", "look at the source's text"
    ),
    Check("funding_amount_max", 0.15, _amounts, "the most is below the least", "look at the source's text"),
    Check("target_regions", 0.20, _regions, "the title names another region than the codes", "look at the mapping of regions"),
    Check("target_regions", 0.05, _region_list, "a region stands twice, or beside the whole country", "look at the mapping of regions"),
    Check("is_active", 0.05, _state, "an archived or rejected policy is shown to readers", "validate it again"),
)
"""Only what is stated twice is asked; weights are relative."""
