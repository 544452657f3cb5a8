"""How both ends are read: at the same time, from what the sums have kept where they kept anything, and with everything given back in the end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from threading import Barrier, get_ident
from typing import Any, cast

import pytest

from aegis.claim import bucket_of
from aegis.errors import Code, StoreUnavailable
from aegis.inspection import BUCKETS, Listed, Sums
from aegis.stores.memory import MemoryStore
from batch import compare
from batch.compare import Pair, Slice, Sweep
from batch.truth import Truth
from tests.unit.test_reconcile_compare import PAIR, Rows
from tests.unit.test_reconcile_confirm import record

PATIENCE = 20
"""Seconds until ends that are read one after the other are said to be."""
ROWS = {f"k{number}": number for number in range(1, 300)}
ONE_PART_OR_MANY = pytest.mark.parametrize("held", [100_000, 50])
"""Keys that are held at once."""


def nothing() -> None:
    """Happens."""


@dataclass
class Reading:
    """One end's listing: what happens at its beginning and after some items, whether it was closed, and in which thread it was read."""

    begins: Callable[[], Any] = nothing
    midway: Callable[[], Any] = nothing
    begun: int = 0
    ended: int = 0
    threads: set[int] = field(default_factory=set)

    def of(self, items: Iterator[Any]) -> Iterator[Any]:
        self.begun += 1
        self.threads.add(get_ident())
        try:
            self.begins()
            for number, item in enumerate(items):
                if number == 20:
                    self.midway()
                yield item
        finally:
            self.ended += 1


class Kept:
    """A listing of the time of the sums."""

    def __init__(self, listed: list[tuple[int, Listed]], reading: Reading) -> None:
        self.listed, self.reading, self.closed = listed, reading, 0

    def listing(self, buckets: Collection[int]) -> Iterator[Listed]:
        assert not self.closed
        return self.reading.of(iter([one for bucket, one in self.listed if bucket in buckets]))

    def close(self) -> None:
        self.closed += 1


class Store(MemoryStore):
    """`kept`: its sums keep what they read."""

    def __init__(self, reading: Reading, *, kept: bool = False) -> None:
        super().__init__(frozenset({"policies"}), name="redis")
        self.reading, self.keeps, self.kept = reading, kept, list[Kept]()

    def sums(self, table: str) -> Sums:
        if not self.keeps:
            return super().sums(table)
        listed = [(bucket, one) for bucket in range(BUCKETS) for one in super(Store, self).listing(table, [bucket])]
        self.kept.append(Kept(listed, Reading(self.reading.begins, self.reading.midway)))
        return replace(super().sums(table), kept=self.kept[-1])

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        return self.reading.of(super().listing(table, buckets))


class Ours(Rows):
    """PostgreSQL's end."""

    def __init__(self, versions: dict[str, int], reading: Reading) -> None:
        super().__init__(versions)
        self.reading = reading

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[tuple[str, int, bool]]:
        return self.reading.of(super().listing(table, buckets))


def swept(ours: Reading, theirs: Reading, *, kept: bool = False) -> tuple[Sweep, Store]:
    """Sums of ends in which every third key differs."""
    store = Store(theirs, kept=kept)
    store.apply([record(key, version - (version % 3 == 0)) for key, version in ROWS.items()])
    sweep = Sweep(cast("Truth", Ours(ROWS, ours)), {"redis": store})
    sweep.sums([PAIR])
    return sweep, store


DIFFERENT = {key for key, version in ROWS.items() if version % 3 == 0}


def found(sweep: Sweep) -> set[str]:
    return {key for suspects in sweep.listings() for key in suspects.keys}


def fails() -> None:
    raise StoreUnavailable(Code.REDIS_SYNC_FAILED, "gone midway")


def lost() -> None:
    raise RuntimeError("lost")


@ONE_PART_OR_MANY
@pytest.mark.parametrize("kept", [False, True])
def test_both_ends_are_read_at_the_same_time_and_postgresql_by_whoever_asks(monkeypatch: pytest.MonkeyPatch, held: int, kept: bool) -> None:
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", held)
    meeting = Barrier(2)
    ours, theirs = (Reading(lambda: meeting.wait(PATIENCE)) for _ in range(2))
    sweep, _ = swept(ours, theirs, kept=kept)
    assert found(sweep) == DIFFERENT
    assert ours.threads == {get_ident()}


