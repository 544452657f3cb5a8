"""`policies` → `(:Policy)` with edges to who issues it, and to the regions and industries that it is for."""

from __future__ import annotations

from aegis.codes import industry_name, region_name
from aegis.projections.shapes import EdgeType, GraphLabel, Projection
from aegis.record import Content
from aegis.rows.policy import Policy

LABEL = GraphLabel(
    label="Policy",
    record_label="PolicyRecord",
    key="policy_id",
    edges=(
        EdgeType("ISSUED_BY", "Organization", "name"),
        EdgeType("TARGETS_REGION", "Region", "code"),
        EdgeType("TARGETS_INDUSTRY", "Industry", "code"),
    ),
)

_IN_EDGES_OR_ELSEWHERE = {"content", "target_regions", "target_industries"}


def project(row: Policy) -> Content | None:
    """A published policy's short columns as properties; its full text is in the search index. Decimals as numbers, dates in ISO 8601."""
    if not row.is_published:
        return None
    properties = row.model_dump(mode="json", exclude=_IN_EDGES_OR_ELSEWHERE)
    properties |= {
        "interest_rate": None if row.interest_rate is None else float(row.interest_rate),
        "quality_score": None if row.quality_score is None else float(row.quality_score),
    }
    return {
        "properties": {name: value for name, value in properties.items() if value is not None},
        "edges": {
            "ISSUED_BY": [{"name": row.issuing_organization}] if row.issuing_organization else [],
            "TARGETS_REGION": [{"code": code, "name": region_name(code)} for code in dict.fromkeys(row.target_regions)],
            "TARGETS_INDUSTRY": [{"code": code, "name": industry_name(code)} for code in dict.fromkeys(row.target_industries)],
        },
    }


PROJECTION = Projection(LABEL, project)
