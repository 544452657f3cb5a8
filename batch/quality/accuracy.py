"""Accuracy: what is stated can be true. Pure."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from aegis.codes import INDUSTRY_SECTIONS, SIDO
from aegis.rows.policy import Policy
from batch.quality.completeness import SHORT
from batch.quality.part import Check

FIRST_DAY = date(1990, 1, 1)
MOST_YEARS_AHEAD = 20
LEAST_WON, MOST_WON = 1_000, 10**14
MOST_RATE = Decimal(30)
_NOISE = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6});|</?[a-zA-Z][^>]{0,200}>|�")
_LETTER = re.compile(r"[^\W\d_]")
_URL = re.compile(r"https?://[^\s/]+\.[^\s/]+")
_PLACEHOLDERS = frozenset({"-", "--", ".", "없음", "해당없음", "미정", "테스트", "test", "null", "none", "n/a", "undefined"})


def _says(text: str, least: int) -> bool:
    return len(text) >= least and text.strip().lower() not in _PLACEHOLDERS and bool(_LETTER.search(text))


def _clean(row: Policy, _on: date) -> float:
    return float(not _NOISE.search(row.title) and not _NOISE.search(row.content))


def _organization(row: Policy, _on: date) -> float:
    name = row.issuing_organization
    return float(name is not None and _says(name, 2))


def _days(row: Policy, on: date) -> float | None:
    days = [day for day in (row.application_start_date, row.application_end_date) if day is not None]
    return float(all(day >= FIRST_DAY and day.year <= on.year + MOST_YEARS_AHEAD for day in days)) if days else None


def _amounts(row: Policy, _on: date) -> float | None:
    # 0 won as the least is how sources say "up to": it is no statement of an amount.
    amounts = [amount for amount in (row.funding_amount_min or None, row.funding_amount_max) if amount is not None]
    return float(all(LEAST_WON <= amount <= MOST_WON for amount in amounts)) if amounts else None


def _rate(row: Policy, _on: date) -> float | None:
    return None if row.interest_rate is None else float(0 <= row.interest_rate <= MOST_RATE)


def _codes(row: Policy, _on: date) -> float | None:
    if not row.target_regions and not row.target_industries:
        return None
    return float(all(code[:2] in SIDO for code in row.target_regions) and all(code in INDUSTRY_SECTIONS or code.isdecimal() for code in row.target_industries))


LOOK = "look at the record at its source"
ACCURACY = (
    Check("title", 0.15, lambda row, _on: float(_says(row.title, 4)), "the title has less than 4 characters, or stands in for one", LOOK),
    Check("content", 0.40, lambda row, _on: float(_says(row.content, SHORT)), f"the text says nothing: less than {SHORT} characters, or a placeholder", LOOK),
    Check("issuing_organization", 0.15, _organization, "no organisation vouches for it by its name", LOOK),
    Check("content", 0.10, _clean, "markup, entities or broken characters are left in title or text", "see `aegis quality fixes list`; look at the mapping"),
    Check("detail_url", 0.05, lambda row, _on: float(bool(_URL.match(row.detail_url))) if row.detail_url else None, "this is no http(s) address", LOOK),
    Check("application_end_date", 0.05, _days, f"a day before {FIRST_DAY.year} or more than {MOST_YEARS_AHEAD} years ahead", LOOK),
    Check("funding_amount_max", 0.10, _amounts, f"an amount outside of {LEAST_WON:,} to {MOST_WON:,} won", "look at the unit in the source's text"),
    Check("interest_rate", 0.05, _rate, f"a rate above {MOST_RATE} percent a year", "look at the unit in the source's text"),
    Check("target_regions", 0.05, _codes, "a region or an industry that no list of codes knows", "see aegis/codes.py, or mend the mapping"),
)
"""What cannot be judged (no amount, no day, no address) is left out of the share; an absent text or organisation is not: nothing vouches for the rest then."""
