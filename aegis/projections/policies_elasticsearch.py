"""`policies` → full-text document."""

from __future__ import annotations

from aegis.projections.shapes import Projection, SearchIndex
from aegis.record import Content
from aegis.rows.policy import Policy

_KEYWORD = {"type": "keyword"}
_KOREAN = {"type": "text", "analyzer": "korean"}

INDEX = SearchIndex(
    alias="policies",
    properties={
        "policy_id": _KEYWORD,
        "source": _KEYWORD,
        "source_id": _KEYWORD,
        "title": {**_KOREAN, "fields": {"raw": {"type": "keyword", "ignore_above": 512}}},
        "content": _KOREAN,
        "issuing_organization": {**_KOREAN, "fields": {"raw": {"type": "keyword", "ignore_above": 512}}},
        "operating_organization": {**_KOREAN, "fields": {"raw": {"type": "keyword", "ignore_above": 512}}},
        "category": _KEYWORD,
        "target_regions": _KEYWORD,
        "target_industries": _KEYWORD,
        "funding_amount_min": {"type": "long"},
        "funding_amount_max": {"type": "long"},
        "interest_rate": {"type": "double"},
        "application_start_date": {"type": "date", "format": "strict_date"},
        "application_end_date": {"type": "date", "format": "strict_date"},
        "application_period_text": _KOREAN,
        "detail_url": {"type": "keyword", "index": False, "doc_values": False},
        "tags": _KEYWORD,
        "status": _KEYWORD,
        "quality_score": {"type": "double"},
        "is_active": {"type": "boolean"},
        "created_at": {"type": "date"},
        "updated_at": {"type": "date"},
        "version": {"type": "long"},
    },
)


def project(row: Policy) -> Content | None:
    """Every column of a published policy; decimals as numbers, dates in ISO 8601."""
    if not row.is_published:
        return None
    return {
        **row.model_dump(mode="json"),
        "interest_rate": None if row.interest_rate is None else float(row.interest_rate),
        "quality_score": None if row.quality_score is None else float(row.quality_score),
    }


PROJECTION = Projection(INDEX, project)
