"""Sums over keys of which some may be named twice, in 15 bytes a key: Redis names keys again while its table grows or shrinks."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from aegis.inspection import ASTRAY, BUCKETS, Sum


class Tally:
    """Collects a line each key. Of a key that comes twice the first line counts; two keys of one 64-bit hash (1 in 10**7 among a million) count as one."""

    def __init__(self) -> None:
        self._hashes, self._buckets, self._claims, self._visible = array("q"), array("h"), array("I"), array("b")

    def add(self, keys: Sequence[bytes], buckets: ArrayLike, claims: ArrayLike, visible: ArrayLike) -> None:
        """Some keys, in the order of their numbers."""
        self._hashes.extend(map(hash, keys))
        for column, numbers in ((self._buckets, buckets), (self._claims, claims), (self._visible, visible)):
            column.frombytes(np.asarray(numbers).astype(column.typecode).tobytes())

    def sums(self) -> Mapping[int, Sum]:
        """Bucket → sum, of those that have keys."""
        if not self._hashes:
            return {}
        _, first = np.unique(np.frombuffer(self._hashes, np.int64), return_index=True)
        places = np.frombuffer(self._buckets, np.int16)[first].astype(np.intp) - ASTRAY
        # Adding in doubles is exact below 2**53.
        columns = (None, *(np.frombuffer(column, column.typecode)[first] for column in (self._claims, self._visible)))
        records, claims, visible = (np.bincount(places, weights, BUCKETS - ASTRAY).astype(np.int64).tolist() for weights in columns)
        return {place + ASTRAY: Sum(records[place], claims[place], visible[place]) for place in range(BUCKETS - ASTRAY) if records[place]}
