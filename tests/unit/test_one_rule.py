"""Whatever the order, duplication and loss with redelivery of changes, compensations and repairs: every store ends up with the same."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from aegis.change import Change
from aegis.derivations import STORES
from aegis.record import Outcome, Record, Verdict
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from tests.unit.one_rule_world import CONTENTS, WITHDRAWN, World, scripted_store

NAMES = st.sampled_from(STORES)
REFUSED = st.dictionaries(NAMES, st.frozensets(st.integers(0, WITHDRAWN - 1), max_size=2), max_size=3)


class OneRule(RuleBasedStateMachine):
    """Hypothesis chooses the steps; at the end everything is read, and all must agree."""

    @initialize(refused=REFUSED)
    def begin(self, refused: dict[str, frozenset[int]]) -> None:
        self.world = World(refused)
        self.seen: list[tuple[str, tuple[int, int]]] = []

    @rule(content=st.sampled_from(CONTENTS))
    def write(self, content: int) -> None:
        self.world.upsert(content)

    @precondition(lambda self: self.world.row is not None)
    @rule()
    def delete(self) -> None:
        self.world.delete()

    @rule(name=NAMES, source=st.integers(0, 1), acknowledges=st.booleans(), steps=st.integers(1, 4))
    def read(self, name: str, source: int, acknowledges: bool, steps: int) -> None:
        for _ in range(steps):
            self.world.step(name, source, acknowledges)

    @rule(name=NAMES, log=st.integers(0, 20), corrections=st.integers(0, 20))
    def crash(self, name: str, log: int, corrections: int) -> None:
        self.world.crash(name, (log, corrections))

    @precondition(lambda self: self.world.row is not None)
    @rule(name=NAMES)
    def compare(self, name: str) -> None:
        self.seen.append((name, self.world.row))

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def repair_late(self, data: st.DataObject) -> None:
        self.world.repair(*self.seen.pop(data.draw(st.integers(0, len(self.seen) - 1))))

    @precondition(lambda self: self.world.held and self.world.row is not None)
    @rule()
    def retry(self) -> None:
        self.world.touch()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.drain()
            assert self.world.converged(), f"row {self.world.row}, shown {self.world.shown()}"
            assert len(self.world.versions()) <= 1


TestOneRule = OneRule.TestCase
TestOneRule.settings = settings(max_examples=250, stateful_step_count=40, deadline=None, database=None)


def play(seed: int, world: World) -> bool:
    """A random run, read to the end; whether the stores agree."""
    random = Random(seed)
    seen: list[tuple[str, tuple[int, int]]] = []
    for _ in range(random.randrange(4, 40)):
        dice, name = random.random(), random.choice(STORES)
        if dice < 0.3:
            if world.row is not None and random.random() < 0.25:
                world.delete()
            else:
                world.upsert(random.choice(CONTENTS))
        elif dice < 0.85:
            world.step(name, random.randrange(2), random.random() < 0.7)
        elif dice < 0.90:
            world.crash(name, (random.randrange(20), random.randrange(20)))
        elif dice < 0.95:
            if world.row is not None:
                seen.append((name, world.row))
        elif seen:
            world.repair(*seen.pop(random.randrange(len(seen))))
    if world.held and world.row is not None and random.random() < 0.5:
        world.touch()
    world.drain()
    return world.converged()


def refusals(seed: int) -> dict[str, frozenset[int]]:
    random = Random(-seed - 1)
    return {name: frozenset(content for content in range(WITHDRAWN) if random.random() < 0.12) for name in STORES}


def test_random_runs_converge() -> None:
    assert [seed for seed in range(4_000) if not play(seed, World(refusals(seed)))] == []


class LastArrivalWins(MemoryStore):
    """What the one rule saves us from."""

    def _apply(self, record: Record) -> Outcome:
        stored = self._records.pop((record.table, record.key), None)
        outcome = super()._apply(record)
        if stored is not None and outcome.verdict is Verdict.REJECTED:
            self._records[record.table, record.key] = stored
        return outcome


def test_stores_that_let_the_last_arrival_win_are_caught() -> None:
    def make(name: str, refused: frozenset[int]) -> MemoryStore:
        return LastArrivalWins(frozenset({"policies"}), name=name, rejects=scripted_store(name, refused)._rejects)

    assert not all(play(seed, World(refusals(seed), make)) for seed in range(200))


def test_corrections_that_lose_their_rank_are_caught() -> None:
    """A withdrawal that ranks with its version's upsert is undone by a redelivery of the upsert."""

    class RankIgnored(World):
        def _publish(self, change: Change) -> None:
            super()._publish(replace(change, stamp=Stamp(change.stamp.version, Rank.UPSERT)))

    assert not all(play(seed, RankIgnored(refusals(seed))) for seed in range(400))