def test_contents_are_listed_from_both_ends_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Barrier(2)
    ours, theirs = (Reading(lambda: meeting.wait(PATIENCE)) for _ in range(2))
    sweep, _ = swept(ours, theirs)
    listed = set[str]()

    def contents(_pair: Pair, _keys: object, _sampled: object, suspects: set[str]) -> Iterator[Any]:
        listed.update(suspects)
        return iter(())

    monkeypatch.setattr(sweep.__class__, "_contents", lambda _self, *given: contents(*given))
    assert list(sweep.contents(Slice.everything())) == []
    assert listed == DIFFERENT


@ONE_PART_OR_MANY
def test_what_the_sums_kept_is_listed_instead_of_the_store_and_given_back(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", held)
    theirs = Reading()
    sweep, store = swept(Reading(), theirs, kept=True)
    [kept] = store.kept
    assert (found(sweep), theirs.begun, kept.closed) == (DIFFERENT, 0, 1)
    assert sweep.looked[PAIR].buckets_listed > 0
    assert (found(sweep), theirs.begun) == (DIFFERENT, 1)


@ONE_PART_OR_MANY
def test_what_was_kept_is_given_back_where_the_listing_is_abandoned(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", held)
    sweep, store = swept(Reading(), Reading(), kept=True)
    listings = sweep.listings()
    next(listings)
    listings.close()  # type: ignore[attr-defined]  # a generator
    assert store.kept[0].closed == 1


@ONE_PART_OR_MANY
@pytest.mark.parametrize("kept", [False, True])
def test_an_error_of_either_end_is_raised_when_both_have_ended_and_all_is_given_back(monkeypatch: pytest.MonkeyPatch, held: int, kept: bool) -> None:
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", held)
    for ours, theirs, error in (
        (Reading(), Reading(midway=fails), StoreUnavailable),
        (Reading(midway=lost), Reading(), RuntimeError),
        (Reading(midway=lost), Reading(midway=fails), RuntimeError),
    ):
        sweep, store = swept(ours, theirs, kept=kept)
        with pytest.raises(error):
            found(sweep)
        read = [ours, store.kept[0].reading if kept else theirs]
        assert [(one.begun, one.ended) for one in read] == [(1, 1), (1, 1)]
        assert [one.closed for one in store.kept] == [1] * kept


def test_a_disk_that_is_full_ends_both_listings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", 50)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: open("/dev/full", "wb", buffering=0))  # noqa: PTH123, SIM115  # no file system, but a device
    monkeypatch.setattr("aegis.spill.ITEMS_AT_ONCE", 10)
    ours, theirs = Reading(), Reading()
    sweep, _ = swept(ours, theirs)
    with pytest.raises(OSError, match="No space") as caught:
        found(sweep)
    assert [(one.begun, one.ended) for one in (ours, theirs)] == [(1, 1), (1, 1)], caught  # it keeps the frames: neither ended by being forgotten


def test_of_what_is_held_only_tombstones_of_deletes_are_left_out() -> None:
    sweep, _ = swept(Reading(), Reading())
    told = [Listed("copies", 31, False, 2), Listed("withdrawn", 30, False), Listed("unreadable", 0, False), Listed("seen", 31, True)]
    _, held = sweep._both(PAIR, [1], lambda _: iter([Listed("deleted", 31, False), *told]))
    assert held == told


def test_versions_that_are_listed_in_parts_keep_every_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "KEYS_PER_LISTING", 1)
    store = MemoryStore(frozenset({"policies"}), name="redis")
    beside = [f"n{number}" for number in range(4_000) if bucket_of(f"n{number}") == bucket_of("키")]
    store.apply([record("키", 2**60), *(record(key, 2**60 + 1) for key in beside)])
    sweep = Sweep(cast("Truth", Rows(dict.fromkeys(["키", *beside], 2**60 + 1))), {"redis": store})
    sweep.sums([PAIR])
    assert beside
    assert found(sweep) == {"키"}
