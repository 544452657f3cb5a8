from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from aegis.change import Change
from aegis.collapse import collapse, decode
from aegis.derivations import derive
from aegis.message import Message
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from tests.support import debezium

CODEC = debezium.codec()
TABLES = frozenset({"users"})


def users_message(key: str, version: int, rank: Rank, targets: frozenset[str] | None) -> Message:
    """What a key holds is a function of key and stamp, as in the log: two messages of one stamp carry the same change."""
    shown = debezium.row("users", key, version, business_type=f"{key} {version} {rank.name}")
    match rank:
        case Rank.UPSERT:
            return debezium.message("users", key, debezium.envelope("u", None, shown, "users"))
        case Rank.DELETE:
            return debezium.message("users", key, debezium.envelope("d", shown, None, "users"))
        case _:
            after = None if rank is Rank.COMPENSATION and version % 2 else shown
            change = Change("users", key, Stamp(version, rank), None, after, SourcePosition("t", 0, 0), debezium.key_bytes("users", key), targets, "test")
            return debezium.correction(change)


MESSAGES = st.lists(
    st.builds(
        users_message,
        st.sampled_from(["U-1", "U-2", "U-3"]),
        st.integers(1, 5),
        st.sampled_from(list(Rank)),
        st.just(None),
    ),
    max_size=25,
)


def one_by_one(messages: list[Message]) -> MemoryStore:
    store = MemoryStore(TABLES, name="redis")
    for message in messages:
        change = decode(message, CODEC)
        assert change is not None
        store.apply([derive(change, "redis")])
    return store


def registers(store: MemoryStore) -> dict[str, tuple[Stamp, object]]:
    return {record.key: (record.stamp, record.content) for record in store.scan("users")}


@given(messages=MESSAGES, seed=st.integers(0, 2**32), size=st.integers(1, 10))
def test_batches_in_any_order_leave_what_every_message_one_by_one_leaves(messages: list[Message], seed: int, size: int) -> None:
    random = Random(seed)
    redelivered = messages + random.sample(messages, len(messages) // 2)
    random.shuffle(redelivered)
    store = MemoryStore(TABLES, name="redis")
    for start in range(0, len(redelivered), size):
        collapsed = collapse(redelivered[start : start + size], CODEC, "redis")
        assert not collapsed.undecodable
        store.apply([derive(change, "redis") for _, change in collapsed.newest])
    assert registers(store) == registers(one_by_one(messages))


@given(messages=MESSAGES)
def test_a_batch_has_each_key_once_and_accounts_for_every_message(messages: list[Message]) -> None:
    collapsed = collapse(messages, CODEC, "redis")
    keys = [change.key for _, change in collapsed.newest]
    assert len(keys) == len(set(keys))
    assert len(collapsed.newest) + collapsed.superseded + collapsed.ignored + len(collapsed.undecodable) == len(messages)


def test_a_correction_for_another_store_does_not_win() -> None:
    ours, theirs = users_message("U-1", 3, Rank.UPSERT, None), users_message("U-1", 4, Rank.REPAIR, frozenset({"neo4j"}))
    collapsed = collapse([ours, theirs], CODEC, "redis")
    assert [change.stamp for _, change in collapsed.newest] == [Stamp(3, Rank.UPSERT)]
    assert collapsed.ignored == 1


def test_a_correction_for_another_store_alone_in_its_batch_is_ignored() -> None:
    collapsed = collapse([users_message("U-1", 4, Rank.REPAIR, frozenset({"neo4j"}))], CODEC, "redis")
    assert (collapsed.newest, collapsed.ignored) == ([], 1)


def test_undecodable_bytes_leave_their_neighbours_of_the_same_key_alone() -> None:
    good = users_message("U-1", 3, Rank.UPSERT, None)
    bad = Message(good.topic, 0, 9, good.key, b"\0\0\0\0\1")
    collapsed = collapse([good, bad, Message(good.topic, 0, 10, None, b"junk")], CODEC, "redis")
    assert [change.key for _, change in collapsed.newest] == ["U-1"]
    assert [message.offset for message, _ in collapsed.undecodable] == [9, 10]


def test_tombstones_of_the_log_and_operations_without_a_row_are_ignored() -> None:
    good = users_message("U-1", 3, Rank.UPSERT, None)
    tombstone = Message(good.topic, 0, 4, good.key, None)
    truncate = Message(good.topic, 0, 5, None, debezium.message("users", "U-1", debezium.envelope("t", None, None, "users")).value)
    collapsed = collapse([tombstone, truncate], CODEC, "redis")
    assert (collapsed.newest, collapsed.ignored) == ([], 2)


def test_the_same_row_under_two_key_schemas_is_one_row() -> None:
    first, second = users_message("U-1", 3, Rank.UPSERT, None), users_message("U-1", 4, Rank.UPSERT, None)
    other = Message(second.topic, 0, 1, b"\0\0\0\0\x63" + second.key[5:], second.value)
    for order in ([first, other], [other, first]):
        collapsed = collapse(order, CODEC, "redis")
        assert [change.stamp.version for _, change in collapsed.newest] == [4]
        assert collapsed.superseded == 1


def test_of_equal_stamps_the_later_message_wins() -> None:
    earlier = debezium.create("users", "U-1", 3, offset=1)
    later = debezium.create("users", "U-1", 3, offset=2)
    [(message, _)] = collapse([earlier, later], CODEC, "redis").newest
    assert message.offset == 2


def test_a_winner_that_turns_out_undecodable_leaves_its_place_to_the_next() -> None:
    good, corrupt = debezium.create("users", "U-1", 3, offset=1), debezium.create("users", "U-1", 4, offset=2, business_type="Q" * 9)
    corrupt = Message(corrupt.topic, 0, 2, corrupt.key, corrupt.value.replace(b"QQQ", b"\xff\xff\xff"))
    collapsed = collapse([good, corrupt], CODEC, "redis")
    assert [change.stamp.version for _, change in collapsed.newest] == [3]
    assert [message.offset for message, _ in collapsed.undecodable] == [2]
