"""What is embedded, and what is used again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from aegis.embedding.protocol import Vectors as Matrix
from aegis.embedding.text import embedding_text_hash
from aegis.embedding.unusable_vector import UnusableVector
from aegis.position import SourcePosition
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores.milvus_row import VECTOR
from aegis.stores.milvus_vectors import Vectors

STORED = np.array([0, 1], dtype=np.float32)


class Scripted:
    """Embeds everything as the same vector, but refuses texts that say `bad`, and gives NaN for `nan`."""

    model = "scripted"
    dimension = 2

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> Matrix:
        for position, text in enumerate(texts):
            if text == "bad":
                raise UnusableVector(position, "scripted")
        self.seen += texts
        return np.array([[np.nan, 0] if text == "nan" else [1, 0] for text in texts], dtype=np.float32)


def record(key: str, text: str) -> Record:
    return Record("policies", key, Stamp(1, Rank.UPSERT), {"text": text, "fields": {}}, SourcePosition("t", 0, 0))


def stored(text: str, model: str = "scripted") -> dict[str, object]:
    return {"text_hash": embedding_text_hash(text, model), "model": model, VECTOR: STORED.tolist()}


def test_unchanged_text_takes_the_stored_vector_and_equal_texts_are_embedded_once() -> None:
    vectors, held = Vectors(Scripted()), {"a": stored("same"), "b": stored("old")}
    found, refused = vectors.of([record("a", "same"), record("b", "new"), record("c", "new")], held, lambda keys: {key: held[key] for key in keys})
    assert not refused
    assert found["a"][1].tolist() == [0, 1]
    assert found["b"][1].tolist() == found["c"][1].tolist() == [1, 0]
    assert (vectors.embedded, vectors.reused) == (1, 2)


def test_another_model_is_another_text() -> None:
    vectors, held = Vectors(Scripted()), {"a": stored("same", "other-model")}
    vectors.of([record("a", "same")], held, lambda keys: {key: held[key] for key in keys})
    assert (vectors.embedded, vectors.reused) == (1, 0)


def test_a_vector_is_not_taken_from_a_row_that_has_changed_since() -> None:
    vectors = Vectors(Scripted())
    found, _ = vectors.of([record("a", "same")], {"a": stored("same")}, lambda _: {"a": stored("newer")})
    assert found["a"][1].tolist() == [1, 0]
    assert vectors.embedded == 1


def test_a_text_without_a_usable_vector_is_refused_and_its_neighbours_are_not() -> None:
    embedder = Scripted()
    vectors = Vectors(embedder)
    found, refused = vectors.of([record("a", "x"), record("b", "bad"), record("c", "nan"), record("d", "y")], {}, lambda _: {})
    assert set(found) == {"a", "d"}
    assert set(refused) == {"b", "c"}
    assert "policies b: field embedding" in refused["b"].message
    assert embedder.seen == ["x", "nan", "y"]


def test_a_repair_and_every_equal_text_beside_it_are_embedded_anew() -> None:
    held = {"a": stored("same"), "b": stored("same"), "c": stored("other")}
    repair = replace(record("a", "same"), stamp=Stamp(1, Rank.REPAIR))
    vectors = Vectors(Scripted())
    found, _ = vectors.of([repair, record("b", "same"), record("c", "other")], held, lambda keys: {key: held[key] for key in keys})
    assert {key: vector.tolist() for key, (_, vector) in found.items()} == {"a": [1, 0], "b": [1, 0], "c": [0, 1]}
    assert (vectors.embedded, vectors.reused) == (1, 2)


@pytest.mark.parametrize("vector", [[3, 4], [np.nan, 0], [0, 1, 0]])
def test_a_stored_vector_that_is_unusable_is_made_again(vector: list[float]) -> None:
    held = {"a": {**stored("same"), VECTOR: vector}}
    found, refused = Vectors(Scripted()).of([record("a", "same")], held, lambda keys: {key: held[key] for key in keys})
    assert not refused
    assert found["a"][1].tolist() == [1, 0]
