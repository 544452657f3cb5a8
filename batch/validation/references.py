"""Codes of regions and industries held against the lists: today's, and those that were in use before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from aegis.errors import Code
from aegis.references import industries, regions
from aegis.rows.policy import Policy
from batch.validation.reason import Reason, Severity


def todays(row: Policy) -> dict[str, Any]:
    """Columns with codes that have a successor, with the successor instead."""
    places = tuple(dict.fromkeys(regions.today(code) for code in row.target_regions))
    trades = tuple(dict.fromkeys(_trade(code) for code in row.target_industries))
    changed = {"target_regions": places, "target_industries": trades}
    return {name: codes for name, codes in changed.items() if codes != getattr(row, name)}


def unknown(row: Policy, on: date) -> tuple[Reason, ...]:
    """What names no region or industry: rejected where no list ever had it, a note where one had, or has it on another day than `on`."""
    places = [code for code in row.target_regions if not regions.REGIONS.has(code[: regions.PROVINCE_DIGITS])]
    trades = [code for code in row.target_industries if industries.section(code) is None]
    old_places = [code for code in row.target_regions if code not in places and not regions.is_known(code, on)]
    old_trades = [code for code in row.target_industries if code not in trades and not industries.is_known(code, on)]
    return (
        *_reasons("target_regions", "no region has, or had, the code", places, Severity.REJECT),
        *_reasons("target_industries", "no industry has, or had, the code", trades, Severity.REJECT),
        *_reasons("target_regions", f"no region has on {on} the code", old_places, Severity.NOTE),
        *_reasons("target_industries", f"no industry has on {on} the code", old_trades, Severity.NOTE),
    )


def _trade(code: str) -> str:
    """Groups and classes keep their digits: what became of them, the list of divisions does not say."""
    return (industries.successor(code) or code) if len(code) <= industries.DIVISION_DIGITS else code


def _reasons(field: str, fault: str, codes: Sequence[str], severity: Severity) -> tuple[Reason, ...]:
    if not codes:
        return ()
    remedy = "mend the source's mapping, or add the code to the list in aegis/references"
    return (Reason(Code.VALIDATION_FAILED, field, f"{fault} {', '.join(codes[:5])}", remedy, f"{field}_are_known", severity),)
