"""A row of `users`, without its personal columns: those never leave PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from aegis.rows.types import Row, Texts


class User(Row):
    """Somebody who looks for policies, by what policies are targeted at."""

    user_id: str
    region_code: str | None = None
    industry_code: str | None = None
    business_type: str | None = None
    employee_range: str | None = None
    preferences_tags: Texts = ()
    is_active: bool = True
    created_at: datetime
    updated_at: datetime
