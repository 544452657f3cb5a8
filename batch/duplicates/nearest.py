"""Neighbours in the space of embeddings, from Milvus: two calls a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from aegis.stores.milvus_calls import MilvusCalls
from aegis.stores.milvus_errors import translated
from aegis.stores.milvus_row import VECTOR
from batch.duplicates.features import Vector

COLLECTION, KEY = "policy_embeddings", "policy_id"
NEIGHBOURS = 5
LEAST_COSINE = 0.95
"""Below it a neighbour is one by chance: the model knows little Korean, and one pair in a hundred of any two policies reaches 0.94, measured."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What lies close to a batch."""

    vectors: Mapping[str, Vector] = field(default_factory=dict)
    """policy_id → embedding, of the batch and of its neighbours, where they have one."""
    pairs: Sequence[tuple[str, str]] = ()
    """Row of the batch and neighbour."""


class Nearest(Protocol):
    """Where neighbours come from. A policy that has no embedding yet has none; that is no error."""

    def around(self, keys: Sequence[str]) -> Neighbourhood:
        """The neighbourhood of the policies `keys`. May block; raises `StoreUnavailable` where the store does not answer."""
        ...


class NoNeighbours:
    """For runs without a vector store: rows are compared by their words alone."""

    def around(self, keys: Sequence[str]) -> Neighbourhood:
        """None."""
        return Neighbourhood()


class MilvusNearest:
    """Neighbours from the collection of policies."""

    def __init__(self, calls: MilvusCalls, collection: str = COLLECTION) -> None:
        self._calls = calls
        self._collection = collection

    def around(self, keys: Sequence[str]) -> Neighbourhood:
        """See `Nearest.around`."""
        own = self._calls.rows(self._collection, KEY, keys, [KEY, VECTOR])
        if not own:
            return Neighbourhood()
        vectors = {key: np.asarray(row[VECTOR], dtype=np.float32) for key, row in own.items()}
        with translated():
            answers = self._calls.client.search(
                self._collection,
                data=[vector.tolist() for vector in vectors.values()],
                anns_field=VECTOR,
                limit=NEIGHBOURS + 1,
                output_fields=[KEY, VECTOR],
                timeout=self._calls.timeout,
            )
        pairs = []
        for key, hits in zip(own, answers, strict=True):
            for hit in hits:
                other = str(hit["entity"][KEY])
                if other != key and hit["distance"] >= LEAST_COSINE:
                    pairs.append((key, other))
                    vectors.setdefault(other, np.asarray(hit["entity"][VECTOR], dtype=np.float32))
        return Neighbourhood(vectors, pairs)
