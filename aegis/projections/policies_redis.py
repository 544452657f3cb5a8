"""`policies` → the policy as JSON under `policy:{policy_id}`."""

from __future__ import annotations

from aegis.projections.shapes import CacheKeyspace, Projection
from aegis.record import Content
from aegis.rows.policy import Policy

KEYSPACE = CacheKeyspace(prefix="policy:", generation="policies:generation")


def project(row: Policy) -> Content | None:
    """Every column of a published policy; decimals as text, so that no digit is lost."""
    return row.model_dump(mode="json") if row.is_published else None


PROJECTION = Projection(KEYSPACE, project)
