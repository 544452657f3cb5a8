"""Blocking keys: rows that share none are never compared. Pure.

Each row has at most `BANDS` keys a place: the place, and the smallest pair of letters of its normal title in each of several fixed orders (MinHash, A. Broder
1997). Two titles of one place whose pairs of letters overlap by a share j meet with probability 1 - (1 - j) ** BANDS: 0.99 at 0.45, 0.94 at 0.3.
"""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from aegis.rows.policy import Policy
from batch.duplicates.place import Place, place_of
from batch.duplicates.title import title_of

BANDS = 8
FORM = "1"
"""Begins every key. Raise it when normal titles or places change: old keys then meet nobody, and `aegis duplicates find` makes new ones."""


def keys_of(row: Policy) -> tuple[str, ...]:
    """The keys of a row, sorted: between 1 and `BANDS` for its place, and as many for each place that it was formed of."""
    return keys(title_of(row.title).core, place_of(row))


def keys(core: str, place: Place) -> tuple[str, ...]:
    """The keys of a normal title in a place."""
    return tuple(sorted(f"{FORM}/{name}/{pair}" for name in place.names for pair in _least(core)))


@lru_cache(maxsize=20_000)
def _least(core: str) -> frozenset[str]:
    pairs = [core[at : at + 2] for at in range(len(core) - 1)] or [core]
    hashes = [_hashes(pair) for pair in pairs]
    return frozenset(pairs[min(range(len(pairs)), key=[each[band] for each in hashes].__getitem__)] for band in range(BANDS))


@lru_cache(maxsize=65_536)
def _hashes(pair: str) -> tuple[int, ...]:
    """The place of a pair of letters in each order."""
    return tuple(crc32(f"{band}/{pair}".encode()) for band in range(BANDS))
