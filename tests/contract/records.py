"""Records with the real projections' contents, for any store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aegis.derivations import CAPTURED, project
from aegis.position import SourcePosition
from aegis.record import Content, Record
from aegis.stamp import Rank, Stamp
from tests.contract.opened import Opened

COMMITTED = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)

ROWS: dict[str, dict[str, Any]] = {
    "policies": {
        "source": "bizinfo",
        "source_id": "PBLN_000000000118027",
        "title": "2026년 소상공인 정책자금(직접대출) 융자계획 변경 공고",
        "content": "☞ 경영애로를 겪는 소상공인에게 정책자금을 융자합니다.\n- 한도: 업체당 7천만원 이내\n- 금리: 정책자금 기준금리 + 0.6%p",
        "issuing_organization": "중소벤처기업부",
        "operating_organization": "소상공인시장진흥공단",
        "category": "금융",
        "target_regions": ["11", "41"],
        "target_industries": ["C", "G"],
        "funding_amount_min": 10_000_000,
        "funding_amount_max": 70_000_000,
        "interest_rate": "2.96",
        "application_start_date": "2026-01-05",
        "application_end_date": "2026-12-31",
        "application_period_text": "2026.01.05 ~ 예산 소진시까지",
        "detail_url": "https://www.bizinfo.go.kr/web/lay1/bbs/S1T122C128/AS/74/view.do?pblancId=PBLN_000000000118027",
        "tags": ["금융", "서울", "경기", "소상공인"],
        "status": "active",
        "quality_score": "0.875",
        "is_active": True,
    },
    "users": {
        "region_code": "26",
        "industry_code": "I",
        "business_type": "소상공인",
        "employee_range": "1-4",
        "preferences_tags": ["창업", "융자"],
        "is_active": True,
    },
    "business_rules": {
        "name": "청년 창업 우대",
        "description": "만 39세 이하 대표자는 가점 5점",
        "rule_type": "scoring",
        "condition": '{"age": {"lte": 39}, "score": 5}',
        "policy_ids": ["P-1", "P-2"],
        "priority": 10,
        "is_active": True,
    },
}
"""Column → value of an ordinary row, without key, version and times."""


def image(table: str, key: str, version: int, **columns: Any) -> dict[str, Any]:
    """A row of `table` as the log carries it, with `columns` changed."""
    times = {"created_at": "2026-01-02T03:04:05.678901Z", "updated_at": "2026-11-20T23:59:59.000001Z"}
    return {**ROWS[table], **times, CAPTURED[table].key: key, "version": version, **columns}


def position(offset: int = 7) -> SourcePosition:
    """A position with every coordinate."""
    return SourcePosition("aegis.public.policies", 3, offset, 2**40 + offset, 4_000_000_000 + offset, COMMITTED)


def content(opened: Opened, table: str, key: str, version: int, **columns: Any) -> Content | None:
    """What the store's own projection makes of such a row."""
    return project(table, opened.projected_as, image(table, key, version, **columns))


def upsert(opened: Opened, key: str, version: int, *, table: str = "policies", rank: Rank = Rank.UPSERT, **columns: Any) -> Record:
    """The record of a row at a version."""
    return Record(table, key, Stamp(version, rank), content(opened, table, key, version, **columns), position(version))


def tombstone(key: str, version: int, *, table: str = "policies", rank: Rank = Rank.DELETE) -> Record:
    """The record of a deleted or withdrawn row."""
    return Record(table, key, Stamp(version, rank), None, position(version))


def batches(records: Sequence[Record], size: int) -> list[list[Record]]:
    """`records` in their order, cut so that no batch is longer than `size` or names a key twice, as the protocol asks."""
    cut: list[list[Record]] = [[]]
    for record in records:
        if len(cut[-1]) == size or any((record.table, record.key) == (other.table, other.key) for other in cut[-1]):
            cut.append([])
        cut[-1].append(record)
    return cut
