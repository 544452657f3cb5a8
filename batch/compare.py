"""Looks for keys that may differ: bucket sums first, keys only of buckets that differ, contents of a slice. What it finds are suspects, not drift."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial

from aegis.inspection import ASTRAY, BUCKETS, NOTHING, Kept, Listed, Sums, differing
from aegis.spill import Spill
from aegis.stamp import Rank
from aegis.stores.protocol import Store
from batch.at_once import at_once
from batch.ends import Ends
from batch.truth import Truth

KEYS_PER_LISTING = 250_000
"""Keys of both ends that are held at once."""
KEYS_PER_READ = 500
MOST_PARTS = 256
"""Of a listing of more keys than are held at once. More would be small ones, each written many times."""

Versions = dict[str, tuple[int, bool]]
"""Key → version of the row, and whether it is to be shown."""
Listing = Callable[[Collection[int]], Iterator[Listed]]
"""What a store has, or had, in buckets."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One store's records of one table."""

    store: str
    table: str


@dataclass(frozen=True, slots=True)
class Suspects:
    """Keys of one pair that are to be looked at again."""

    pair: Pair
    keys: frozenset[str]
    vectors: frozenset[str] = frozenset()
    """Those of them whose vector is to be embedded again."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which records have their contents compared."""

    buckets: frozenset[int]
    floor: int
    """A table of at most so many rows is compared as a whole."""
    vectors: int | None
    """How many vectors are embedded again, a pair; None: all that are compared."""
    seed: int = 0

    @classmethod
    def of_night(cls, night: int, nights: int, *, floor: int, vectors: int) -> Slice:
        """The slice of run number `night`: all of them together cover everything within `nights`."""
        return cls(frozenset(range(night % nights, BUCKETS, nights)), floor, vectors, night)

    @classmethod
    def everything(cls) -> Slice:
        """For a deep comparison."""
        return cls(frozenset(range(BUCKETS)), 0, None)

    def covers(self, rows: int) -> frozenset[int]:
        """The buckets to compare of a table of `rows` rows."""
        return frozenset(range(BUCKETS)) if rows <= self.floor else self.buckets


@dataclass(slots=True)
class Looked:
    """How much was looked at, a pair."""

    rows: int = 0
    records: int = 0
    buckets_listed: int = 0
    contents: int = 0
    vectors: int = 0
    suspects: int = 0


