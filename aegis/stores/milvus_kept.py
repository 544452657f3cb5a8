"""Keeps what a reading of all rows came by, so that a listing need not read them again: the servers look at every row for each answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from aegis.claim import bucket_of
from aegis.inspection import ASTRAY, BUCKETS, Listed
from aegis.spill import ITEMS_AT_ONCE, Item, Spill
from aegis.stores import milvus_claims
from aegis.stores.milvus_claims import Pair, Row
from aegis.stores.milvus_row import sound

PARTS = 64
"""A part holds the keys of `BUCKETS / PARTS` buckets; a listing reads the parts of its buckets."""


class KeptRows:
    """Rows of both collections, by the bucket of their key, so that those of one key are together whatever bucket they carry.

    Keys that nobody tampered with are kept as they are listed. Of the others, which are few or somebody's mistake, both rows are kept, since what a listing
    tells of them depends on the buckets that it is asked for; those of one part are held in memory.
    """

    def __init__(self) -> None:
        self._spill = Spill(2 * PARTS)
        self._waiting: list[list[Item]] = [[] for _ in range(self._spill.parts)]
        self._number = 0
        self._away: defaultdict[int, set[int]] = defaultdict(set)
        """Bucket → the parts that hold rows which are counted there, though their key has another bucket."""

    def add(self, pairs: Mapping[str, Pair]) -> None:
        """Keep the rows of each key."""
        for key, pair in pairs.items():
            home = bucket_of(key)
            part = home * PARTS // BUCKETS
            stamps = [row["stamp"] for row in pair if row is not None and row["bucket"] == home and sound(row)]
            if len(stamps) + pair.count(None) == len(pair):
                self._waiting[part].append((key, home, max(stamps), pair[0] is not None))
            else:
                self._add_apart(part, key, pair)
        self._number += len(pairs)
        if self._number >= ITEMS_AT_ONCE:
            self.flush()

    def _add_apart(self, part: int, key: str, pair: Pair) -> None:
        for bucket in milvus_claims.buckets(pair):
            self._away[bucket].add(part)
        rows = ((place, row) for place, row in enumerate(pair) if row is not None)
        self._waiting[PARTS + part] += [(key, place, row["stamp"], row["bucket"], row["claim"]) for place, row in rows]

    def flush(self) -> None:
        """Everything that was added is in the file, to be listed."""
        for part, items in enumerate(self._waiting):
            if items:
                self._spill.write(part, items)
                items.clear()
        self._number = 0

    def listing(self, buckets: Collection[int]) -> Iterator[Listed]:
        """See `Kept.listing`."""
        asked = frozenset(buckets)
        parts = {bucket * PARTS // BUCKETS for bucket in asked if bucket != ASTRAY}.union(*(self._away.get(bucket, ()) for bucket in asked))
        for part in sorted(parts):
            apart = self._apart(part)
            for key, home, stamp, visible in self._spill.read(part):
                if key in apart:
                    apart[key][0 if visible else 1] = {"stamp": stamp, "bucket": home, "claim": 0}
                elif home in asked:
                    yield Listed(key, stamp, visible)
            for key, (row, tombstone) in apart.items():
                if (one := milvus_claims.told(key, (row, tombstone), asked)) is not None:
                    yield one

    def _apart(self, part: int) -> dict[str, list[Row | None]]:
        """Key → both rows, of the keys of a part that have a row which is not sound or carries another bucket."""
        found: dict[str, list[Row | None]] = {}
        for key, place, stamp, bucket, claim in self._spill.read(PARTS + part):
            found.setdefault(key, [None, None])[place] = {"stamp": stamp, "bucket": bucket, "claim": claim}
        return found

    def close(self) -> None:
        """See `Kept.close`."""
        self._spill.close()
