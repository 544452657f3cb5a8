"""Live traffic is no drift: only what still differs after everything committed has arrived, with nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from aegis.derivations import project
from aegis.inspection import Listed
from aegis.position import SourcePosition
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from batch.compare import Pair, Suspects
from batch.confirm import Confirmation
from batch.ends import Ends
from batch.finding import DriftClass, Finding
from batch.truth import Row, Truth
from tests.contract.records import image

PAIR = Pair("redis", "policies")
HERE = SourcePosition("aegis.public.policies", 0, 0)


class Watched(MemoryStore):
    """Tells the world when it is looked at."""

    def __init__(self, event: Callable[[str], None]) -> None:
        super().__init__(frozenset({"policies"}), name="redis")
        self._event = event

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        found = super().inspect(table, keys)
        self._event("store read")
        return found


@dataclass
class World:
    """PostgreSQL's rows and one store, with a log between them that delivers when it is waited for."""

    current: dict[str, int] = field(default_factory=dict)
    rejections: set[tuple[str, int]] = field(default_factory=set)
    log: list[Record] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    at: dict[tuple[str, int], Callable[[], None]] = field(default_factory=dict)
    """(event, which time) → what happens right after it."""

    def __post_init__(self) -> None:
        self.store = Watched(self.event)

    def event(self, name: str) -> None:
        self.events.append(name)
        self.at.pop((name, self.events.count(name)), lambda: None)()

    def commit(self, key: str, version: int) -> None:
        self.current[key] = version
        self.log.append(record(key, version))

    def delete(self, key: str) -> None:
        version = self.current.pop(key)
        self.log.append(Record("policies", key, Stamp(version, Rank.DELETE), None, HERE))

    def confirm(self, *keys: str, rounds: int = 6) -> list[Finding]:
        truth = cast("Truth", self)
        return list(Confirmation(lambda pair: Ends(truth, self.store, pair.table), self.wal_position, self, rounds).confirm([Suspects(PAIR, frozenset(keys))]))

    # the watermark: what was committed before its position arrives, and nothing else
    def wal_position(self) -> int:
        self.event("position")
        return len(self.log)

    def pass_wal(self, position: int) -> None:
        self._in_kafka = self.log[:position]
        del self.log[:position]
        self.event("wal passed")

    def pass_log(self, stores: Any) -> None:
        for one in self._in_kafka:
            self.store.apply([one])
        self.event("log passed")

    # PostgreSQL's end
    def versions(self, table: str, keys: Sequence[str]) -> dict[str, int]:
        found = {key: self.current[key] for key in keys if key in self.current}
        self.event("versions read")
        return found

    def rows(self, table: str, keys: Sequence[str]) -> dict[str, Row]:
        found = {key: Row(self.current[key], image("policies", key, self.current[key])) for key in keys if key in self.current}
        self.event("rows read")
        return found

    def rejected(self, table: str, keys: Sequence[str]) -> set[tuple[str, int]]:
        return self.rejections

    def drawn(self) -> int:
        return 1_000


def record(key: str, version: int) -> Record:
    return Record("policies", key, Stamp(version, Rank.UPSERT), project("policies", "redis", image("policies", key, version)), HERE)


def classes(findings: Sequence[Finding]) -> dict[str, DriftClass]:
    return {one.key: one.judgement.drift for one in findings}


def test_what_is_under_way_is_no_drift() -> None:
    world = World()
    world.commit("new", 1)
    world.commit("gone", 2)
    world.store.apply([record("gone", 2)])
    world.delete("gone")
    assert world.confirm("new", "gone") == []


def test_what_never_arrives_is_drift() -> None:
    world = World(current={"lost": 5, "stale": 6, "fine": 7})
    world.store.apply([record("stale", 4), record("fine", 7), record("orphan", 3)])
    assert classes(world.confirm("lost", "stale", "fine", "orphan")) == {"lost": DriftClass.MISSING, "stale": DriftClass.STALE, "orphan": DriftClass.ORPHAN}


def test_the_ends_are_read_in_the_order_that_allows_a_verdict() -> None:
    world = World(current={"lost": 5})
    world.confirm("lost")
    assert world.events == ["store read", "versions read", "position", "wal passed", "log passed", "store read", "rows read"]


def test_a_row_that_changes_during_the_wait_is_looked_at_again() -> None:
    world = World(current={"hot": 5})
    world.at["wal passed", 1] = lambda: world.commit("hot", 6)
    assert world.confirm("hot") == []
    assert world.events.count("wal passed") == 2


def test_a_change_that_commits_between_the_two_last_reads_is_no_drift() -> None:
    world = World(current={"hot": 5})
    world.store.apply([record("hot", 4)])
    world.at["store read", 2] = lambda: world.commit("hot", 6)
    assert world.confirm("hot") == []


def test_a_row_that_came_and_went_during_the_wait_is_no_orphan() -> None:
    world = World()

    def come_and_go() -> None:
        world.current["brief"] = 8
        world.store.apply([record("brief", 8)])  # the insert has arrived
        world.delete("brief")  # its delete has not

    world.at["position", 1] = come_and_go
    assert world.confirm("brief") == []


def test_a_record_that_was_deleted_before_the_position_was_noted_is_no_orphan() -> None:
    world = World(current={"gone": 8})
    world.store.apply([record("gone", 8)])
    world.at["store read", 1] = lambda: world.delete("gone")
    assert world.confirm("gone") == []


def test_a_key_that_changes_every_time_is_unsettled_and_no_drift() -> None:
    world = World(current={"hot": 1})
    for number in range(1, 4):
        world.at["wal passed", number] = lambda: world.commit("hot", world.current["hot"] + 1)
    found = world.confirm("hot", rounds=3)
    assert classes(found) == {"hot": DriftClass.UNSETTLED}
    assert not found[0].is_drift


def test_a_held_key_is_no_drift() -> None:
    world = World(current={"poison": 5}, rejections={("poison", 5)})
    found = world.confirm("poison")
    assert classes(found) == {"poison": DriftClass.HELD}
    assert not found[0].is_drift


def test_an_old_rejection_holds_nobody() -> None:
    world = World(current={"mended": 6}, rejections={("mended", 5)})
    assert classes(world.confirm("mended")) == {"mended": DriftClass.MISSING}
