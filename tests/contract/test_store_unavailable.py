"""A server that cannot answer makes `StoreUnavailable`, in bounded time; repeating the batch afterwards is safe."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

import pytest

from aegis.errors import STORE_CODES, StoreUnavailable
from aegis.inspection import ASTRAY
from aegis.record import APPLIED
from aegis.stores.protocol import Image, Store
from tests.contract.opened import Opened
from tests.contract.records import upsert
from tests.support.proxy import Proxy

CALLS: dict[str, Callable[[Store, Opened], object]] = {
    "prepare": lambda store, _: store.prepare(),
    "apply": lambda store, opened: store.apply([upsert(opened, "P-1", 1)]),
    "fetch": lambda store, _: store.fetch("policies", ["P-1"]),
    "scan": lambda store, _: list(store.scan("policies")),
    "count": lambda store, _: store.count("policies"),
    "sums": lambda store, _: store.sums("policies"),
    "listing": lambda store, _: list(store.listing("policies", [ASTRAY, 1])),
    "inspect": lambda store, _: store.inspect("policies", ["P-1"]),
    "forget": lambda store, _: store.forget("policies", {"P-1": 4}),
    "images": lambda store, _: store.images("policies", ["P-1"]),
    "restore": lambda store, opened: store.restore("policies", image(opened)),
}


def image(opened: Opened) -> Mapping[str, Image]:
    """An image of a record that is no longer there."""
    record = upsert(opened, "P-1", 1)
    opened.store.apply([record])
    found = opened.store.images("policies", ["P-1"])
    opened.store.forget("policies", {"P-1": record.stamp.packed})
    return found


BOUND = 15.0
"""Seconds: an opener's `at` has a timeout of about 2 s."""


@contextmanager
def unanswered(opened: Opened, port: int) -> Iterator[Store]:
    assert opened.at is not None
    store = opened.at(port)
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_port_is_an_unavailable_store(served: Opened, call: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = monotonic()
    with unanswered(served, port) as store, pytest.raises(StoreUnavailable) as caught:
        CALLS[call](store, served)
    assert caught.value.code is STORE_CODES[served.store.name]
    assert monotonic() - started < BOUND


@pytest.mark.parametrize("call", ["apply", "fetch"])
def test_a_server_that_never_answers_is_an_unavailable_store_in_bounded_time(served: Opened, call: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        started = monotonic()
        with unanswered(served, silent.getsockname()[1]) as store, pytest.raises(StoreUnavailable):
            CALLS[call](store, served)
    assert monotonic() - started < BOUND


def test_a_reply_lost_after_the_write_is_made_good_by_repeating_the_batch(served: Opened) -> None:
    """GIVEN a healthy store behind a proxy, WHEN its replies are lost, THEN the batch is unavailable, and repeating it once the way is open converges."""
    assert served.server is not None
    batch = [upsert(served, f"P-{n}", n + 1) for n in range(20)]
    with Proxy(*served.server) as proxy, unanswered(served, proxy.port) as store:
        assert store.apply([upsert(served, "P-0", 1)]) == [APPLIED]

        proxy.lose_replies()
        with pytest.raises(StoreUnavailable):
            store.apply(batch)

        proxy.heal()
        assert store.apply(batch) == [APPLIED] * 20
    assert {held.key: held.stamp for held in served.store.scan("policies")} == {record.key: record.stamp for record in batch}


def test_a_connection_cut_between_batches_is_opened_again(served: Opened) -> None:
    assert served.server is not None
    with Proxy(*served.server) as proxy, unanswered(served, proxy.port) as store:
        assert store.apply([upsert(served, "P-0", 1)]) == [APPLIED]
        proxy.cut()
        try:
            outcomes = store.apply([upsert(served, "P-0", 2)])
        except StoreUnavailable:
            outcomes = store.apply([upsert(served, "P-0", 2)])
        assert outcomes == [APPLIED]
