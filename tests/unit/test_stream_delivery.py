from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_apps.delivery import Delivery, Ledger

HERE = ("topic", 0)


def delivery(*offsets: int, partition: tuple[str, int] = HERE) -> Delivery:
    return Delivery(partition, [SimpleNamespace(offset=offset, key=b"k", value=b"v", headers=(("h", b"1"),)) for offset in offsets])


def entered(*deliveries: Delivery) -> Ledger:
    ledger = Ledger()
    for one in deliveries:
        ledger.deliver(one)
    return ledger


def test_nothing_acknowledged_is_nothing_to_commit() -> None:
    assert entered(delivery(10, 11)).position(HERE) is None


def test_a_position_is_the_next_offset_to_read() -> None:
    first = delivery(10, 11)
    ledger = entered(first)
    ledger.acknowledge(first)
    assert ledger.position(HERE) == 12


@pytest.mark.parametrize("missing", [0, 1])
def test_a_position_never_moves_over_what_was_not_acknowledged(missing: int) -> None:
    deliveries = [delivery(10), delivery(11), delivery(12)]
    ledger = entered(*deliveries)
    for number, one in enumerate(deliveries):
        if number != missing:
            ledger.acknowledge(one)
    assert ledger.position(HERE) == (None if missing == 0 else 11)
    ledger.acknowledge(deliveries[missing])
    assert ledger.position(HERE) == 13


def test_a_gap_in_the_log_is_no_obstacle() -> None:
    first, second = delivery(10), delivery(15, 19)
    ledger = entered(first, second)
    ledger.acknowledge(first)
    ledger.acknowledge(second)
    assert ledger.position(HERE) == 20


def test_partitions_do_not_wait_for_each_other() -> None:
    here, there = delivery(1), delivery(5, partition=("topic", 1))
    ledger = entered(here, there)
    ledger.acknowledge(there)
    assert (ledger.position(HERE), ledger.position(("topic", 1))) == (None, 6)


def test_what_was_revoked_can_be_finished_and_what_was_forgotten_can_not() -> None:
    first, second = delivery(1), delivery(2)
    ledger = entered(first, second)
    ledger.revoke()
    assert first.revoked
    assert second.revoked
    ledger.acknowledge(first)
    assert ledger.position(HERE) == 2
    ledger.forget()
    ledger.acknowledge(second)
    assert ledger.position(HERE) is None
    assert ledger.outstanding == 0


def test_a_late_acknowledgement_does_not_count_for_a_new_delivery_of_the_same_offsets() -> None:
    old, new = delivery(1), delivery(1)
    ledger = entered(old)
    ledger.revoke()
    ledger.forget()
    ledger.deliver(new)
    ledger.acknowledge(old)
    assert (ledger.position(HERE), ledger.outstanding) == (None, 1)


def test_acknowledging_twice_counts_once() -> None:
    first, second = delivery(1, 2), delivery(3)
    ledger = entered(first, second)
    ledger.acknowledge(first)
    ledger.acknowledge(first)
    assert ledger.outstanding == 1


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=8), order=st.randoms(use_true_random=False))
def test_in_whatever_order_the_position_is_where_the_unbroken_run_ends(sizes: list[int], order) -> None:
    deliveries, offset = [], 0
    for size in sizes:
        deliveries.append(delivery(*range(offset, offset + size)))
        offset += size
    ledger = entered(*deliveries)
    shuffled = list(deliveries)
    order.shuffle(shuffled)
    for one in shuffled:
        ledger.acknowledge(one)
        run = 0
        for candidate in deliveries:
            if not candidate.acknowledged:
                break
            run = candidate.last + 1
        assert ledger.position(HERE) == (run or None)
    assert ledger.outstanding == 0


def test_a_delivery_gives_messages_with_their_place_and_headers() -> None:
    [first, second] = delivery(7, 8).messages()
    assert (str(first), first.key, first.value, first.headers) == ("topic[0]@7", b"k", b"v", {"h": b"1"})
    assert second.offset == 8
