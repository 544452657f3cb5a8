"""One suite for every embedding back end, with the real model: the golden vectors of sentence-transformers, and what the protocol promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aegis.embedding import pins
from aegis.embedding.factory import BACKENDS, open_embedder
from aegis.embedding.model_files import UnusableModelFile
from aegis.embedding.onnx import OnnxEmbedder
from aegis.embedding.protocol import Embedder
from aegis.settings import settings
from tests.golden.texts import TEXTS
from tests.golden.vectors import golden_vectors

TEXT_LIST = list(TEXTS.values())
SAME = 0.999
"""Cosine from which vectors of two back ends count as the same."""


@pytest.fixture(scope="module")
def model_dir() -> Path:
    return settings().embedding_model_dir.expanduser()


@pytest.fixture(scope="module", params=BACKENDS)
def embedder(request: pytest.FixtureRequest, model_dir: Path) -> Embedder:
    """Fails, and says `make setup`, where the files of the default back end are missing: set-up always installs them. The other back end is optional."""
    if request.param == "sentence-transformers":
        pytest.importorskip("sentence_transformers", reason="the extra `sentence-transformers` is not installed")
        if not (model_dir / pins.WEIGHTS_FOLDER).is_dir():
            pytest.skip(f"no weights for sentence-transformers at {model_dir / pins.WEIGHTS_FOLDER}")
    return open_embedder(request.param, model_dir)


def test_vectors_equal_the_golden_ones(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXT_LIST)
    cosines = (vectors * golden_vectors()).sum(axis=1)
    different = {name: float(cosine) for name, cosine in zip(TEXTS, cosines, strict=True) if not cosine >= SAME}
    assert not different, f"cosine to the vectors of sentence-transformers below {SAME}: {different}"


def test_vectors_have_the_promised_shape_type_and_length(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXT_LIST)
    assert (vectors.shape, vectors.dtype.name) == ((len(TEXT_LIST), 384), "float32")
    assert (embedder.model, embedder.dimension) == ("all-MiniLM-L6-v2", 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_different_texts_get_different_vectors(embedder: Embedder) -> None:
    loan, training = embedder.embed([TEXTS["loan"], TEXTS["decomposed Hangul"]])
    assert float(loan @ training) < SAME


def test_a_vector_does_not_depend_on_its_batch(embedder: Embedder) -> None:
    together, reversed_ = embedder.embed(TEXT_LIST), embedder.embed(TEXT_LIST[::-1])[::-1]
    alone = np.concatenate([embedder.embed([text]) for text in TEXT_LIST])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(reversed_, alone, atol=1e-5)


def test_several_threads_may_embed_at_once(embedder: Embedder) -> None:
    alone = embedder.embed(TEXT_LIST)
    with ThreadPoolExecutor(4) as callers:
        for vectors in callers.map(embedder.embed, [TEXT_LIST] * 4):
            np.testing.assert_allclose(vectors, alone, atol=1e-5)


def test_what_lies_beyond_the_limit_of_tokens_does_not_count(embedder: Embedder) -> None:
    long = TEXTS["longer than 256 tokens, English"]
    np.testing.assert_allclose(embedder.embed([long]), embedder.embed([long + " One more sentence."]), atol=1e-5)
    assert not np.allclose(embedder.embed([long[:800]]), embedder.embed([long]), atol=1e-3), "tokens before the limit count"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_onnx_vectors_are_identical_at_any_batch_and_thread_count(model_dir: Path, threads: int) -> None:
    one_by_one = OnnxEmbedder(model_dir, threads=1)
    expected = np.concatenate([one_by_one.embed([text]) for text in TEXT_LIST])
    np.testing.assert_array_equal(OnnxEmbedder(model_dir, threads=threads).embed(TEXT_LIST), expected)


def test_a_model_file_with_one_byte_changed_is_refused(model_dir: Path, tmp_path: Path) -> None:
    for pinned in pins.MODEL_FILES:
        (tmp_path / pinned.name).symlink_to(model_dir / pinned.name)
    tokenizer = tmp_path / pins.TOKENIZER_FILE.name
    content = bytearray(tokenizer.read_bytes())
    content[-2] ^= 1
    tokenizer.unlink()
    tokenizer.write_bytes(content)
    with pytest.raises(UnusableModelFile, match="make setup"):
        OnnxEmbedder(tmp_path)
