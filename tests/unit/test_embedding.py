"""The pure parts of the embedding: hashes of texts, arithmetic on vectors, checks of files and names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aegis.embedding import pins
from aegis.embedding.factory import open_embedder
from aegis.embedding.model_files import UnusableModelFile, verified
from aegis.embedding.sentence_transformers import BackendMissing
from aegis.embedding.text import embedding_text_hash
from aegis.embedding.unusable_vector import UnusableVector
from aegis.embedding.vectors import checked, require_texts, sentence_vector

TEXT = st.text(st.characters(codec="utf-8"))
IDENTITY = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
FILE = pins.PinnedFile(member="in-the-jar", name="file", size=7, sha256=sha256(b"content").hexdigest())


@given(TEXT, IDENTITY, TEXT, IDENTITY)
def test_a_text_hash_tells_texts_and_models_apart(text: str, model: str, other_text: str, other_model: str) -> None:
    same = (text, model) == (other_text, other_model)
    assert (embedding_text_hash(text, model) == embedding_text_hash(other_text, other_model)) is same


@given(IDENTITY, IDENTITY, TEXT)
def test_letters_cannot_move_between_model_and_text_unseen(model: str, rest: str, text: str) -> None:
    assert embedding_text_hash(rest + text, model) != embedding_text_hash(text, model + rest)


def test_the_text_hash_of_committed_texts_never_changes() -> None:
    """Stored records carry such hashes: another formula would embed every row again."""
    assert embedding_text_hash("소상공인 경영안정자금", pins.MODEL) == sha256("all-MiniLM-L6-v2\0소상공인 경영안정자금".encode()).hexdigest()


@pytest.mark.parametrize("model", ["", "all\0MiniLM"])
def test_a_text_hash_refuses_an_identity_that_is_none(model: str) -> None:
    with pytest.raises(ValueError, match="not an identity of an embedding model"):
        embedding_text_hash("text", model)


def test_a_sentence_vector_is_the_normalised_mean_of_its_tokens() -> None:
    states = np.array([[6.0, 0.0], [0.0, 8.0]], dtype=np.float32)
    np.testing.assert_allclose(sentence_vector(states), [0.6, 0.8], rtol=1e-6)


UNIT = np.eye(2, dtype=np.float32)


@pytest.mark.parametrize(
    ("vectors", "position", "reason"),
    [
        (np.array([[1, 0], [np.nan, 0]], dtype=np.float32), 1, "not finite"),
        (np.array([[np.inf, 0], [0, 1]], dtype=np.float32), 0, "not finite"),
        (np.array([[1, 0], [0.5, 0]], dtype=np.float32), 1, "length is 0.5000"),
        (np.array([[0, 0], [0, 1]], dtype=np.float32), 0, "length is 0.0000"),
        (UNIT[:1], 0, "shape"),
        (np.eye(2, 3, dtype=np.float32), 0, "shape"),
        (sentence_vector(np.zeros((3, 2), dtype=np.float32)).repeat(2).reshape(2, 2), 0, "not finite"),
    ],
)
def test_an_unusable_vector_is_refused_with_its_position(vectors: NDArray[np.float32], position: int, reason: str) -> None:
    with pytest.raises(UnusableVector, match=reason) as caught:
        checked(vectors, count=2, dimension=2)
    assert caught.value.position == position


def test_usable_vectors_pass_unchanged() -> None:
    assert checked(UNIT, count=2, dimension=2) is UNIT
    assert checked(UNIT[:0], count=0, dimension=2).shape == (0, 2)


def test_one_text_in_place_of_many_is_refused() -> None:
    with pytest.raises(TypeError, match=r"pass \[text\]"):
        require_texts("청년")


def _missing(folder: Path) -> None:
    """Leaves no file."""


def _cut_off(folder: Path) -> None:
    (folder / FILE.name).write_bytes(b"conten")


def _other(folder: Path) -> None:
    (folder / FILE.name).write_bytes(b"CONTENT")


@pytest.mark.parametrize("damage", [_missing, _cut_off, _other])
def test_a_missing_or_wrong_model_file_is_refused_with_the_remedy(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path)
    with pytest.raises(UnusableModelFile, match="make setup") as caught:
        verified(tmp_path, FILE)
    assert str(tmp_path / FILE.name) in str(caught.value)


def test_the_pinned_file_is_accepted(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(b"content")
    assert verified(tmp_path, FILE).read_bytes() == b"content"


@pytest.mark.parametrize("backend", ["onnx", "sentence-transformers"])
def test_no_back_end_opens_without_its_pinned_files(tmp_path: Path, backend: str) -> None:
    if backend == "sentence-transformers":
        pytest.importorskip("sentence_transformers", reason="the extra `sentence-transformers` is not installed")
    with pytest.raises(UnusableModelFile, match=str(tmp_path)):
        open_embedder(backend, tmp_path)


def test_a_back_end_whose_library_is_missing_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(BackendMissing, match=r"aegis\[sentence-transformers\]"):
        open_embedder("sentence-transformers", tmp_path)


def test_an_unknown_back_end_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of onnx, sentence-transformers"):
        open_embedder("openvino", Path())
