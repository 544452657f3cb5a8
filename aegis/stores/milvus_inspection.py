"""Milvus' side of the cold path: what a table's two collections hold, summed here since the servers sum nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from aegis.claim import bucket_of
from aegis.inspection import ASTRAY, NO_STAMP, Listed, Sums
from aegis.stores import milvus_claims
from aegis.stores.milvus_calls import MilvusCalls, Wanted
from aegis.stores.milvus_claims import UNSOUND, Pair
from aegis.stores.milvus_collections import Collections
from aegis.stores.milvus_kept import KeptRows
from aegis.stores.milvus_row import VECTOR, sound
from aegis.stores.milvus_vectors import Vector
from aegis.stores.protocol import Image

KEYS_PER_CALL = 500

T = TypeVar("T")


class MilvusInspection:
    """One table's rows, as they are."""

    def __init__(self, calls: MilvusCalls, of: Collections) -> None:
        self._calls = calls
        self._of = of

    def sums(self) -> Sums:
        """See `Store.sums`. What a listing would read again is kept."""
        of, summing, kept = self._of, milvus_claims.Summing(), KeptRows()
        everything = Wanted(below=True, above=True, window=self._calls.window())
        for visible, tombstones in self._calls.by_bucket(of.both, [of.claim_fields] * 2, everything):
            found = milvus_claims.pairs(of.key, visible, tombstones)
            for pair in found.values():
                summing.add(pair)
            kept.add(found)
        kept.flush()
        return replace(summing.sums(), kept=kept)

    def listing(self, buckets: Collection[int]) -> Iterator[Listed]:
        """See `Store.listing`. A row may carry a bucket that is not its key's; such keys are looked up one by one, so that each is named once."""
        of, asked = self._of, frozenset(buckets)
        strays = self._all(UNSOUND) if ASTRAY in asked else {}
        apart = dict.fromkeys(strays)
        for visible, tombstones in self._calls.by_bucket(of.both, [of.claim_fields] * 2, Wanted(sorted(asked - {ASTRAY}), window=self._calls.window())):
            for key, pair in milvus_claims.pairs(of.key, visible, tombstones).items():
                if key not in strays and milvus_claims.at_home(key, pair):
                    yield milvus_claims.listed(key, pair)
                else:
                    apart[key] = None
        for key, pair in self._rows(list(apart)):
            told = key not in strays and bucket_of(key) in asked and milvus_claims.at_home(key, pair)
            if not told and not asked.isdisjoint(milvus_claims.buckets(pair)):
                yield milvus_claims.listed(key, pair)

    def inspect(self, keys: Sequence[str]) -> dict[str, Listed]:
        """See `Store.inspect`."""
        return {key: milvus_claims.listed(key, pair) for key, pair in self._rows(keys)}

    def forget(self, expected: Mapping[str, int]) -> int:
        """See `Store.forget`. The visible row goes first: were only the tombstone gone after a crash, readers would see what was deleted."""
        gone: list[set[str]] = [set(), set()]
        for key, pair in self._rows(list(expected)):
            stamp = expected[key]
            if stamp == NO_STAMP or milvus_claims.listed(key, pair).stamp == stamp:
                for keys, row in zip(gone, pair, strict=True):
                    if row is not None and (stamp != NO_STAMP or not sound(row)):
                        keys.add(key)
        for collection, keys in zip(self._of.both, gone, strict=True):
            for part in _parts(sorted(keys)):
                self._calls.delete(collection, self._of.key, part)
        return len(gone[0] | gone[1])

    def images(self, keys: Sequence[str]) -> dict[str, Image]:
        """See `Store.images`."""
        return {key: milvus_claims.image(pair) for key, pair in self._rows(keys, self._of.image_fields)}

    def restore(self, images: Mapping[str, Image]) -> int:
        """See `Store.restore`."""
        there = {key for key, _ in self._rows(list(images))}
        lacking = {key: milvus_claims.rows_of(image) for key, image in images.items() if key not in there}
        for position, collection in ((1, self._of.tombstones), (0, self._of.visible)):
            for part in _parts([row for rows in lacking.values() if (row := rows[position]) is not None]):
                self._calls.upsert(collection, part)
        return len(lacking)

    def vectors(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Key → the vector that readers search, as stored."""
        found: dict[str, Vector] = {}
        for part in _parts(keys):
            rows = self._calls.rows(self._of.visible, self._of.key, part, [self._of.key, VECTOR])
            found |= {key: np.asarray(row[VECTOR], dtype=np.float32) for key, row in rows.items()}
        return found

    def _rows(self, keys: Sequence[str], fields: Sequence[Sequence[str]] | None = None) -> Iterator[tuple[str, Pair]]:
        """Keys of which there is a row, with their rows as of now."""
        of = self._of
        wanted = fields or [of.claim_fields] * 2
        for part in _parts(list(dict.fromkeys(keys))):
            visible, tombstones = (self._calls.rows(name, of.key, part, of_it) for name, of_it in zip(of.both, wanted, strict=True))
            yield from milvus_claims.pairs(of.key, visible.values(), tombstones.values()).items()

    def _all(self, condition: str) -> dict[str, Pair]:
        """All rows that match, which are few or somebody's mistake."""
        visible, tombstones = (self._calls.every(name, condition, self._of.claim_fields) for name in self._of.both)
        return milvus_claims.pairs(self._of.key, visible, tombstones)


def _parts(items: Sequence[T]) -> Iterable[list[T]]:
    return (list(items[start : start + KEYS_PER_CALL]) for start in range(0, len(items), KEYS_PER_CALL))
