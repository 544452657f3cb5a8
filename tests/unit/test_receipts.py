"""What a store's app gives receipts for, and what it does when the log does not take them."""

from __future__ import annotations

import pytest

from aegis.errors import ChangeRejected, Code, LogUnavailable, Undecodable
from aegis.receipt import RECEIPTS_SUBJECT, Receipt, receipt_of
from aegis.record import Record
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from stream_apps.applier import Applier
from stream_apps.brake import Brake
from tests.support import debezium
from tests.unit.stream_world import MemoryOutlet


class MemoryReceipts:
    def __init__(self) -> None:
        self.published: list[Receipt] = []
        self.away = False

    def publish(self, receipt: Receipt) -> None:
        if self.away:
            raise LogUnavailable(Code.SOURCE_UNAVAILABLE, "Kafka took 0 of 1 messages")
        self.published.append(receipt)


def bad(record: Record) -> bool:
    return record.content is not None and "bad" in str(record.content)


class World:
    def __init__(self) -> None:
        reason = ChangeRejected(Code.REDIS_SYNC_FAILED, "as scripted")
        store = MemoryStore(frozenset({"policies", "users"}), name="redis", rejects=lambda record: reason if bad(record) else None)
        self.receipts = MemoryReceipts()
        self.outlet = MemoryOutlet()
        self.applier = Applier(store, debezium.codec(), self.outlet, Brake(least=100), lambda: debezium.COMMITTED_AT, receipts=self.receipts)

    def deliver(self, *messages: debezium.Message) -> None:
        self.applier.apply(self.applier.prepare(messages))

    def held(self) -> list[tuple[str, str]]:
        return [(key, str(stamp)) for receipt in self.receipts.published for key, stamp in receipt.held]


def test_a_batch_gives_one_receipt_with_the_newest_stamp_of_each_policy() -> None:
    world = World()
    world.deliver(debezium.create("policies", "P-1", 3), debezium.update("policies", "P-1", 3, 4), debezium.create("policies", "P-2", 5))
    [receipt] = world.receipts.published
    assert receipt == Receipt("redis", debezium.COMMITTED_AT, [("P-1", Stamp(4, Rank.UPSERT)), ("P-2", Stamp(5, Rank.UPSERT))])


def test_tombstones_deletes_and_what_is_stale_count_with_their_stamp() -> None:
    world = World()
    world.deliver(debezium.create("policies", "P-1", 3, status="rejected"))
    world.deliver(debezium.delete("policies", "P-1", 3))
    world.deliver(debezium.create("policies", "P-1", 3))
    assert world.held() == [("P-1", "3/upsert"), ("P-1", "3/delete"), ("P-1", "3/upsert")]


def test_what_the_store_rejected_has_no_receipt_until_its_compensation_was_applied() -> None:
    world = World()
    world.deliver(debezium.create("policies", "P-1", 3, title="bad"), debezium.create("policies", "P-2", 4))
    assert world.held() == [("P-2", "4/upsert")]
    world.deliver(debezium.correction(world.outlet.corrections[0]))
    assert world.held()[1:] == [("P-1", "3/compensation")]


def test_other_tables_and_batches_without_a_policy_give_none() -> None:
    world = World()
    world.deliver(debezium.create("users", "U-1", 3))
    world.deliver(debezium.create("policies", "P-1", 4, title="bad"))
    assert world.receipts.published == []


def test_a_log_that_takes_no_receipt_makes_the_batch_one_to_be_tried_again() -> None:
    world = World()
    world.receipts.away = True
    with pytest.raises(LogUnavailable):
        world.deliver(debezium.create("policies", "P-1", 3))
    world.receipts.away = False
    world.deliver(debezium.create("policies", "P-1", 3))
    assert world.held() == [("P-1", "3/upsert")]


def test_a_receipt_survives_the_log() -> None:
    receipt = Receipt("redis", debezium.COMMITTED_AT, [("P-1", Stamp(4, Rank.DELETE))])
    assert receipt_of(debezium.codec().decode(debezium.encoder(RECEIPTS_SUBJECT).encode(receipt.record()))) == receipt


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"store": "memory", "answered_at": debezium.COMMITTED_AT, "held": []}, "no derived store"),
        ({"store": "redis", "answered_at": debezium.COMMITTED_AT, "held": [{"key": "P-1", "stamp": 0}]}, "version 0"),
    ],
)
def test_what_is_no_receipt_is_undecodable(record: dict[str, object], named: str) -> None:
    with pytest.raises(Undecodable, match=named):
        receipt_of(record)
