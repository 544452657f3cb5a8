"""The order of a rebuild beside: what is done when, and what is undone when it fails. Recorded in PostgreSQL; everything else is scripted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from aegis.envelope import table_topic
from aegis.errors import AegisError, Code
from aegis.settings import Settings
from batch.completeness import Standing
from batch.generation import ABANDONED, Site, rebuild_beside
from batch.group import GroupStuck
from batch.reach import Partition
from batch.rebuild import Rebuilding, Rebuilt
from batch.replay import Means
from batch.request import Result
from batch.runs import Verdict

pytestmark = pytest.mark.stack

PLACE = (table_topic("policies"), 0)
CLEAN, DIFFERENT = Verdict.CLEAN, Verdict.DRIFT_LEFT


class ScriptedGroup:
    """Tells what is done with it."""

    def __init__(self, name: str, done: list[str], committed: int) -> None:
        self.name = name
        self._done = done
        self._committed = committed

    def await_empty(self, _seconds: float, _alive: Any = None) -> None:
        self._done.append(f"{self.name} empty")

    def committed(self) -> Mapping[tuple[str, int], int]:
        return {PLACE: self._committed}

    def move(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self._done.append(f"{self.name} moved to {list(offsets.values())}")

    def follow(self, course: Any, watch: Any) -> None:
        watch.alive()
        self._done.append(f"{self.name} passed {list(course.ends.values())}")


@dataclass
class World:
    """Everything but PostgreSQL. `fails`: what raises, by the words that it would have told."""

    settings: Settings
    store: str
    fails: str = ""
    verdict: Verdict = CLEAN
    done: list[str] = field(default_factory=list)
    end: int = 10

    def tell(self, what: str) -> None:
        if what == self.fails:
            raise AegisError(Code.COLD_PATH_FAILED, f"{what} failed")
        self.done.append(what)

    def compare(self, what: str, verdict: Verdict) -> Any:
        def compared(_progress: object) -> Result:
            self.tell(what)
            self.end += 5  # the log goes on
            return Result(what, verdict, {"rounds": []}, "why" if verdict is DIFFERENT else "")

        return compared

    @contextmanager
    def pause(self, _run_id: str) -> Iterator[Any]:
        self.tell("pause")
        yield SimpleNamespace(check=lambda: self.tell("lease is held"))
        self.tell("resume")

    def rebuild(self) -> Rebuilt:
        log: Any = SimpleNamespace(
            partitions=lambda _topics: [Partition(PLACE, 0, self.end)],
            offsets=SimpleNamespace(ends=lambda _topics: {PLACE: (0, self.end)}),
            delete_group=lambda group: self.tell(f"{group} deleted"),
        )
        group: Any = ScriptedGroup("app", self.done, 7)
        building: Any = ScriptedGroup("builder", self.done, 16)
        generations: Any = SimpleNamespace(**{name: lambda name=name: self.tell(name) for name in ("build", "switch", "abandon")})
        builder = SimpleNamespace(check=lambda: None, stop=lambda: self.tell("stop"))

        def start(_run_id: str) -> Any:
            self.tell("start")
            return builder

        means = Means(self.settings.postgres_operator_dsn.get_secret_value(), log, group, self.pause, self.compare("look again", CLEAN))
        site = Site(generations, building, start, self.compare("compare", self.verdict))
        plan = Rebuilding(self.store, ("policies",), {"policies": Standing(1, 1, "")}, beside=True)
        return rebuild_beside(plan, means, site, lambda _run: pytest.fail("no snapshot is needed"))

    def recorded(self) -> dict[str, Any]:
        with psycopg.connect(self.settings.postgres_reader_dsn.get_secret_value()) as connection:
            [[state, verdict, message]] = connection.execute(
                "SELECT state, verdict, message FROM ops.runs WHERE lock = %s", (f"replay {self.store}",)
            ).fetchall()
        return {"state": state, "verdict": verdict, "message": message}


@pytest.fixture
def world(stack: Settings) -> Iterator[World]:
    made = World(stack, f"test-{uuid4().hex[:8]}")
    yield made
    with psycopg.connect(stack.postgres_dsn.get_secret_value()) as connection:
        connection.execute("DELETE FROM ops.runs WHERE lock = %s", (f"replay {made.store}",))


BEGUN = ["builder empty", "abandon", "builder deleted", "build", "builder moved to [0]", "start"]
CLEARED = ["builder empty", "abandon", "builder deleted"]


def test_readers_get_the_new_generation_when_its_builder_has_ended_and_nobody_else_writes(world: World) -> None:
    done = world.rebuild()
    assert world.done == [
        *BEGUN,
        "builder passed [10]",
        "compare",
        "pause",
        "app empty",
        "builder passed [15]",  # what came meanwhile
        "stop",
        "lease is held",
        "switch",
        "app moved to [16]",  # where the builder stood, not where the app did
        "resume",
        "look again",
        "stop",
        *CLEARED,
    ]
    assert (done.verdict, done.switched, len(done.results)) == (CLEAN, True, 2)
    assert world.recorded() == {"state": "finished", "verdict": "clean", "message": None}


def test_a_generation_that_differs_is_abandoned_and_never_shown(world: World) -> None:
    world.verdict = DIFFERENT
    done = world.rebuild()
    assert world.done == [*BEGUN, "builder passed [10]", "compare", "stop", *CLEARED]
    assert (done.verdict, done.switched, done.message) == (DIFFERENT, False, f"{ABANDONED}: why")
    assert world.recorded() == {"state": "finished", "verdict": "drift_left", "message": f"{ABANDONED}: why"}


@pytest.mark.parametrize("step", ["start", "compare", "pause", "lease is held", "switch"])
def test_whatever_fails_before_the_switch_leaves_nothing_half_built(world: World, step: str) -> None:
    world.fails = step
    with pytest.raises(AegisError, match=f"{step} failed"):
        world.rebuild()
    assert world.done[-3:] == CLEARED
    assert "switch" not in world.done
    assert world.recorded()["state"] == "failed"


def test_what_cannot_be_removed_does_not_hide_the_first_error(world: World) -> None:
    def stuck(_seconds: float, _alive: Any = None) -> None:
        raise GroupStuck(Code.COLD_PATH_FAILED, "a builder is left")

    world.fails = "compare"
    before = ScriptedGroup.await_empty
    calls: list[str] = []

    def once(self: ScriptedGroup, seconds: float, alive: Any = None) -> None:
        calls.append(self.name)
        if len(calls) > 1:
            stuck(seconds)
        before(self, seconds, alive)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptedGroup, "await_empty", once)
        with pytest.raises(AegisError, match="compare failed"):
            world.rebuild()
    assert calls == ["builder", "builder"]
