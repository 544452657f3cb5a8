"""A row of `business_rules`."""

from __future__ import annotations

from datetime import datetime

from aegis.rows.types import Row, Texts


class BusinessRule(Row):
    """A rule over policies. `condition` is JSON text, as the log carries jsonb."""

    rule_id: str
    name: str
    description: str | None = None
    rule_type: str
    condition: str = "{}"
    policy_ids: Texts = ()
    priority: int = 0
    is_active: bool = True
    created_at: datetime
    updated_at: datetime
