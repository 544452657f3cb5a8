"""`business_rules` → document."""

from __future__ import annotations

from aegis.projections.shapes import Projection, SearchIndex
from aegis.record import Content
from aegis.rows.business_rule import BusinessRule

_KEYWORD = {"type": "keyword"}
_KOREAN = {"type": "text", "analyzer": "korean"}

INDEX = SearchIndex(
    alias="business_rules",
    properties={
        "rule_id": _KEYWORD,
        "name": _KOREAN,
        "description": _KOREAN,
        "rule_type": _KEYWORD,
        "condition": {"type": "keyword", "index": False, "doc_values": False},
        "policy_ids": _KEYWORD,
        "priority": {"type": "integer"},
        "is_active": {"type": "boolean"},
        "created_at": {"type": "date"},
        "updated_at": {"type": "date"},
        "version": {"type": "long"},
    },
)


def project(row: BusinessRule) -> Content | None:
    """Every column; the condition stays JSON text, so that rules of any shape share one mapping."""
    return row.model_dump(mode="json")


PROJECTION = Projection(INDEX, project)
