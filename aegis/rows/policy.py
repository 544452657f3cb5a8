"""A row of `policies`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from aegis.rows.types import Day, Row, Texts

STATED = (
    "content",
    "issuing_organization",
    "operating_organization",
    "category",
    "target_regions",
    "target_industries",
    "funding_amount_min",
    "funding_amount_max",
    "interest_rate",
    "application_start_date",
    "application_end_date",
    "application_period_text",
    "detail_url",
    "tags",
)
"""Columns that a source states, or leaves empty."""


class Policy(Row):
    """A public support policy. Amounts are in won, the interest rate in percent a year."""

    policy_id: str
    source: str
    source_id: str
    title: str
    content: str = ""
    issuing_organization: str | None = None
    operating_organization: str | None = None
    category: str | None = None
    target_regions: Texts = ()
    target_industries: Texts = ()
    funding_amount_min: int | None = None
    funding_amount_max: int | None = None
    interest_rate: Decimal | None = None
    application_start_date: Day | None = None
    application_end_date: Day | None = None
    application_period_text: str | None = None
    detail_url: str | None = None
    tags: Texts = ()
    status: str
    quality_score: Decimal | None = None
    is_active: bool = True
    created_at: datetime
    updated_at: datetime

    @property
    def is_published(self) -> bool:
        """Whether derived stores show this policy: rejected and archived ones are in none."""
        return self.status in {"pending_validation", "active"}
