"""Policies made by hand, for tests of what judges them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql

from aegis.rows.policy import Policy

DAY = date(2026, 5, 1)
AT = datetime(2026, 4, 1, tzinfo=UTC)

FULL: dict[str, Any] = {
    "policy_id": "p1",
    "source": "example",
    "source_id": "1",
    "title": "[부산] 청년 창업 지원 사업 공고",
    "content": "부산에서 창업한 지 3년이 지나지 않은 청년 기업에 사업화 자금을 지원합니다. 지원대상: 창업 기업. 신청방법: 온라인 접수",
    "issuing_organization": "부산광역시",
    "operating_organization": "부산테크노파크",
    "category": "창업",
    "target_regions": ("26",),
    "target_industries": ("C",),
    "funding_amount_min": 1_000_000,
    "funding_amount_max": 50_000_000,
    "interest_rate": "2.5",
    "application_start_date": date(2026, 4, 1),
    "application_end_date": date(2026, 5, 31),
    "application_period_text": "2026-04-01 ~ 2026-05-31",
    "detail_url": "https://example.org/p/1",
    "tags": ("창업", "청년"),
    "status": "active",
    "created_at": AT,
    "updated_at": AT,
    "version": 1,
}
"""Everything stated, nothing wrong on `DAY`."""


def policy(**changed: Any) -> Policy:
    """A full policy but for what is `changed`."""
    return Policy.model_validate({**FULL, **changed})


def store(dsn: str, number: int, **changed: Any) -> None:
    """`number` policies, full but for what is changed."""
    with psycopg.connect(dsn) as owner:
        for count in range(number):
            row = {**FULL, "policy_id": f"{changed.get('source', 'example')}-{count}", "source_id": str(count), **changed}
            columns = {name: list(value) if isinstance(value, tuple) else value for name, value in row.items() if name != "version"}
            names, places = (sql.SQL(", ").join(map(made, columns)) for made in (sql.Identifier, sql.Placeholder))
            owner.execute(sql.SQL("INSERT INTO policies ({}) VALUES ({})").format(names, places), columns)