@dataclass(slots=True)
class Sweep:
    """One look at all pairs. `tell` is told what is being looked at, how much is done, and of how much."""

    truth: Truth
    stores: Mapping[str, Store]
    tell: Callable[[str, int, int], None] = lambda _what, _done, _of: None
    looked: dict[Pair, Looked] = field(default_factory=dict)
    _sums: dict[str, Sums] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)
    """Store → the highest packed stamp that it holds."""
    _differing: dict[Pair, list[int]] = field(default_factory=dict)
    _weights: dict[Pair, float] = field(default_factory=dict)
    _kept: dict[Pair, Kept] = field(default_factory=dict)

    def sums(self, pairs: Sequence[Pair]) -> None:
        """Sum both ends: PostgreSQL once a table, every store at the same time."""
        truth = self.truth
        for number, table in enumerate(tables := list(dict.fromkeys(pair.table for pair in pairs))):
            self.tell(f"sums of {table}", number, len(tables))
            wanted = [pair for pair in pairs if pair.table == table]
            with ThreadPoolExecutor(len(wanted)) as threads:
                asked = {pair: threads.submit(self.stores[pair.store].sums, table) for pair in wanted}
                self._sums[table] = truth.sums(table)
                for pair, future in asked.items():
                    self._compare_sums(pair, future.result())

    def _compare_sums(self, pair: Pair, stored: Sums) -> None:
        rows = self._sums[pair.table]
        self.looked[pair] = Looked(rows=rows.records, records=stored.records)
        self.highest[pair.store] = max(self.highest.get(pair.store, 0), stored.highest)
        self._differing[pair] = differing(rows, stored)
        if stored.kept is not None:
            self._kept[pair] = stored.kept
        self._weights[pair] = max(1.0, (rows.records + stored.records) / BUCKETS)
        astray = stored.buckets.get(ASTRAY, NOTHING).records
        self._weights[pair] = max(self._weights[pair], float(astray)) if astray > KEYS_PER_LISTING else self._weights[pair]

    def listings(self) -> Iterator[Suspects]:
        """Suspects from the keys and stamps of buckets whose sums differ. What the sums have kept is given back at the end."""
        kept, self._kept = self._kept, {}
        with ExitStack() as stack:
            for one in kept.values():
                stack.callback(one.close)
            for pair, buckets in self._differing.items():
                self.looked[pair].buckets_listed = len(buckets)
                self.tell(f"keys of {pair.table} in {pair.store}", 0, len(buckets))
                # What was kept is older than the rows that are read now: a key that changed in between is one more suspect, which confirmation clears.
                listing = kept[pair].listing if pair in kept else self._listing(pair)
                parts = -(-len(buckets) // max(1, int(KEYS_PER_LISTING / self._weights[pair])))
                if parts > 1:
                    for suspects in self._listed_in_parts(pair, buckets, min(parts, MOST_PARTS), listing):
                        yield from self._suspects(pair, suspects)
                elif buckets:
                    yield from self._suspects(pair, disagreeing(*self._both(pair, buckets, listing)))

    def _listed_in_parts(self, pair: Pair, buckets: Sequence[int], parts: int, listing: Listing) -> Iterator[set[str]]:
        """Suspects by part, each end read once: no store finds a bucket for much less than a reading of everything, and some not even for that."""
        with closing(Spill(parts)) as left, closing(Spill(parts)) as right:
            at_once(lambda: _lay_out(left, self._rows(pair, buckets)), lambda: _lay_out(right, listing(buckets)))
            for number in range(parts):
                self.tell(f"keys of {pair.table} in {pair.store}", number, parts)
                yield disagreeing(_versions(left.read(number)), map(Listed._make, right.read(number)))

    def _both(self, pair: Pair, buckets: Sequence[int], listing: Listing) -> tuple[Versions, list[Listed]]:
        """Both ends of `buckets`, few enough for memory. Tombstones of deletes are left out: of a row, one says no more than nothing does."""
        return at_once(
            lambda: _versions(self._rows(pair, buckets)), lambda: [one for one in listing(buckets) if one.visible or one.copies > 1 or not one.is_deleted]
        )

    def _rows(self, pair: Pair, buckets: Sequence[int]) -> Iterator[tuple[str, int, bool]]:
        return self.truth.listing(pair.table, [bucket for bucket in buckets if bucket != ASTRAY])

    def _listing(self, pair: Pair) -> Listing:
        return partial(self.stores[pair.store].listing, pair.table)

    def contents(self, part: Slice) -> Iterator[Suspects]:
        """Suspects from re-projecting the rows of `part` and comparing what is stored, keys included: of two faults in one bucket, sums may cancel."""
        chosen = random.Random(part.seed)  # noqa: S311  # a sample, no secret
        for pair in self.looked:
            buckets = sorted(part.covers(self.looked[pair].rows))
            step = max(1, int(KEYS_PER_LISTING / self._weights[pair]))
            left = part.vectors
            for start in range(0, len(buckets), step):
                self.tell(f"contents of {pair.table} in {pair.store}", start, len(buckets))
                rows, stored = self._both(pair, buckets[start : start + step], self._listing(pair))
                keys = list(rows)
                surplus = disagreeing(rows, stored)
                sampled = frozenset(keys if left is None else chosen.sample(keys, min(len(keys), left)))
                left = None if left is None else left - len(sampled)
                yield from self._contents(pair, keys, sampled, surplus)

    def _contents(self, pair: Pair, keys: Sequence[str], sampled: Collection[str], suspects: set[str]) -> Iterator[Suspects]:
        ends = Ends(self.truth, self.stores[pair.store], pair.table)
        looked = self.looked[pair]
        wrong_vectors: set[str] = set()
        for chunk in chunks(keys):
            both = ends.read(chunk, vectors=frozenset(chunk) & frozenset(sampled))
            looked.contents += len(both.rows)
            looked.vectors += both.vectors_compared
            suspects |= both.unequal()
            wrong_vectors |= both.wrong_vectors
        yield from self._suspects(pair, suspects, wrong_vectors)

    def _suspects(self, pair: Pair, keys: Iterable[str], vectors: Iterable[str] = ()) -> Iterator[Suspects]:
        wrong = frozenset(vectors)
        found = frozenset(keys) | wrong
        self.looked[pair].suspects += len(found)
        if found:
            yield Suspects(pair, found, wrong)


def _versions(rows: Iterable[tuple[str, int, bool]]) -> Versions:
    return {key: (version, visible) for key, version, visible in rows}


def _lay_out(spill: Spill, items: Iterator[tuple[str, int, bool]] | Iterator[Listed]) -> None:
    """`items` in files. A cursor that is being read ends here, also where a disk is full."""
    try:
        spill.lay_out(map(tuple, items))
    finally:
        if isinstance(items, Generator):
            items.close()


def disagreeing(rows: Versions, stored: Iterable[Listed]) -> set[str]:
    """Keys of `rows` (version, shown) and of `stored` that do not agree; `rows` is used up."""
    suspects = {listed.key for listed in stored if not agrees(rows.pop(listed.key, None), listed)}
    return suspects | rows.keys()


def agrees(row: tuple[int, bool] | None, listed: Listed) -> bool:
    """Whether what a store lists is what the row (version, shown) lets expect."""
    if listed.copies > 1 or (listed.visible and row is None):
        return False
    if row is None:
        return listed.is_deleted
    version, rank = divmod(listed.stamp, 4)
    return version == row[0] and rank != Rank.DELETE and listed.visible == row[1]


def chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """`keys` in parts that are read together."""
    return (keys[start : start + KEYS_PER_READ] for start in range(0, len(keys), KEYS_PER_READ))
