"""What rows of the two collections of a table say together, and their images. Pure.

A row is *sound* when stamp, bucket and claim are of their size. Sound rows of one key are one record: the higher stamp is its stamp. Others are astray.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from aegis.claim import CLAIM_BITS, bucket_of
from aegis.inspection import ASTRAY, BUCKETS, LOWEST_STAMP, NO_STAMP, Listed, Sum, Sums
from aegis.stamp import Rank
from aegis.stores.milvus_row import VECTOR, sound
from aegis.stores.protocol import Image

Row = Mapping[str, Any]
Pair = tuple[Row | None, Row | None]
"""The visible row of a key and its tombstone."""
UNSOUND = f"(stamp < {LOWEST_STAMP} or bucket < 0 or bucket >= {BUCKETS} or claim < 0 or claim >= {2**CLAIM_BITS})"
"""The filter that is true where `sound` is not."""


def pairs(key: str, visible: Iterable[Row], tombstones: Iterable[Row]) -> dict[str, Pair]:
    """Key → its rows."""
    found: dict[str, Pair] = {row[key]: (row, None) for row in visible}
    for row in tombstones:
        found[row[key]] = (found[row[key]][0] if row[key] in found else None, row)
    return found


def newest(pair: Pair) -> Row | None:
    """The row whose stamp is the record's; None where no row is sound."""
    rows = [row for row in pair if row is not None and sound(row)]
    if len(rows) == len(pair):
        return max(rows, key=lambda row: int(row["stamp"]))
    return rows[0] if rows else None


def listed(key: str, pair: Pair) -> Listed:
    """What stands under a key that has a row at least."""
    record = newest(pair)
    strays = sum(row is not None and not sound(row) for row in pair)
    return Listed(key, NO_STAMP if record is None else record["stamp"], pair[0] is not None, strays + (record is not None))


def at_home(key: str, pair: Pair) -> bool:
    """Whether a sound row carries the bucket that its key has, as all do that nobody tampered with."""
    return any(row is not None and sound(row) and row["bucket"] == bucket_of(key) for row in pair)


def buckets(pair: Pair) -> set[int]:
    """The buckets under which the rows are counted."""
    return {row["bucket"] if sound(row) else ASTRAY for row in pair if row is not None}


def told(key: str, pair: Pair, asked: Collection[int]) -> Listed | None:
    """What a listing of the buckets `asked` tells of a key whose rows are `pair`: found by the buckets that they carry, it is told as it was found there."""
    if ASTRAY not in asked or ASTRAY not in buckets(pair):
        visible, tombstone = (row if row is not None and row["bucket"] in asked else None for row in pair)
        if at_home(key, (visible, tombstone)):
            return listed(key, (visible, tombstone))
    return None if buckets(pair).isdisjoint(asked) else listed(key, pair)


class Summing:
    """Sums of the rows that it is given. Rows of one key are given together."""

    def __init__(self) -> None:
        self._records, self._claims, self._visible = Counter[int](), Counter[int](), Counter[int]()
        self._highest = NO_STAMP

    def add(self, pair: Pair) -> None:
        """Count the rows of one key."""
        visible, tombstone = pair
        shown = visible is not None and sound(visible)
        record = visible if shown and tombstone is None else newest(pair)
        if record is not None:
            stamp, bucket = record["stamp"], record["bucket"]
            self._highest = max(self._highest, stamp)
            if shown or stamp % 4 != Rank.DELETE:
                self._records[bucket] += 1
                self._claims[bucket] += record["claim"]
                self._visible[bucket] += shown
        if visible is not None and not shown:
            self._records[ASTRAY] += 1
            self._visible[ASTRAY] += 1
        if tombstone is not None and not sound(tombstone):
            self._records[ASTRAY] += 1

    def sums(self) -> Sums:
        """Of all that was added."""
        return Sums({bucket: Sum(records, self._claims[bucket], self._visible[bucket]) for bucket, records in self._records.items()}, self._highest)


def image(pair: Pair) -> Image:
    """Both rows whole, as JSON. A vector's numbers are float32 and survive as they are; those that JSON lacks are text."""
    return [None if row is None else {name: _written(name, value) for name, value in row.items()} for row in pair]


def rows_of(kept: Image) -> list[dict[str, Any] | None]:
    """The visible row and the tombstone of an image."""
    return [None if row is None else {**row, VECTOR: np.asarray([float(number) for number in row[VECTOR]], dtype=np.float32)} for row in kept]


def _written(name: str, value: Any) -> Any:
    if name == VECTOR:
        return [float(number) if math.isfinite(number) else repr(float(number)) for number in value]
    return value if isinstance(value, (str, bool, int)) else list(value)
