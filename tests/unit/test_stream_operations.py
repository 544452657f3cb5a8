"""Forgetting and restoring on their way through a stream app: before the writes of their batch, in the order of the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from aegis.change import Change, Operation
from aegis.collapse import collapse
from aegis.message import Message
from aegis.position import SourcePosition
from aegis.stamp import VERSION_LIMIT, Rank, Stamp
from aegis.stores.memory import MemoryStore
from stream_apps.applier import Applier
from stream_apps.brake import Brake
from stream_apps.operations import Call, perform
from tests.support import debezium
from tests.unit.stream_world import MemoryOutlet, World

IMPOSSIBLE = Stamp(VERSION_LIMIT - 1, Rank.UPSERT)
REDIS = frozenset({"redis"})


def asked(operation: Operation, key: str, *, table: str = "policies", expected: int = 0, restored: str | None = None) -> Message:
    position = SourcePosition("t", 0, 0)
    change = Change(table, key, Stamp(1, Rank.REPAIR), None, None, position, debezium.key_bytes(table, key), REDIS, "run 1")
    return debezium.correction(replace(change, operation=operation, expected=expected, restored=restored))


def forget(key: str, expected: Stamp, **more: Any) -> Message:
    return asked(Operation.FORGET, key, expected=expected.packed, **more)


def repair(key: str, version: int, title: str) -> Message:
    image = debezium.row("policies", key, version, title=title)
    change = Change("policies", key, Stamp(version, Rank.REPAIR), None, image, SourcePosition("t", 0, 0), debezium.key_bytes("policies", key), REDIS, "run 1")
    return debezium.correction(change)


def planted(key: str, version: int, title: str) -> Message:
    """What somebody wrote into the store behind the pipeline's back, by its own way in."""
    return debezium.create("policies", key, version, title=title)


class Recording(MemoryStore):
    """Keeps the calls for operations; images are JSON, as those of real stores."""

    def __init__(self) -> None:
        super().__init__(frozenset({"policies", "users"}), name="redis")
        self.calls: list[tuple[str, str, Mapping[str, Any]]] = []

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        self.calls.append(("forget", table, dict(expected)))
        return super().forget(table, expected)

    def restore(self, table: str, images: Mapping[str, Any]) -> int:
        self.calls.append(("restore", table, dict(images)))
        return len(images) - 1


def test_an_impossible_stamp_is_forgotten_and_rewritten_in_one_batch() -> None:
    world = World()
    world.apply("redis", [planted("P-1", IMPOSSIBLE.version, "corrupted")])
    report = world.apply("redis", [repair("P-1", 7, "right"), forget("P-1", IMPOSSIBLE)])
    assert world.titles("P-1")["redis"] == "right"
    assert world.registers("policies", "P-1")["redis"] == (Stamp(7, Rank.REPAIR), True)
    assert report.verdicts == {"forgotten": 1, "applied": 1}


def test_a_batch_that_is_delivered_again_leaves_what_it_left() -> None:
    world = World()
    world.apply("redis", [planted("P-1", IMPOSSIBLE.version, "corrupted")])
    batch = [forget("P-1", IMPOSSIBLE), repair("P-1", 7, "right")]
    world.apply("redis", batch)
    assert world.apply("redis", batch).verdicts == {"stale": 1, "applied": 1}
    assert world.titles("P-1")["redis"] == "right"


def test_a_forget_of_a_tombstone_never_takes_away_a_newer_write() -> None:
    world = World()
    world.apply("redis", [debezium.delete("policies", "P-1", 3)])
    world.apply("redis", [debezium.create("policies", "P-1", 4, title="again")])
    assert world.apply("redis", [forget("P-1", Stamp(3, Rank.DELETE))]).verdicts == {"stale": 1}
    assert world.titles("P-1")["redis"] == "again"


def test_a_forget_of_a_tombstone_and_a_newer_write_of_the_same_batch_are_both_done() -> None:
    world = World()
    world.apply("redis", [debezium.delete("policies", "P-1", 3)])
    report = world.apply("redis", [debezium.create("policies", "P-1", 4, title="again"), forget("P-1", Stamp(3, Rank.DELETE))])
    assert report.verdicts == {"forgotten": 1, "applied": 1}
    assert world.titles("P-1")["redis"] == "again"


