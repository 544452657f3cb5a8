"""The drop-in back end on sentence-transformers and torch, for who has them (the extra `sentence-transformers`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from aegis.embedding import pins
from aegis.embedding.model_files import verified
from aegis.embedding.protocol import Vectors
from aegis.embedding.vectors import checked, require_texts

BATCH = 16


class BackendMissing(Exception):
    """The back end's library is not installed. The message says how to install it."""


class SentenceTransformersEmbedder:
    """The reference: golden vectors are made by it. On a CPU it is no faster than onnxruntime and needs several GB on disk.

    Reads the folder that sentence-transformers publishes for the model, from `<model_dir>/sentence-transformers`. Never goes to the network.
    """

    model = pins.MODEL
    dimension = pins.DIMENSION

    def __init__(self, model_dir: Path) -> None:
        """Load the model.

        Raises:
            BackendMissing: sentence-transformers is not installed.
            UnusableModelFile: the weights are missing or are not the pinned ones.
        """
        self._encoder = _encoder(model_dir.expanduser() / pins.WEIGHTS_FOLDER)
        # Its tokenizer is set up anew by each call, so that calls at once could disturb each other.
        self._alone = Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. Calls wait for each other; torch uses the CPUs by itself."""
        require_texts(texts)
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._alone:
            encoded = self._encoder.encode(list(texts), batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
        return checked(np.asarray(encoded, dtype=np.float32), len(texts), self.dimension)


def _encoder(folder: Path) -> Any:
    # Imported here: the library is optional, and takes seconds to import.
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise BackendMissing(
            "the embedding back end `sentence-transformers` is not installed: "
            "install the extra, `pip install 'aegis[sentence-transformers]'`, or set EMBEDDING_BACKEND=onnx"
        ) from error
    verified(folder, pins.WEIGHTS_FILE, f"put the folder that sentence-transformers publishes for {pins.MODEL} at {folder}")
    encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encoder.max_seq_length = pins.MAX_TOKENS
    return encoder
