"""A table with records of every kind, and what its sums are by plain arithmetic."""

from __future__ import annotations

from collections import Counter

from aegis.inspection import Sum, Sums
from aegis.record import Record
from aegis.stamp import Rank
from aegis.stores.protocol import Store
from tests.contract.opened import Opened
from tests.contract.records import batches, tombstone, upsert


def of_every_kind(opened: Opened, number: int, table: str = "policies") -> list[Record]:
    """`number` records, applied: live ones of three ranks, tombstones of deletes, and withdrawn ones."""
    made = [_of_kind(opened, n, table) for n in range(number)]
    for batch in batches(made, 500):
        opened.store.apply(batch)
    return made


def _of_kind(opened: Opened, n: int, table: str) -> Record:
    key, version = f"K-{n}", 100 + n
    match n % 6:
        case 0:
            return tombstone(key, version, table=table)
        case 1:
            return tombstone(key, version, table=table, rank=Rank.COMPENSATION)
        case 2:
            return tombstone(key, version, table=table, rank=Rank.UPSERT)
        case 3:
            return upsert(opened, key, version, table=table, rank=Rank.REPAIR)
        case _:
            return upsert(opened, key, version, table=table)


def recomputed(store: Store, table: str = "policies") -> Sums:
    """The sums of everything that `scan` finds."""
    records, claims, visible, highest = Counter[int](), Counter[int](), Counter[int](), 0
    for held in store.scan(table):
        highest = max(highest, held.stamp.packed)
        if held.content is not None or held.stamp.rank is not Rank.DELETE:
            records[held.claim.bucket] += 1
            claims[held.claim.bucket] += held.claim.claim
            visible[held.claim.bucket] += held.content is not None
    return Sums({bucket: Sum(number, claims[bucket], visible[bucket]) for bucket, number in records.items()}, highest)


def said(sums: Sums) -> dict[int, Sum]:
    """The buckets that hold something: empty ones may be there or missing."""
    return {bucket: one for bucket, one in sums.buckets.items() if one.records}