def test_consecutive_operations_of_a_table_are_one_call_and_a_key_that_comes_twice_begins_another() -> None:
    store = Recording()
    applier = Applier(store, debezium.codec(), MemoryOutlet(), Brake(least=100))
    messages = [
        forget("P-1", Stamp(1, Rank.DELETE)),
        repair("P-9", 5, "written after all of them"),
        forget("P-2", Stamp(2, Rank.DELETE)),
        forget("P-1", Stamp(3, Rank.DELETE)),
        asked(Operation.RESTORE, "P-1", restored='{"title":"제목"}'),
        asked(Operation.RESTORE, "P-2", restored="[1]"),
        forget("U-1", Stamp(4, Rank.DELETE), table="users"),
    ]
    report = applier.apply(applier.prepare(messages))
    assert store.calls == [
        ("forget", "policies", {"P-1": 7, "P-2": 11}),
        ("forget", "policies", {"P-1": 15}),
        ("restore", "policies", {"P-1": {"title": "제목"}, "P-2": [1]}),
        ("forget", "users", {"U-1": 19}),
    ]
    assert report.verdicts == {"restored": 1, "stale": 5, "applied": 1}


def test_operations_for_another_store_are_ignored() -> None:
    world = World()
    world.apply("neo4j", [debezium.delete("policies", "P-1", 3)])
    assert world.apply("neo4j", [forget("P-1", Stamp(3, Rank.DELETE))]).verdicts == {"ignored": 1}
    assert world.registers("policies", "P-1")["neo4j"] == (Stamp(3, Rank.DELETE), False)


def test_an_operation_on_a_table_that_the_store_does_not_have_is_ignored() -> None:
    message = asked(Operation.FORGET, "U-1", table="users", expected=7)
    record = debezium.codec().decode(message.value) | {"targets": ["milvus"]}
    message = replace(message, value=debezium.encoder("aegis.corrections-value").encode(record))
    assert World().apply("milvus", [message]).verdicts == {"ignored": 1}


def test_an_image_that_is_no_json_becomes_a_dead_letter_and_its_neighbours_are_done() -> None:
    world = World()
    world.apply("redis", [debezium.delete("policies", "P-2", 3)])
    report = world.apply("redis", [asked(Operation.RESTORE, "P-1", restored="{"), forget("P-2", Stamp(3, Rank.DELETE))])
    [letter] = [one.letter for one in world.outlet.letters]
    assert (letter.topic, letter.key, "policies P-1: image to restore is no JSON" in letter.message) == ("aegis.corrections", None, True)
    assert world.outlet.corrections == []
    assert report.verdicts == {"forgotten": 1, "undecodable": 1}


def test_operations_neither_supersede_writes_nor_are_superseded() -> None:
    operations = [forget("P-1", Stamp(3, Rank.DELETE)), forget("P-1", Stamp(3, Rank.DELETE))]
    collapsed = collapse([operations[0], debezium.create("policies", "P-1", 2), operations[1]], debezium.codec(), "redis")
    assert [change.stamp for _, change in collapsed.newest] == [Stamp(2, Rank.UPSERT)]
    assert (len(collapsed.operations), collapsed.superseded) == (2, 0)


@pytest.mark.parametrize(("stamp", "verdict"), [(Stamp(3, Rank.DELETE), "forgotten"), (Stamp(9, Rank.DELETE), "stale")])
def test_operations_are_counted_by_store_and_verdict(stamp: Stamp, verdict: str) -> None:
    world = World()
    world.apply("redis", [debezium.delete("policies", "P-1", 3)])
    labels = {"target_db": "redis", "status": verdict}
    before = REGISTRY.get_sample_value("db_sync_total", labels) or 0
    world.apply("redis", [forget("P-1", stamp)])
    assert REGISTRY.get_sample_value("db_sync_total", labels) == before + 1


def test_a_correction_tells_nothing_of_the_lag() -> None:
    assert World().apply("redis", [repair("P-1", 7, "right")]).newest_committed_at is None


class Particular(MemoryStore):
    """Its images are objects that name a value."""

    def __init__(self) -> None:
        super().__init__(frozenset({"policies"}), name="redis")
        self.values: dict[str, str] = {}

    def restore(self, table: str, images: Mapping[str, Any]) -> int:
        self.values |= {key: image["value"] for key, image in images.items()}
        return len(images)


def test_an_image_of_another_shape_is_left_out_and_its_neighbours_are_put_back() -> None:
    store = Particular()
    call = Call(Operation.RESTORE, "policies", {"P-1": {"value": "one"}, "P-2": ["of", "another", "release"], "P-3": {"value": "three"}})
    assert perform(store, call) == {"restored": 2, "stale": 1}
    assert store.values == {"P-1": "one", "P-3": "three"}
