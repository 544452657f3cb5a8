"""An embedder that loads its model when the first text comes: a process that only reads a store never pays for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from aegis.embedding import pins
from aegis.embedding.protocol import Embedder, Vectors


class DeferredEmbedder:
    """Stands for `open_embedder` until it is needed. Identity and dimension are the pinned ones, which every back end has."""

    model = pins.MODEL
    dimension = pins.DIMENSION

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load
        self._lock = Lock()
        self._embedder: Embedder | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`; the first call also raises what loading raises."""
        with self._lock:
            if self._embedder is None:
                self._embedder = self._load()
        return self._embedder.embed(texts)
