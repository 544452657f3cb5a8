"""`business_rules` → the rule as JSON under `business_rule:{rule_id}`."""

from __future__ import annotations

from aegis.projections.shapes import CacheKeyspace, Projection
from aegis.record import Content
from aegis.rows.business_rule import BusinessRule

KEYSPACE = CacheKeyspace(prefix="business_rule:")


def project(row: BusinessRule) -> Content | None:
    """Every column."""
    return row.model_dump(mode="json")


PROJECTION = Projection(KEYSPACE, project)
