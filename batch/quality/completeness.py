"""Completeness: what a reader needs of a policy is there. Pure."""

from __future__ import annotations

from datetime import date

from aegis.rows.policy import Policy
from batch.quality.part import Check

SHORT, ENOUGH = 20, 40
"""Characters: content below the first says nothing, from the second on it says what is supported (99 of 100 recorded ones are longer)."""


def _content(row: Policy, _on: date) -> float:
    length = len(row.content)
    return 1.0 if length >= ENOUGH else 0.5 if length >= SHORT else 0.0


def _period(row: Policy, _on: date) -> float:
    return float(bool(row.application_start_date or row.application_end_date or row.application_period_text))


def _money(row: Policy, _on: date) -> float:
    return float(row.funding_amount_max is not None or row.funding_amount_min is not None or row.interest_rate is not None)


FILL_IN = "have the source fill it in, or look whether the mapping misses it"
COMPLETENESS = (
    Check("title", 0.15, lambda row, _on: float(bool(row.title.strip())), "there is no title", FILL_IN),
    Check("content", 0.30, _content, f"the text has less than {ENOUGH} characters", FILL_IN),
    Check("issuing_organization", 0.15, lambda row, _on: float(bool(row.issuing_organization)), "the organisation is not stated", FILL_IN),
    Check("category", 0.10, lambda row, _on: float(bool(row.category)), "the field of support is not stated", FILL_IN),
    Check("application_period_text", 0.10, _period, "no application period is stated, as days or as text", FILL_IN),
    Check("target_regions", 0.05, lambda row, _on: float(bool(row.target_regions)), "the regions are not known", FILL_IN),
    Check("detail_url", 0.05, lambda row, _on: float(bool(row.detail_url)), "there is no address of the policy's page", FILL_IN),
    Check("funding_amount_max", 0.05, _money, "neither an amount nor a rate is known", "look whether the text states one"),
    Check("tags", 0.05, lambda row, _on: float(bool(row.tags)), "there are no key words", FILL_IN),
)
"""The weights add up to 1: what the policy is and who gives it weigh 0.60, how to place it 0.25, the rest 0.15."""
