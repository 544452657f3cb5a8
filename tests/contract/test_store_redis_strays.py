"""What is nobody's in Redis, and yet there: values without a register, such as a count could overlook too, and registers in hashes of other buckets."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis

from aegis.claim import bucket_of, claim_of
from aegis.inspection import ASTRAY, NO_STAMP, Listed, Sum
from aegis.record import APPLIED
from aegis.settings import settings
from aegis.stores import redis_inspection, redis_strays
from tests.contract.mixed import of_every_kind, recomputed, said
from tests.contract.open_redis import open_redis
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack
EVERYWHERE = range(ASTRAY, 4096)
STRAY = Listed("stray", NO_STAMP, visible=True)
MANY = 8_100
"""More registers than a script may give a command at once."""

Between = Callable[[Callable[[], object]], None]


@pytest.fixture
def unique() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def own(unique: str) -> Iterator[Opened]:
    with open_redis(unique) as opened:
        yield opened


@pytest.fixture
def hand() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings().redis_url.get_secret_value()) as client:
        yield client


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    """A way to say what somebody else does between the two walks of a comparison, whichever comes first."""
    pending: list[Callable[[], object]] = []

    def stepping(walk: Callable[..., Any]) -> Callable[..., Any]:
        def walking(*arguments: Any) -> Any:
            found = walk(*arguments)
            while pending:
                pending.pop()()
            return found

        return walking

    for name in ("counted", "walked"):
        monkeypatch.setattr(redis_inspection, name, stepping(getattr(redis_inspection, name)))
    return pending.append


def told(own: Opened) -> tuple[Sum | None, list[Listed]]:
    """What a comparison is told of what is astray."""
    return own.store.sums("policies").buckets.get(ASTRAY), list(own.store.listing("policies", [ASTRAY]))


def stray(own: Opened) -> None:
    assert own.stray is not None
    own.stray("policies", "stray")


def test_where_no_value_lacks_a_register_no_name_is_looked_up(own: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = list[str]()
    monkeypatch.setattr(redis_strays, "bucket_of", lambda key: looked_up.append(key) or bucket_of(key))
    of_every_kind(own, 60)
    assert told(own) == (None, [])
    assert looked_up == []
    stray(own)
    assert told(own) == (Sum(1, 0, 1), [STRAY])
    assert set(looked_up) >= {"stray"}


@pytest.mark.parametrize("table", ["users", "business_rules"])
def test_a_table_without_a_generation_has_no_stray_overlooked(own: Opened, hand: redis.Redis, unique: str, table: str) -> None:
    of_every_kind(own, 60, table)
    assert ASTRAY not in said(own.store.sums(table))
    hand.delete(f"{unique}:{'user' if table == 'users' else 'business_rule'}:K-4")
    assert own.stray is not None
    own.stray(table, "stray")
    assert own.store.sums(table).buckets[ASTRAY] == Sum(1, 0, 1)
    assert list(own.store.listing(table, [ASTRAY])) == [STRAY]


@pytest.mark.parametrize("look", ["sums", "listing"])
@pytest.mark.parametrize("table", ["policies", "users"])
def test_a_stray_is_found_though_a_record_that_came_meanwhile_makes_the_counts_equal(own: Opened, between: Between, look: str, table: str) -> None:
    own.store.apply([upsert(own, "P-1", 7, table=table)])
    assert own.stray is not None
    own.stray(table, "stray")
    between(lambda: own.store.apply([upsert(own, "P-2", 8, table=table)]))
    found = own.store.sums(table).buckets[ASTRAY].records if look == "sums" else len(list(own.store.listing(table, [ASTRAY])))
    assert found == 1


@pytest.mark.parametrize("look", ["sums", "listing"])
def test_a_stray_is_found_though_a_value_expired_meanwhile(own: Opened, hand: redis.Redis, unique: str, between: Between, look: str) -> None:
    own.store.apply([upsert(own, "P-1", 7), upsert(own, "P-2", 8)])
    stray(own)
    between(lambda: hand.delete(f"{unique}:policy:P-1"))
    found = own.store.sums("policies").buckets[ASTRAY].records if look == "sums" else len(list(own.store.listing("policies", [ASTRAY])))
    assert found == 1


def test_a_record_that_is_forgotten_while_names_are_looked_up_is_no_stray(own: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    own.store.apply([upsert(own, "P-1", 7), upsert(own, "P-2", 8)])
    stray(own)
    lacking = redis_strays._lacking

    def forgetting(client: Any, names: Any, keys: list[str]) -> list[str]:
        if "P-1" in keys:
            assert own.store.forget("policies", {"P-1": 28}) == 1
        return lacking(client, names, keys)

    monkeypatch.setattr(redis_strays, "_lacking", forgetting)
    assert own.store.sums("policies").buckets[ASTRAY] == Sum(1, 0, 1)
    assert own.store.inspect("policies", ["P-1"]) == {}


def test_keys_with_many_lines_are_told_apart(own: Opened) -> None:
    records = [upsert(own, key, 5 + n) for n, key in enumerate(["a\nb", "a", "b", "\n", "키\n"])]
    own.store.apply(records)
    assert {one.key: one.stamp for one in own.store.listing("policies", EVERYWHERE)} == {record.key: record.stamp.packed for record in records}
    assert own.store.sums("policies") == recomputed(own.store)
    assert own.stray is not None
    own.stray("policies", "s\nt")
    assert list(own.store.listing("policies", [ASTRAY])) == [Listed("s\nt", NO_STAMP, visible=True)]


def made_by_hand(hand: redis.Redis, unique: str, bucket: int) -> dict[str, int]:
    """Very many registers in one hash, with stamps of four ranks; every third has a value. Returns key -> claim, without tombstones of deletes."""
    claims = {f"M-{n}": n for n in range(MANY)}
    registers = {key: f'{{"stamp":{n + 100},"bucket":{bucket},"claim":{n},"applied_at":""}}' for n, key in enumerate(claims)}
    hand.hset(f"{unique}:aegis:registers:policies:{bucket}", mapping=registers)
    hand.mset({f"{unique}:policy:M-{n}": "{}" for n in range(0, MANY, 3)})
    return {key: claim for key, claim in claims.items() if claim % 4 != 3 or claim % 3 == 0}


@pytest.mark.parametrize("odd", [False, True], ids=["in-the-server", "in-python"])
def test_a_bucket_with_very_many_registers_is_summed_and_listed(own: Opened, hand: redis.Redis, unique: str, odd: bool) -> None:
    claims = made_by_hand(hand, unique, 7)
    if odd:
        hand.hset(f"{unique}:aegis:registers:policies:7", "키", "어제 고침")
    sums = own.store.sums("policies")
    assert said(sums) == {7: Sum(len(claims), sum(claims.values()), MANY // 3), **({ASTRAY: Sum(1, 0, 0)} if odd else {})}
    assert sums.highest == 100 + MANY - 1
    found = list(own.store.listing("policies", [7]))
    assert {one.key: one.visible for one in found} == {key: claim % 3 == 0 for key, claim in claims.items()}
    assert len(found) == len(claims)
    assert own.store.count("policies").visible == MANY // 3
    assert own.store.count("policies").tombstones == MANY - MANY // 3 + odd


def test_a_listing_that_the_server_gives_in_small_pieces_leaves_nothing_out(own: Opened, hand: redis.Redis, unique: str) -> None:
    crowded = range(2, 30, 3)
    made = {f"{bucket}-{n}": bucket for bucket in crowded for n in range(900)}
    for bucket in crowded:
        keys = [key for key, of in made.items() if of == bucket]
        hand.hset(f"{unique}:aegis:registers:policies:{bucket}", mapping=dict.fromkeys(keys, f'{{"stamp":4,"bucket":{bucket},"claim":1,"applied_at":""}}'))
    own.store.apply([upsert(own, f"P-{n}", 7 + n) for n in range(40)])
    found = list(own.store.listing("policies", EVERYWHERE))
    assert len(found) == len(made) + 40
    assert {one.key for one in found} == {*made, *(f"P-{n}" for n in range(40))}
    assert sum(one.records for one in own.store.sums("policies").buckets.values()) == len(found)


def test_a_listing_that_is_left_early_spoils_no_later_answer(own: Opened, hand: redis.Redis, unique: str) -> None:
    for bucket in (1, 2, 3):
        hand.hset(f"{unique}:aegis:registers:policies:{bucket}", mapping={f"{bucket}-{n}": "" for n in range(1_100)})
    listing = own.store.listing("policies", EVERYWHERE)
    assert next(listing).key.startswith("1-")
    assert isinstance(listing, Generator)
    listing.close()
    record = upsert(own, "P-1", 7)
    assert own.store.apply([record]) == [APPLIED]
    assert own.store.inspect("policies", ["P-1"]) == {"P-1": Listed("P-1", 28, visible=True)}
    assert own.store.count("policies").tombstones == 3_300


def test_a_bucket_of_delete_stamps_counts_those_that_readers_see(own: Opened, hand: redis.Redis, unique: str) -> None:
    own.store.apply([tombstone("P-1", 7), upsert(own, "P-2", 2)])
    hand.set(f"{unique}:policy:P-1", "{}")
    assert said(own.store.sums("policies"))[bucket_of("P-1")] == Sum(1, claim_of("P-1", 7).claim, 1)
    assert list(own.store.listing("policies", [bucket_of("P-1")])) == [Listed("P-1", 31, visible=True)]


@pytest.mark.parametrize("named", [True, False], ids=["names-that-hash", "names-its-own-bucket"])
@pytest.mark.parametrize("with_record", [True, False])
def test_a_register_in_another_buckets_hash_is_found_and_forgotten(own: Opened, hand: redis.Redis, unique: str, named: bool, with_record: bool) -> None:
    record, other = upsert(own, "P-1", 7), bucket_of("P-1") ^ 5
    own.store.apply([record])
    bucket, claim = record.claim
    register = f'{{"stamp":28,"bucket":{other if named else bucket},"claim":{claim},"applied_at":""}}'
    hand.hset(f"{unique}:aegis:registers:policies:{other}", "P-1", register)
    if not with_record:
        own.store.forget("policies", {"P-1": 28})
    place = other if named else ASTRAY
    assert own.store.sums("policies").buckets[place].records == 1
    assert list(own.store.listing("policies", [place])) == [Listed("P-1", NO_STAMP, visible=with_record)]
    copy = {"P-1": Listed("P-1", 28, visible=True, copies=2) if with_record else Listed("P-1", NO_STAMP, visible=False)}
    assert own.store.inspect("policies", ["P-1", "P-2"]) == copy
    assert [held.key for held in own.store.scan("policies")] == (["P-1"] if with_record else [])
    with_no_memory = own.again()
    assert with_no_memory.forget("policies", {"P-1": NO_STAMP, "P-2": NO_STAMP}) == 1
    with_no_memory.close()
    sound = {"P-1": Listed("P-1", 28, visible=True)} if with_record else {}
    assert own.store.inspect("policies", ["P-1"]) == sound
    assert own.store.sums("policies") == recomputed(own.store)
    assert own.store.apply([upsert(own, "P-1", 7)]) == [APPLIED]


def test_hashes_that_were_renamed_are_put_right_by_what_a_comparison_does(own: Opened, hand: redis.Redis, unique: str) -> None:
    records = [upsert(own, f"P-{n}", 7 + n) for n in range(40)]
    own.store.apply(records)
    moved = bucket_of("P-3")
    hand.rename(f"{unique}:aegis:registers:policies:{moved}", f"{unique}:aegis:registers:policies:{moved ^ 1}")
    found = {one.key for one in own.store.listing("policies", EVERYWHERE) if one.stamp == NO_STAMP}
    assert "P-3" in found
    own.store.forget("policies", dict.fromkeys(found, NO_STAMP))
    own.store.apply(records)
    assert {one.key: one.stamp for one in own.store.listing("policies", EVERYWHERE)} == {record.key: record.stamp.packed for record in records}
    assert own.store.sums("policies") == recomputed(own.store)
