"""Rows → clusters of duplicates. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aegis.rows.policy import Policy
from batch.duplicates.cluster import Cluster

Vector = NDArray[np.float32]
"""float32 [384], of length 1."""


def clusters(_rows: Sequence[Policy], _vectors: Mapping[str, Vector]) -> tuple[Cluster, ...]:
    """The clusters among `rows`, each row in one at most, in order of their canonical keys.

    `vectors`: policy_id → embedding, for the rows that have one; a pair without both is judged by its words alone.
    """
    return ()
