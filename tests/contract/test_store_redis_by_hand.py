"""What people do to Redis' keys by hand, and what a comparison is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis

from aegis.claim import bucket_of
from aegis.inspection import ASTRAY, NO_STAMP, Listed, Sum
from aegis.record import APPLIED, STALE
from aegis.settings import settings
from tests.contract.mixed import recomputed, said
from tests.contract.open_redis import open_redis
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack
EVERYWHERE = range(ASTRAY, 4096)


@pytest.fixture
def unique() -> str:
    return f"t[{uuid4().hex[:12]}]"


@pytest.fixture
def own(unique: str) -> Iterator[Opened]:
    with open_redis(unique) as opened:
        yield opened


@pytest.fixture
def hand() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings().redis_url.get_secret_value()) as client:
        yield client


def hash_of(unique: str, key: str) -> str:
    """Where the register of `key` is."""
    return f"{unique}:aegis:registers:policies:{bucket_of(key)}"


BUCKET = bucket_of("x")
REGISTERS: dict[str, str | bytes | None] = {
    "none": None,
    "empty": "",
    "no-json": "어제 고침",
    "no-text": b"\xff\x00",
    "without-a-stamp": f'{{"bucket":{BUCKET},"claim":2}}',
    "of-an-impossible-stamp": f'{{"stamp":3,"bucket":{BUCKET},"claim":2,"applied_at":"2026-11-21T00:00:00Z"}}',
    "beyond-64-bits": f'{{"stamp":9223372036854775808,"bucket":{BUCKET},"claim":2,"applied_at":"2026-11-21T00:00:00Z"}}',
    "beyond-a-claim": f'{{"stamp":4,"bucket":{BUCKET},"claim":4294967296,"applied_at":"2026-11-21T00:00:00Z"}}',
    "of-no-bucket": '{"stamp":4,"bucket":4096,"claim":2,"applied_at":"2026-11-21T00:00:00Z"}',
    "of-another-bucket": f'{{"stamp":4,"bucket":{BUCKET ^ 1},"claim":2,"applied_at":"2026-11-21T00:00:00Z"}}',
    "of-another-bucket-deleted": f'{{"stamp":7,"bucket":{BUCKET ^ 1},"claim":2,"applied_at":"2026-11-21T00:00:00Z"}}',
}
"""The register of a key x, made by hand."""


@pytest.mark.parametrize("written", [True, False], ids=["with-a-value", "without-a-value"])
@pytest.mark.parametrize("register", REGISTERS.values(), ids=REGISTERS)
def test_what_has_no_readable_register_is_astray_and_is_forgotten_and_put_back(
    own: Opened, hand: redis.Redis, unique: str, register: str | bytes | None, written: bool
) -> None:
    own.store.apply([upsert(own, "P-1", 7), tombstone("P-2", 8)])
    if register is not None:
        hand.hset(hash_of(unique, "x"), "x", register)
    if written:
        hand.set(f"{unique}:policy:x", b"\xff\x00")
    there = written or register is not None
    expected = {"x": Listed("x", NO_STAMP, visible=written)} if there else {}

    def told() -> None:
        assert own.store.inspect("policies", ["x"]) == expected
        assert {one.key: one for one in own.store.listing("policies", [ASTRAY])} == expected
        assert own.store.sums("policies").buckets.get(ASTRAY) == (Sum(1, 0, int(written)) if there else None)

    told()
    assert set(own.store.fetch("policies", ["P-1", "P-2", "x"])) == {"P-1", "P-2"}
    assert {held.key for held in own.store.scan("policies")} == {"P-1", "P-2"}
    assert own.store.count("policies").visible >= 1
    images = json.loads(json.dumps(dict(own.store.images("policies", ["x"]))))
    assert own.store.forget("policies", dict.fromkeys(["P-1", "P-2", "x"], NO_STAMP)) == len(expected)
    assert said(own.store.sums("policies")) == said(recomputed(own.store))
    assert own.store.restore("policies", images) == len(expected)
    told()
    own.store.forget("policies", {"x": NO_STAMP})
    assert own.store.apply([upsert(own, "x", 1)]) == [APPLIED]


def test_a_register_copied_to_another_key_is_no_record_of_that_key(own: Opened, hand: redis.Redis, unique: str) -> None:
    own.store.apply([upsert(own, "P-1", 7)])
    hand.hset(hash_of(unique, "x"), "x", hand.hget(hash_of(unique, "P-1"), "P-1"))
    hand.copy(f"{unique}:policy:P-1", f"{unique}:policy:x")
    found = Listed("x", NO_STAMP, visible=True)
    assert own.store.inspect("policies", ["x"]) == {"x": found}
    assert list(own.store.listing("policies", [ASTRAY])) == [found]
    assert list(own.store.listing("policies", [bucket_of("x")])) == []
    assert own.store.sums("policies").buckets[ASTRAY] == Sum(1, 0, 1)
    assert set(own.store.fetch("policies", ["P-1", "x"])) == {"P-1"}
    assert own.store.forget("policies", {"x": NO_STAMP, "P-1": NO_STAMP}) == 1


@pytest.mark.parametrize("value", ["", "어제 고침", "[1]", '"text"', b"\xff"])
def test_a_value_that_is_no_json_object_is_content_that_nobody_projects(own: Opened, hand: redis.Redis, unique: str, value: str | bytes) -> None:
    record = upsert(own, "P-1", 7)
    own.store.apply([record])
    hand.set(f"{unique}:policy:P-1", value)
    held = own.store.fetch("policies", ["P-1"])["P-1"]
    assert held.stamp == record.stamp
    assert held.content is not None
    assert held.content != record.content
    images = own.store.images("policies", ["P-1"])
    assert own.store.forget("policies", {"P-1": record.stamp.packed}) == 1
    assert own.store.restore("policies", json.loads(json.dumps(dict(images)))) == 1
    assert hand.get(f"{unique}:policy:P-1") == (value if isinstance(value, bytes) else value.encode())


def test_a_value_that_expired_is_told_as_not_visible(own: Opened, hand: redis.Redis, unique: str) -> None:
    record = upsert(own, "P-1", 7)
    own.store.apply([record])
    hand.delete(f"{unique}:policy:P-1")
    assert own.store.inspect("policies", ["P-1"]) == {"P-1": Listed("P-1", record.stamp.packed, visible=False)}
    assert own.store.sums("policies").buckets[bucket_of("P-1")].visible == 0


def test_the_generation_is_raised_by_what_readers_see_go_or_come(own: Opened, hand: redis.Redis, unique: str) -> None:
    own.store.apply([upsert(own, "P-1", 7), tombstone("P-2", 8)])

    def generation() -> int:
        return int(hand.get(f"{unique}:policies:generation"))

    first, dead, live = generation(), own.store.images("policies", ["P-2"]), own.store.images("policies", ["P-1"])
    assert own.store.forget("policies", {"P-1": 29, "P-2": 35}) == 1
    assert own.store.restore("policies", {**dead, **live}) == 1
    assert generation() == first
    own.store.forget("policies", {"P-1": 28})
    assert generation() == first + 1
    own.store.restore("policies", live)
    assert generation() == first + 2


def test_names_that_are_no_text_are_passed_over(own: Opened, hand: redis.Redis, unique: str) -> None:
    own.store.apply([upsert(own, "P-1", 7)])
    for name in (b"\xff\xfe", b"P\n\xff"):
        hand.hset(hash_of(unique, "P-1"), name, hand.hget(hash_of(unique, "P-1"), "P-1"))
        hand.set(f"{unique}:policy:".encode() + name, "x")
    assert said(own.store.sums("policies")) == said(recomputed(own.store))
    assert [one.key for one in own.store.listing("policies", EVERYWHERE)] == ["P-1"]


def test_a_poison_record_over_an_unreadable_register_is_rejected_and_not_called_stale(own: Opened, hand: redis.Redis, unique: str) -> None:
    hand.hset(hash_of(unique, "P-1"), "P-1", "어제 고침")
    assert own.store.apply([own.poison(upsert(own, "P-1", 1))])[0].reason is not None
    own.store.apply([upsert(own, "P-1", 2)])
    assert own.store.apply([own.poison(upsert(own, "P-1", 1))]) == [STALE]
