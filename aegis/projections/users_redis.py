"""`users` → profile as JSON under `user:{user_id}`, without personal data."""

from __future__ import annotations

from aegis.projections.shapes import CacheKeyspace, Projection
from aegis.record import Content
from aegis.rows.user import User

KEYSPACE = CacheKeyspace(prefix="user:")


def project(row: User) -> Content | None:
    """Every non-personal column."""
    return row.model_dump(mode="json")


PROJECTION = Projection(KEYSPACE, project)
