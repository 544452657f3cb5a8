"""What a projection declares about the place that its records live in, one shape per kind of store.

A store's driver creates and writes what the shape says, so that a new table needs a projection and no change of any driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aegis.record import Content
from aegis.rows.types import Row


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Full-text index. Content: the document's fields."""

    alias: str
    """What readers search; shows no tombstones."""
    properties: Mapping[str, Any]
    """Mapping of the content's fields, in Elasticsearch's terms; analyzer `korean` is there to be used."""


@dataclass(frozen=True, slots=True)
class EdgeType:
    """Edges of one type, from a record to nodes that are named by others (a region) or are records themselves (a policy)."""

    type: str
    label: str
    """Label of the node at the other end."""
    key: str
    """Property that identifies it."""


@dataclass(frozen=True, slots=True)
class GraphLabel:
    """Nodes of a graph. Content: `{"properties": {…}, "edges": {type: [{key: …, other properties of the far node}, …]}}`.

    Where an edge ends at another table's records, its label is their record label, so that the far node may arrive later.
    """

    label: str
    """What readers match, e.g. `Policy`; taken off a tombstone."""
    record_label: str
    """What carries the key's constraint and stays on a tombstone, e.g. `PolicyRecord`."""
    key: str
    edges: tuple[EdgeType, ...] = ()


@dataclass(frozen=True, slots=True)
class CacheKeyspace:
    """JSON values by key. Content: the value."""

    prefix: str
    """Readers get `{prefix}{key}`, e.g. `policy:` + policy_id."""
    generation: str | None = None
    """A counter that every applied record of the table raises; caches of lists are valid for one generation."""


@dataclass(frozen=True, slots=True)
class VectorField:
    """A scalar field beside the vector, for filtered search."""

    name: str
    kind: str
    """`text`, `texts` (array), `integer` or `boolean`. No field is null: a projection gives a neutral value instead."""
    max_bytes: int = 1024
    """For `text`, and for each element of `texts`: longer values are cut at a character's boundary."""
    max_items: int = 64


@dataclass(frozen=True, slots=True)
class VectorCollection:
    """Embeddings. Content: `{"text": what is embedded, "fields": {…}}`."""

    name: str
    key: str
    """Name of the primary-key field."""
    fields: tuple[VectorField, ...] = field(default=())


Shape = SearchIndex | GraphLabel | CacheKeyspace | VectorCollection


@dataclass(frozen=True, slots=True)
class Projection:
    """One table's way into one store."""

    shape: Shape
    project: Callable[[Any], Content | None]
    """Pure: (row model) → content, or None for "not in this store"."""

    def __call__(self, row: Row) -> Content | None:
        return self.project(row)
