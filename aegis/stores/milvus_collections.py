"""The two collections of one table, and what is read of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aegis.projections.shapes import VectorCollection
from aegis.stores.milvus_row import BOOKKEEPING, VECTOR
from aegis.stores.milvus_schema import tombstones_name, visible_name


@dataclass(frozen=True, slots=True)
class Collections:
    """Names of the visible collection and of that of the tombstones, with the shape of the rows."""

    shape: VectorCollection
    visible: str
    tombstones: str

    @property
    def key(self) -> str:
        """The primary key's field."""
        return self.shape.key

    @property
    def both(self) -> list[str]:
        """The visible one first."""
        return [self.visible, self.tombstones]

    @property
    def fields(self) -> list[str]:
        """What is read of the visible collection: all but the vector."""
        return [self.key, *(field.name for field in self.shape.fields), "text_hash", "model", *BOOKKEEPING]

    @property
    def tombstone_fields(self) -> list[str]:
        """What is read of a tombstone."""
        return [self.key, *BOOKKEEPING]

    @property
    def claim_fields(self) -> list[str]:
        """What a comparison reads of either."""
        return [self.key, "stamp", "bucket", "claim"]

    @property
    def image_fields(self) -> list[list[str]]:
        """Everything, of each."""
        return [[*self.fields, VECTOR], [*self.tombstone_fields, VECTOR]]


def collections_of(shapes: Mapping[str, VectorCollection], prefix: str) -> dict[str, Collections]:
    """Table → the names of its collections in use, each after `prefix`."""
    return {table: Collections(shape, visible_name(shape, prefix), tombstones_name(shape, prefix)) for table, shape in shapes.items()}
