"""Stores that hold the one rule by themselves: however many write a key at once, the highest stamp ends up stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

from aegis.record import Record, Verdict
from aegis.stamp import Stamp
from aegis.stores.protocol import Store
from tests.contract.opened import Opened
from tests.contract.records import batches, tombstone, upsert

WRITERS, KEYS, VERSIONS = 4, 12, 15


def test_the_highest_stamp_ends_up_stored_whoever_writes_last(fenced: Opened) -> None:
    records = [
        tombstone(f"P-{key}", version) if version % 5 == 0 else upsert(fenced, f"P-{key}", version, title=f"제{version}판", tags=[f"{version}"])
        for key in range(KEYS)
        for version in range(1, VERSIONS + 1 + key % 2)
    ]
    highest: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: record.stamp):
        highest[record.key] = record
    stores = [fenced.again() for _ in range(WRITERS)]

    def write(seed: int, store: Store) -> set[Verdict]:
        mine = list(records)
        Random(seed).shuffle(mine)
        return {outcome.verdict for batch in batches(mine, 8) for outcome in store.apply(batch)}

    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            verdicts = list(pool.map(write, range(WRITERS), stores))
    finally:
        for store in stores:
            store.close()
    assert all(seen <= {Verdict.APPLIED, Verdict.STALE} for seen in verdicts)
    held = fenced.store.fetch("policies", list(highest))
    assert {key: record.stamp for key, record in held.items()} == {key: record.stamp for key, record in highest.items()}
    for key, record in highest.items():
        expected = None if record.content is None else fenced.stored("policies", record.content)
        assert held[key].content == expected
    assert {record.key: record.stamp for record in fenced.store.scan("policies")} == {key: Stamp(r.stamp.version, r.stamp.rank) for key, r in highest.items()}
