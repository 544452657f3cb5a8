from __future__ import annotations

import pytest

from aegis.errors import LogUnavailable, StoreUnavailable
from aegis.message import Message
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from stream_apps.applier import Applier
from stream_apps.brake import Brake, TooManyRejections
from tests.support import debezium
from tests.unit.stream_world import MemoryOutlet, World

ALL = ("milvus", "neo4j", "elasticsearch", "redis")


def bad(record: Record) -> bool:
    """A record whose title says so."""
    return record.content is not None and "bad" in str(record.content)


def everywhere(value: object) -> dict[str, object]:
    return dict.fromkeys(ALL, value)


def test_a_change_is_applied_everywhere() -> None:
    world = World()
    world.deliver(debezium.create("policies", "P-1", 3, title="one"))
    assert world.titles("P-1") == everywhere("one")
    assert world.registers("policies", "P-1") == everywhere((Stamp(3, Rank.UPSERT), True))


def test_a_create_that_one_store_rejects_is_withdrawn_from_all() -> None:
    world = World({"elasticsearch": bad})
    world.deliver(debezium.create("policies", "P-1", 3, title="bad"))
    assert world.registers("policies", "P-1") == everywhere((Stamp(3, Rank.COMPENSATION), False))
    [letter] = [one.letter for one in world.outlet.letters]
    assert (letter.store, letter.key, letter.version, letter.rank, letter.code) == ("elasticsearch", "P-1", 3, "UPSERT", "DP_3003")


def test_an_update_that_one_store_rejects_falls_back_to_what_was_before() -> None:
    world = World({"neo4j": bad})
    world.deliver(debezium.create("policies", "P-1", 3, title="one"))
    world.deliver(debezium.update("policies", "P-1", 3, 4, before={"title": "one"}, title="bad"))
    assert world.titles("P-1") == everywhere("one")
    assert world.registers("policies", "P-1") == everywhere((Stamp(4, Rank.COMPENSATION), True))


def test_a_fallback_that_another_store_rejects_is_withdrawn_from_all() -> None:
    world = World({"neo4j": lambda record: "new" in str(record.content), "redis": lambda record: "old" in str(record.content)})
    world.deliver(debezium.update("policies", "P-1", 3, 4, before={"title": "old"}, title="new"))
    assert world.registers("policies", "P-1") == everywhere((Stamp(4, Rank.COMPENSATION), False))
    assert {(one.letter.store, one.letter.rank) for one in world.outlet.letters} == {("neo4j", "UPSERT"), ("redis", "COMPENSATION")}


def test_neighbours_of_a_rejected_change_are_applied() -> None:
    world = World({"elasticsearch": bad})
    world.deliver(*(debezium.create("policies", f"P-{number}", number, title="bad" if number == 3 else "good") for number in range(1, 6)))
    assert [world.titles(f"P-{number}") for number in (1, 2, 4, 5)] == [everywhere("good")] * 4
    assert world.titles("P-3") == everywhere(None)


def test_a_newer_version_resolves_what_was_held() -> None:
    world = World({"elasticsearch": bad})
    world.deliver(debezium.create("policies", "P-1", 3, title="bad"))
    world.deliver(debezium.update("policies", "P-1", 3, 5, before={"title": "bad"}, title="good"))
    assert world.titles("P-1") == everywhere("good")


def test_a_lagging_store_drops_what_was_compensated_meanwhile() -> None:
    world = World({"elasticsearch": bad})
    message = debezium.create("policies", "P-1", 3, title="bad")
    for store in ("elasticsearch", "neo4j", "milvus"):
        world.apply(store, [message])
    correction = debezium.correction(world.outlet.corrections[0])
    for store in ALL:
        world.apply(store, [correction])
    assert world.apply("redis", [message]).verdicts == {"stale": 1}
    assert world.titles("P-1") == everywhere(None)


def test_a_delete_beats_the_compensation_of_its_version() -> None:
    world = World({"elasticsearch": bad})
    world.deliver(debezium.create("policies", "P-1", 3, title="bad"), debezium.delete("policies", "P-1", 3, title="bad"))
    assert world.registers("policies", "P-1") == everywhere((Stamp(3, Rank.DELETE), False))


