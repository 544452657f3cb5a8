"""`business_rules` → `(:BusinessRule)-[:GOVERNS]->(:Policy)`."""

from __future__ import annotations

from aegis.projections.shapes import EdgeType, GraphLabel, Projection
from aegis.record import Content
from aegis.rows.business_rule import BusinessRule

LABEL = GraphLabel(
    label="BusinessRule",
    record_label="BusinessRuleRecord",
    key="rule_id",
    edges=(EdgeType("GOVERNS", "PolicyRecord", "policy_id"),),
)


def project(row: BusinessRule) -> Content | None:
    """A rule's columns; the policies that it governs as edges, which may point at policies that have not arrived yet."""
    properties = row.model_dump(mode="json", exclude={"policy_ids"})
    return {
        "properties": {name: value for name, value in properties.items() if value is not None},
        "edges": {"GOVERNS": [{"policy_id": policy_id} for policy_id in dict.fromkeys(row.policy_ids)]},
    }


PROJECTION = Projection(LABEL, project)
