"""Percentages in Korean writing: 2.5%, 2.0~3.5%, 1.5%p, 30퍼센트. Pure grammar, without the meaning of a percentage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"\d{1,3}+(?:\.\d{1,4}+)?+"
_PERCENT = re.compile(
    rf"(?<!\d)(?<!\d[.,])(?P<low>{_NUMBER})(?:(?: ?%)?+ {{0,2}}[~-] {{0,2}}(?:연 {{0,2}})?+(?P<high>{_NUMBER}))?"
    r" {0,2}(?:%|퍼센트|프로(?![가-힣]))(?P<point>[pP]|포인트)?"
)


@dataclass(frozen=True, slots=True)
class Percent:
    """One percentage, or a range of two, and its place."""

    start: int
    end: int
    low: Decimal
    high: Decimal
    is_points: bool
    """Whether it is stated in percentage points: a difference, never a rate."""


def percents(text: str) -> Iterator[Percent]:
    """Every percentage in folded `text`, in order, none overlapping."""
    for match in _PERCENT.finditer(text):
        low = Decimal(match["low"])
        high = Decimal(match["high"] or match["low"])
        yield Percent(match.start(), match.end(), min(low, high), max(low, high), bool(match["point"]))
