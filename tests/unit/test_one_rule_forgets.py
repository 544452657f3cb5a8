"""Purging tombstones and forgetting impossible stamps under redelivery: what PostgreSQL has is what the store shows in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from aegis.change import Change, Operation
from aegis.message import Message
from aegis.position import SourcePosition
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from stream_apps.applier import Applier
from stream_apps.brake import Brake
from tests.support import debezium
from tests.unit.stream_world import MemoryOutlet

KEYS = ("U-1", "U-2")
BEYOND = 10**9
"""Versions that no row of the test ever draws begin here."""
NOWHERE = SourcePosition("t", 0, 0)
ROUNDS = 3


class World:
    """Two rows, their log (0), the corrections (1), and one store's app, which reads batches of both and may lose what it did not acknowledge."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.app = Applier(store, debezium.codec(), MemoryOutlet(), Brake(least=0))
        self.rows: dict[str, int] = {}
        self.sequence = 0
        self.topics: tuple[list[Message], list[Message]] = ([], [])
        self.read = [0, 0]
        self.acknowledged = [0, 0]

    def write(self, key: str) -> None:
        self.sequence += 1
        self.rows[key] = self.sequence
        self.topics[0].append(debezium.create("users", key, self.sequence, business_type=str(self.sequence)))

    def delete(self, key: str) -> None:
        if key in self.rows:
            self.topics[0].append(debezium.delete("users", key, self.rows.pop(key)))

    def batch(self, log: int, corrections: int, corrections_first: bool, acknowledges: bool) -> None:
        parts = [self.topics[source][self.read[source] : self.read[source] + size] for source, size in enumerate((log, corrections))]
        self.read = [position + len(part) for position, part in zip(self.read, parts, strict=True)]
        self.app.apply(self.app.prepare([*parts[1], *parts[0]] if corrections_first else [*parts[0], *parts[1]]))
        if acknowledges:
            self.acknowledged = list(self.read)

    def catch_up(self) -> None:
        while self.read != [len(topic) for topic in self.topics]:
            self.batch(3, 3, corrections_first=False, acknowledges=True)
        self.acknowledged = list(self.read)

    def crash(self) -> None:
        self.read = list(self.acknowledged)

    def corrupt(self, key: str, distance: int) -> None:
        """Somebody writes a stamp that no row has, behind the pipeline's back."""
        self.store.apply([Record("users", key, Stamp.unpack((BEYOND + distance) * 4 + distance), {"business_type": "corrupt"}, NOWHERE)])

    def purge(self, key: str) -> None:
        """Only of what can no longer come back: everything before it is acknowledged."""
        stored = self.store.inspect("users", [key]).get(key)
        caught_up = self.acknowledged == [len(topic) for topic in self.topics]
        if caught_up and stored is not None and stored.is_deleted and stored.stamp < BEYOND * 4:
            self._publish(key, Operation.FORGET, expected=stored.stamp)

    def compare(self, key: str) -> bool:
        """Publish what makes the store agree with the row as it is now; whether it did agree."""
        stored = self.store.fetch("users", [key]).get(key)
        version = self.rows.get(key)
        shown = stored is not None and stored.content is not None
        if (stored.stamp.version if shown else None) == version:
            return True
        impossible = stored is not None and stored.stamp.version >= BEYOND
        if impossible:
            self._publish(key, Operation.FORGET, expected=stored.stamp.packed)
        if version is not None:
            self._publish(key, Operation.WRITE, Stamp(version, Rank.REPAIR), debezium.row("users", key, version, business_type=str(version)))
        elif not impossible:
            self._publish(key, Operation.WRITE, Stamp(stored.stamp.version, Rank.DELETE))
        return False

    def agrees(self) -> bool:
        """Read everything; whether the store then shows what PostgreSQL has."""
        self.catch_up()
        return [self.compare(key) for key in KEYS] == [True] * len(KEYS)

    def _publish(self, key: str, operation: Operation, stamp: Stamp | None = None, after: dict[str, object] | None = None, expected: int = 0) -> None:
        change = Change("users", key, stamp or Stamp(1, Rank.REPAIR), None, after, NOWHERE, debezium.key_bytes("users", key), frozenset({"redis"}), "run 1")
        self.topics[1].append(debezium.correction(replace(change, operation=operation, expected=expected)))


def play(seed: int, make: type[MemoryStore] = MemoryStore, *, corrupted: bool = False) -> World:
    """A random run, up to where everything is still to be read."""
    random, world = Random(seed), World(make(frozenset({"users"}), name="redis"))
    for _ in range(random.randrange(5, 30)):
        dice, key = random.random(), random.choice(KEYS)
        if dice < 0.25:
            world.write(key)
        elif dice < 0.4:
            world.delete(key)
        elif dice < 0.65:
            world.batch(random.randrange(4), random.randrange(3), random.random() < 0.5, random.random() < 0.5)
        elif dice < 0.7:
            world.crash()
        elif dice < 0.8:
            world.catch_up()
        elif not corrupted or dice < 0.9:
            world.purge(key)
        elif dice < 0.95:
            world.corrupt(key, random.randrange(4))
        else:
            world.compare(key)  # in passing, waiting for nothing
    return world


def test_a_purge_of_tombstones_never_loses_the_newest_row_and_brings_no_old_one_back() -> None:
    assert [seed for seed in range(1_500) if not play(seed).agrees()] == []


def test_what_is_corrupted_or_repaired_too_early_agrees_after_the_next_comparisons() -> None:
    worlds = {seed: play(seed, corrupted=True) for seed in range(1_500)}
    assert [seed for seed, world in worlds.items() if not any(world.agrees() for _ in range(ROUNDS))] == []


class WhateverStands(MemoryStore):
    """What the exact stamp saves us from."""

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        return super().forget(table, {key: listed.stamp for key, listed in self.inspect(table, list(expected)).items()})


def test_a_store_that_forgets_whatever_stands_there_is_caught() -> None:
    assert not all(play(seed, WhateverStands).agrees() for seed in range(1_500))