def test_a_row_that_the_model_refuses_is_rejected_like_any_other() -> None:
    world = World()
    world.deliver(debezium.create("policies", "P-1", 3, created_at="no time"))
    assert world.registers("policies", "P-1") == everywhere((Stamp(3, Rank.COMPENSATION), False))
    assert {one.letter.store for one in world.outlet.letters} == set(ALL)
    assert all("created_at" in one.letter.message for one in world.outlet.letters)


def test_a_row_that_no_store_shall_show_is_a_tombstone_at_its_own_stamp() -> None:
    world = World()
    world.deliver(debezium.create("policies", "P-1", 3, status="rejected"))
    assert world.registers("policies", "P-1") == everywhere((Stamp(3, Rank.UPSERT), False))
    assert world.outlet.letters == []


def test_undecodable_bytes_become_a_dead_letter_with_their_position_and_no_compensation() -> None:
    world = World()
    junk = Message("aegis.public.policies", 2, 77, b"key", b"\1\2\3")
    report = world.apply("redis", [junk, debezium.create("policies", "P-1", 3)])
    [letter] = [one.letter for one in world.outlet.letters]
    assert (letter.topic, letter.partition, letter.offset, letter.key_bytes, letter.value_bytes) == ("aegis.public.policies", 2, 77, b"key", b"\1\2\3")
    assert world.outlet.corrections == []
    assert report.verdicts == {"applied": 1, "undecodable": 1}


def test_a_table_without_a_projection_makes_nothing() -> None:
    world = World()
    assert world.apply("milvus", [debezium.create("users", "U-1", 3)]).verdicts == {"ignored": 1}


def test_a_dead_letter_carries_the_trace_of_its_message_on() -> None:
    world = World({"redis": bad})
    record = debezium.envelope("c", None, debezium.row("policies", "P-1", 3, title="bad"))
    world.apply("redis", [debezium.message("policies", "P-1", record, traceparent=b"00-aa-bb-01")])
    assert world.outlet.letters[0].trace == "00-aa-bb-01"
    assert world.outlet.corrections[0].trace == "00-aa-bb-01"


def test_a_report_counts_every_message() -> None:
    world = World({"redis": bad})
    messages = [
        debezium.create("policies", "P-1", 3),
        debezium.update("policies", "P-1", 3, 4),
        debezium.create("policies", "P-2", 5, title="bad"),
        Message("aegis.public.policies", 0, 9, b"P-1", None),
    ]
    report = world.apply("redis", messages)
    assert report.verdicts == {"applied": 1, "superseded": 1, "rejected": 1, "ignored": 1}
    assert (report.messages, report.newest_committed_at) == (4, debezium.COMMITTED_AT)


class Unpublishing(MemoryOutlet):
    def publish(self, letters, corrections) -> None:
        raise LogUnavailable("DP_1001", "no broker")


def test_a_batch_whose_dead_letter_is_not_durable_is_not_done() -> None:
    world = World({"redis": bad})
    applier = Applier(world.stores["redis"], debezium.codec(), Unpublishing(), Brake(least=100))
    prepared = applier.prepare([debezium.create("policies", "P-1", 3, title="bad"), debezium.create("policies", "P-2", 4)])
    with pytest.raises(LogUnavailable):
        applier.apply(prepared)


def test_a_store_that_is_away_is_no_reason_for_a_dead_letter() -> None:
    world = World()

    class Away:
        name = "redis"

        def apply(self, records):
            raise StoreUnavailable("DP_3005", "connection refused")

    applier = Applier(Away(), debezium.codec(), world.outlet, Brake(least=100))
    with pytest.raises(StoreUnavailable):
        applier.apply(applier.prepare([debezium.create("policies", "P-1", 3)]))
    assert world.outlet.letters == world.outlet.corrections == []


def test_a_store_that_rejects_most_of_what_comes_stops_the_worker_before_anything_is_withdrawn() -> None:
    world = World({"redis": bad})
    with pytest.raises(TooManyRejections, match="redis rejected 150 of the last 200 changes"):
        world.apply("redis", [debezium.create("policies", f"P-{number}", number + 1, title="bad" if number < 150 else "good") for number in range(200)])
    assert world.outlet.letters == world.outlet.corrections == []
