"""`users` → `(:User)` with edges to where and in what somebody works."""

from __future__ import annotations

from aegis.codes import industry_name, region_name
from aegis.projections.shapes import EdgeType, GraphLabel, Projection
from aegis.record import Content
from aegis.rows.user import User

LABEL = GraphLabel(
    label="User",
    record_label="UserRecord",
    key="user_id",
    edges=(EdgeType("LIVES_IN", "Region", "code"), EdgeType("WORKS_IN", "Industry", "code")),
)


def project(row: User) -> Content | None:
    """A user's non-personal columns; region and industry as edges."""
    properties = row.model_dump(mode="json", exclude={"region_code", "industry_code"})
    return {
        "properties": {name: value for name, value in properties.items() if value is not None},
        "edges": {
            "LIVES_IN": [{"code": row.region_code, "name": region_name(row.region_code)}] if row.region_code else [],
            "WORKS_IN": [{"code": row.industry_code, "name": industry_name(row.industry_code)}] if row.industry_code else [],
        },
    }


PROJECTION = Projection(LABEL, project)
