"""What an embedding back end promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""float32 [n, dimension]: row i is the vector of text i, of length 1 (L2)."""


class Embedder(Protocol):
    """Makes vectors of texts.

    `embed` blocks for about 5 to 30 ms of one CPU per text, so a caller with an event loop runs it in a thread. It may be called from several threads at once.
    The vector of a text depends on the text and the model alone: never on its batch, the number of threads or the back end (the latter within cosine 0.999).
    """

    @property
    def model(self) -> str:
        """Identity of the model; a record keeps it, and vectors of two models never share a collection."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`, in their order; [0, dimension] for no texts.

        An empty text has a vector too. What lies beyond the model's limit of tokens is cut.

        Raises:
            TypeError: `texts` is one string instead of a sequence of them.
            UnusableVector: the model gave a vector that is not finite or has no direction; none of the batch is returned.
        """
        ...
