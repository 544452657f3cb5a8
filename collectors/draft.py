"""A draft: one portal record as a row of `policies` to be, and the problems of a record that cannot be one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from aegis.codes import INDUSTRY_SECTIONS, SIDO
from aegis.errors import Code
from aegis.fixes import Fix

NAMESPACE = UUID("6f0a8c1e-5d0b-5b7e-9d0a-3f1f6b2f9c41")
"""Names policies by (source, source_id). Never change it: a deleted and re-inserted record has to come back under the same key."""

SOURCE_ID = r"[A-Za-z0-9_\-]{1,100}"
"""The portals' identifiers are letters, digits, - and _; anything else (a masked "B010-****-****") is shared by several records."""
MOST_BYTES = 2_000_000
"""What a row of policies may have, by its constraint row_fits_the_log."""
_OF_A_LIST = 24
"""Bytes that PostgreSQL adds to a list, and at most to each of its texts."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Day = Annotated[date, Field(ge=date(1900, 1, 1))]
Won = Annotated[int, Field(ge=0, le=10**16)]


def policy_id(source: str, source_id: str) -> str:
    """The primary key of a portal's record: the same for ever, on every machine."""
    return str(uuid5(NAMESPACE, f"{source}/{source_id}"))


class PolicyDraft(BaseModel):
    """What a collector writes of one policy. Amounts in won, the interest rate in percent a year, regions and industries as codes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: str
    source_id: Annotated[str, StringConstraints(pattern=f"^{SOURCE_ID}$")]
    title: Name
    content: Annotated[str, StringConstraints(max_length=1_000_000)] = ""
    issuing_organization: Name | None = None
    operating_organization: Name | None = None
    category: Name | None = None
    target_regions: tuple[str, ...] = ()
    target_industries: tuple[str, ...] = ()
    funding_amount_min: Won | None = None
    funding_amount_max: Won | None = None
    interest_rate: Annotated[Decimal, Field(ge=0, le=100)] | None = None
    application_start_date: Day | None = None
    application_end_date: Day | None = None
    application_period_text: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    detail_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+\.[^\s/]+", max_length=2000)] | None = None
    tags: tuple[str, ...] = ()

    @property
    def policy_id(self) -> str:
        """The key under which this draft is stored."""
        return policy_id(self.source, self.source_id)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        start, end = self.application_start_date, self.application_end_date
        if start and end and start > end:
            raise _disagreement("application_end_date", f"the period ends on {end} before it starts on {start}", "have the portal correct the period")
        low, high = self.funding_amount_min, self.funding_amount_max
        if low is not None and high is not None and low > high:
            raise _disagreement("funding_amount_max", f"the most, {high} won, is below the least, {low} won", "have the portal correct the amounts")
        if unknown := [code for code in self.target_regions if code not in SIDO]:
            raise _disagreement("target_regions", f"no region has the code {unknown[0]!r}", "add the code to aegis/codes.py, or mend the portal's mapping")
        if unknown := [code for code in self.target_industries if code not in INDUSTRY_SECTIONS]:
            raise _disagreement("target_industries", f"no industry has the code {unknown[0]!r}", "add the code to aegis/codes.py, or mend the portal's mapping")
        return self

    @model_validator(mode="after")
    def _fits_the_log(self) -> Self:
        texts = (self.title, self.content, self.source_id, self.issuing_organization, self.operating_organization, self.category)
        lists = (self.tags, self.target_regions, self.target_industries)
        size = sum(len((text or "").encode()) for text in (*texts, self.application_period_text, self.detail_url))
        size += sum(_OF_A_LIST + sum(len(each.encode()) + _OF_A_LIST for each in values) for values in lists)
        if size > MOST_BYTES:
            raise _disagreement("content", f"its texts have {size:,} bytes together, more than {MOST_BYTES:,}", "have the portal shorten them")
        return self


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record is no policy."""

    code: Code
    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.code} {self.field}: {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Document:
    """One record as received. Two records with equal `content_hash` say the same, whatever their view counters count."""

    source: str
    source_id: str
    """Empty where the record has none that could be read."""
    content_hash: str
    body: str
    """The record's JSON text."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that passed basic validation."""

    draft: PolicyDraft
    document: Document
    fixes: tuple[Fix, ...] = ()
    """What was put right before the draft was validated."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record for the quarantine."""

    problems: tuple[Problem, ...]
    document: Document


Outcome = Accepted | Rejected
Fields = Mapping[str, Any]
"""Draft field → value, as a portal's mapping makes it."""


def _disagreement(field: str, reason: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("disagreement", "{reason}", {"field": field, "reason": reason, "remedy": remedy})
