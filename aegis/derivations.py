"""The map of the system: which captured table becomes what in which derived store.

Stream apps, reconciliation, replay, the CLI and the docs all read this list. A new table is its SQL, one row model, its projections and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from aegis.change import Change, Image
from aegis.errors import STORE_CODES, ChangeRejected
from aegis.projections import (
    business_rules_elasticsearch,
    business_rules_neo4j,
    business_rules_redis,
    policies_elasticsearch,
    policies_milvus,
    policies_neo4j,
    policies_redis,
    users_neo4j,
    users_redis,
)
from aegis.projections.shapes import Projection, Shape
from aegis.record import Content, Record
from aegis.rows.business_rule import BusinessRule
from aegis.rows.policy import Policy
from aegis.rows.types import Row
from aegis.rows.user import User

STORES = ("milvus", "neo4j", "elasticsearch", "redis")
"""The derived stores, in the order in which people are shown them."""


STORE_ROLES = {"vector": "milvus", "graph": "neo4j", "search": "elasticsearch", "cache": "redis"}
"""What a derived store is for → its name; commands take either."""


@dataclass(frozen=True, slots=True)
class CapturedTable:
    """A table whose WAL is captured, and what it becomes."""

    name: str
    key: str
    """The primary-key column."""
    row: type[Row]
    projections: Mapping[str, Projection]
    """Store → projection."""

    def shape(self, store: str) -> Shape:
        """The shape of this table's records in `store`. Raises KeyError where the table has no projection into it."""
        return self.projections[store].shape


CAPTURED = {
    table.name: table
    for table in (
        CapturedTable(
            "policies",
            "policy_id",
            Policy,
            {
                "milvus": policies_milvus.PROJECTION,
                "neo4j": policies_neo4j.PROJECTION,
                "elasticsearch": policies_elasticsearch.PROJECTION,
                "redis": policies_redis.PROJECTION,
            },
        ),
        CapturedTable("users", "user_id", User, {"neo4j": users_neo4j.PROJECTION, "redis": users_redis.PROJECTION}),
        CapturedTable(
            "business_rules",
            "rule_id",
            BusinessRule,
            {
                "neo4j": business_rules_neo4j.PROJECTION,
                "elasticsearch": business_rules_elasticsearch.PROJECTION,
                "redis": business_rules_redis.PROJECTION,
            },
        ),
    )
}
"""Captured tables by name."""


def shapes(store: str) -> dict[str, Shape]:
    """Table → shape, for every table that has a projection into `store`."""
    return {table.name: table.shape(store) for table in CAPTURED.values() if store in table.projections}


def project(table: str, store: str, image: Image) -> Content | None:
    """What `store` shall hold for the row `image` of `table`. Raises `ChangeRejected` naming key, field and remedy where the row is no row of that table."""
    captured = CAPTURED[table]
    try:
        row = captured.row.model_validate(image)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "(row)"
        raise ChangeRejected(
            STORE_CODES[store],
            f"{table} {image.get(captured.key)}: field {field}: {first['msg']}; make the row model in aegis/rows agree with the table, or mend the row",
        ) from error
    return captured.projections[store](row)


def derive(change: Change, store: str) -> Record | None:
    """The record that `change` makes in `store`; None where the table has no projection into it. Raises `ChangeRejected` as `project` does."""
    if store not in CAPTURED[change.table].projections:
        return None
    content = None if change.after is None else project(change.table, store, change.after)
    return Record(change.table, change.key, change.stamp, content, change.position)
