"""Codes of regions and industries held against the lists: today's, and those that were in use before. Pure."""

from __future__ import annotations

from typing import Any

from aegis.codes import SIDO
from aegis.errors import Code
from aegis.references.industries import section
from aegis.references.regions import today
from aegis.rows.policy import Policy
from batch.validation.reason import Reason, Severity


def todays(row: Policy) -> dict[str, Any]:
    """Columns with codes that have a successor, with the successor instead."""
    regions = tuple(dict.fromkeys(today(code) for code in row.target_regions))
    return {"target_regions": regions} if regions != row.target_regions else {}


def unknown(row: Policy) -> tuple[Reason, ...]:
    """What names no region or industry that any list has."""
    regions = [code for code in row.target_regions if code[:2] not in SIDO]
    industries = [code for code in row.target_industries if section(code) is None]
    return (*_reasons("target_regions", "region", regions), *_reasons("target_industries", "industry", industries))


def _reasons(field: str, what: str, codes: list[str]) -> tuple[Reason, ...]:
    if not codes:
        return ()
    reason = f"no {what} has, or had, the code {', '.join(codes[:5])}"
    return (Reason(Code.VALIDATION_FAILED, field, reason, "mend the source's mapping, or add the code to the list", f"{field}_are_known", Severity.REJECT),)
