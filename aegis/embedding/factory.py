"""Opens the embedding back end that the settings name."""

from __future__ import annotations

from pathlib import Path

from aegis.embedding.protocol import Embedder

BACKENDS = ("onnx", "sentence-transformers")


def open_embedder(backend: str, model_dir: Path) -> Embedder:
    """The embedder of `backend` (one of `BACKENDS`) with the model's files from `model_dir`. Blocks while it loads: 0.3 s for onnx, many seconds for the other.

    Raises:
        ValueError: no such back end.
        UnusableModelFile: a file of the model is missing or is not the pinned one.
        BackendMissing: the library of the back end is not installed.
    """
    # Imported late: loading a driver takes its time and memory, and the other one may not be installed.
    match backend:
        case "onnx":
            from aegis.embedding.onnx import OnnxEmbedder

            return OnnxEmbedder(model_dir)
        case "sentence-transformers":
            from aegis.embedding.sentence_transformers import SentenceTransformersEmbedder

            return SentenceTransformersEmbedder(model_dir)
        case _:
            raise ValueError(f"no embedding back end {backend!r}: set EMBEDDING_BACKEND to one of {', '.join(BACKENDS)}")
