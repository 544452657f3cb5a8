"""Pure arithmetic on what a model puts out: from token states to checked vectors of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aegis.embedding.protocol import Vectors
from aegis.embedding.unusable_vector import UnusableVector

NORM_TOLERANCE: Final = 1e-3
"""How far the length of a vector may be from 1: far above float32's rounding, far below anything that changes a cosine."""


def sentence_vector(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector of one text: mean of its token states [tokens, dimension], then L2-normalised (sentence-transformers' mean pooling, without padding).

    States whose mean is zero give NaN, which `checked` refuses.
    """
    mean = states.mean(axis=0, dtype=np.float32)
    length = np.sqrt(np.dot(mean, mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(mean / length, dtype=np.float32)


def checked(vectors: Vectors, count: int, dimension: int) -> Vectors:
    """`vectors`, if they are [count, dimension], finite and of length 1.

    Raises:
        UnusableVector: at the first one that is not.
    """
    if vectors.shape != (count, dimension):
        raise UnusableVector(0, f"the batch has shape {vectors.shape}, not {(count, dimension)}")
    lengths = np.linalg.norm(vectors, axis=1)
    # Written so that NaN, which compares false with everything, counts as off.
    off = np.flatnonzero(~(np.abs(lengths - 1) <= NORM_TOLERANCE))
    if off.size:
        position = int(off[0])
        reason = f"its length is {lengths[position]:.4f}, not 1" if np.isfinite(vectors[position]).all() else "it is not finite"
        raise UnusableVector(position, reason)
    return vectors


def require_texts(texts: Sequence[str]) -> None:
    """Refuse one string where a sequence of strings is meant: it would be embedded letter by letter.

    Raises:
        TypeError: with what to pass instead.
    """
    if isinstance(texts, str):
        raise TypeError("embed() takes a sequence of texts, not one text: pass [text]")
