"""Tombstones on the real stack: kept while the log has anything of them, gone from every store once it has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from aegis.derivations import STORES
from aegis.inspection import Listed
from aegis.offsets import Offsets, topics_of
from aegis.settings import Settings
from aegis.stores.opening import opened
from aegis.stores.protocol import Store
from batch.expiry import LogView
from batch.purge import Order, pairs, purge
from batch.reach import Partition
from batch.runs import Verdict
from tests.e2e.conftest import Cli
from tests.support.wait import until

pytestmark = pytest.mark.stack

Owner = psycopg.Connection[dict[str, Any]]
FAR = 10**15


class AllBut:
    """Says that the log has a correction of every row whose key is not of this test."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def __contains__(self, row: tuple[str, str]) -> bool:
        return not row[1].startswith(self._prefix)


def expired(stack: Settings, prefix: str) -> LogView:
    """A log of which retention has taken everything away, but for the rows of others."""
    places = Offsets(stack.kafka_bootstrap_servers).ends(frozenset[str]().union(*(topics_of(store) for store in STORES)))
    partitions = {place: Partition(place, FAR, FAR + 1, datetime.now(UTC) + timedelta(days=1)) for place in places}
    return LogView(partitions, {}, {}, FAR * FAR, datetime.now(UTC) + timedelta(days=1), False, AllBut(prefix))


@pytest.fixture
def prefix(owner: Owner) -> Iterator[str]:
    """Begins the keys of this test's rows, which are deleted at its end."""
    name = f"e2e-purge-{uuid4().hex[:8]}-"
    yield name
    owner.execute("DELETE FROM policies WHERE starts_with(policy_id, %s)", (name,))


@pytest.fixture
def stores(stack: Settings) -> Iterator[dict[str, Store]]:
    with ExitStack() as stack_of_stores:
        yield {name: stack_of_stores.enter_context(opened(name, stack)) for name in STORES}


def listed(stores: dict[str, Store], *keys: str) -> dict[str, dict[str, Listed]]:
    return {name: dict(store.inspect("policies", keys)) for name, store in stores.items()}


def await_tombstones(stores: dict[str, Store], *keys: str) -> None:
    """Until every store shows nothing of `keys` and has a stamp for each."""
    until(
        lambda: all(found.keys() == set(keys) and not any(one.visible for one in found.values()) for found in listed(stores, *keys).values()),
        30,
        "the tombstones in every store",
    )


def insert(owner: Owner, *keys: str, status: str = "active") -> None:
    with owner.cursor() as cursor:
        cursor.executemany("INSERT INTO policies (policy_id, source, title, status) VALUES (%s, 'e2e', '지워질 정책', %s)", [(key, status) for key in keys])


def test_expired_tombstones_are_taken_out_of_every_store_and_withdrawn_rows_keep_theirs(
    stack: Settings, owner: Owner, stores: dict[str, Store], prefix: str, cli: Cli
):
    # GIVEN two deleted rows, a withdrawn one, and one that is deleted by somebody else
    mine = f"{prefix}mine-"
    deleted, withdrawn, other = (f"{mine}a", f"{mine}b"), f"{mine}withdrawn", f"{prefix}other"
    insert(owner, *deleted, other)
    insert(owner, withdrawn, status="rejected")
    for key in (*deleted, other):
        owner.execute("DELETE FROM policies WHERE policy_id = %s", (key,))
    await_tombstones(stores, *deleted, withdrawn, other)

    # WHEN the log still has them, THEN they are kept
    kept = json.loads(cli("purge", "--table", "policies", "--older-than", "0", "--dry-run", "--json").stdout)
    assert kept["verdict"] == "clean"
    for tables in kept["stores"].values():
        assert tables["policies"]["kept"]["the log still has its delete, and may have what is older"] >= 3

    # WHEN it has not, and nobody asks for a change, THEN they are counted
    order = Order(pairs((), ("policies",)), timedelta(0))
    dry = purge(stack, Order(order.pairs, order.older_than, dry_run=True), view=lambda: expired(stack, mine))
    assert {(tally.expired, tally.purged) for tally in dry.tallies.values()} == {(2, 0)}
    # AND WHEN asked for, THEN they are gone from every store, and nothing else is
    done = purge(stack, order, view=lambda: expired(stack, mine))
    assert done.verdict is Verdict.CLEAN
    assert {(tally.expired, tally.purged) for tally in done.tallies.values()} == {(2, 2)}
    assert {name: set(found) for name, found in listed(stores, *deleted, withdrawn, other).items()} == {name: {withdrawn, other} for name in STORES}
    told = owner.execute("SELECT store, before FROM audit_logs WHERE action = 'purge' AND run_id = %s", (done.run_id,)).fetchall()
    assert {row["store"]: set(row["before"]["stamps"]) for row in told} == {name: set(deleted) for name in STORES}
    run = owner.execute("SELECT kind, state, verdict, summary FROM ops.runs WHERE run_id = %s", (done.run_id,)).fetchone()
    assert run is not None
    assert (run["kind"], run["state"], run["verdict"], run["summary"]["redis"]["policies"]["purged"]) == ("purge", "finished", "clean", 2)

    # AND a row of the same key is like any new one
    insert(owner, deleted[0])
    until(lambda: all(found and found[deleted[0]].visible for found in listed(stores, deleted[0]).values()), 30, "the new row in every store")
