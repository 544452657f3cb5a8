"""Neighbours of policies, asked of Milvus."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import numpy as np
import pytest

from aegis.settings import settings
from aegis.stores.milvus_calls import MilvusCalls
from aegis.stores.milvus_row import VECTOR
from batch.duplicates.nearest import MilvusNearest
from tests.contract.open_milvus import TIMEOUT, HashEmbedder, open_milvus, row_by_hand, vector_shapes

pytestmark = pytest.mark.stack


@pytest.fixture
def nearest() -> Iterator[MilvusNearest]:
    unique = f"t{uuid4().hex[:12]}"
    calls = MilvusCalls(settings().milvus_uri, TIMEOUT)
    with open_milvus(unique):
        collection, shape = f"{unique}_policy_embeddings", vector_shapes()["policies"]
        one, other = HashEmbedder().embed(["one", "other"])
        close = 0.99 * one + 0.01 * other
        vectors = {"a": one, "b": close / np.linalg.norm(close), "c": other}
        calls.upsert(collection, [row_by_hand(shape, key, **{VECTOR: vector}) for key, vector in vectors.items()])
        yield MilvusNearest(calls, collection)
    calls.close()


def test_neighbours_are_those_that_lie_close_and_bring_their_vectors(nearest: MilvusNearest) -> None:
    around = nearest.around(["a"])
    assert around.pairs == [("a", "b")]
    assert set(around.vectors) == {"a", "b"}
    assert float(around.vectors["a"] @ around.vectors["b"]) == pytest.approx(1, abs=0.001)


def test_a_policy_that_was_not_embedded_yet_has_no_neighbours(nearest: MilvusNearest) -> None:
    around = nearest.around(["unknown"])
    assert (list(around.pairs), dict(around.vectors)) == ([], {})


def test_a_batch_is_asked_for_at_once(nearest: MilvusNearest) -> None:
    assert sorted(nearest.around(["a", "b", "c", "unknown"]).pairs) == [("a", "b"), ("b", "a")]
