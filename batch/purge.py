"""Takes away expired tombstones: by corrections to the one store, applied by its app like everything else, and verified afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from aegis.change import Change, Operation
from aegis.correction import correction_for
from aegis.correction_log import open_correction_log
from aegis.derivations import CAPTURED
from aegis.queries import queries
from aegis.record import StoredRecord
from aegis.registry import Registry
from aegis.row_keys import RowKeys
from aegis.settings import Settings
from aegis.stores.opening import opened
from aegis.stores.protocol import Store
from batch.compare import Pair
from batch.confirm import Waits
from batch.expiry import LogView, Reason, is_of_a_delete, may_go
from batch.log_view import observe
from batch.progress import Progress, Silent
from batch.repair import KeyBytes, Publishes
from batch.runs import RECONCILE_LOCK, Verdict, enter, open_run
from batch.truth import open_truth
from batch.watermark import watermark

AT_ONCE = 500
"""Tombstones in one batch of corrections, and in one row of the audit log."""
VERIFIED_AT_ONCE = 5_000
"""Tombstones that are waited for together."""
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be purged."""

    pairs: Sequence[Pair]
    older_than: timedelta
    dry_run: bool = False
    wait_seconds: float = 0.0
    """For another run to end."""

    def options(self) -> dict[str, Any]:
        """For `ops.runs`."""
        return {"pairs": [f"{one.store}.{one.table}" for one in self.pairs], "older_than_days": self.older_than / timedelta(days=1), "dry_run": self.dry_run}


@dataclass(slots=True)
class Tally:
    """What became of the tombstones of one table in one store."""

    looked_at: int = 0
    expired: int = 0
    """Those that may go."""
    purged: int = 0
    """Those that are gone, or were overwritten meanwhile; verified."""
    kept: Counter[Reason] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        """As JSON values; reasons in words."""
        kept = {reason.value: count for reason, count in self.kept.most_common()}
        return {"looked_at": self.looked_at, "expired": self.expired, "purged": self.purged, "kept": kept}


@dataclass(frozen=True, slots=True)
class Purged:
    """What came of a run."""

    run_id: str
    verdict: Verdict
    tallies: Mapping[Pair, Tally]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"run_id": self.run_id, "verdict": self.verdict.value, "stores": _by_store(self.tallies)}


@dataclass(slots=True)
class Purge:
    """One run under way."""

    order: Order
    run_id: str
    connection: psycopg.Connection[dict[str, Any]]
    waits: Waits
    corrections: Publishes
    key_bytes: KeyBytes
    progress: Progress
    now: datetime
    tallies: dict[Pair, Tally] = field(default_factory=dict)

    def go(self, stores: Mapping[str, Store], view: LogView) -> Verdict:
        """Purge every pair. Clean: everything that may go is gone (of a dry run: is counted)."""
        for pair in self.order.pairs:
            self.tallies[pair] = Tally()
            self._purge(pair, stores[pair.store], view)
        unverified = sum(tally.expired - tally.purged for tally in self.tallies.values())
        return Verdict.DRIFT_LEFT if unverified and not self.order.dry_run else Verdict.CLEAN

    def _purge(self, pair: Pair, store: Store, view: LogView) -> None:
        tally, before = self.tallies[pair], self.now - self.order.older_than
        batch: list[StoredRecord] = []
        published: dict[str, int] = {}
        for stored in store.scan(pair.table):
            if not is_of_a_delete(stored):
                continue
            tally.looked_at += 1
            if (reason := may_go(stored, view, before)) is not None:
                tally.kept[reason] += 1
                continue
            tally.expired += 1
            if self.order.dry_run:
                continue
            batch.append(stored)
            if len(batch) == AT_ONCE:
                published |= self._forget(pair, batch)
                batch = []
            if len(published) >= VERIFIED_AT_ONCE:
                self._verify(pair, store, published)
                published = {}
        published |= self._forget(pair, batch)
        self._verify(pair, store, published)

    def _forget(self, pair: Pair, tombstones: Sequence[StoredRecord]) -> dict[str, int]:
        """Audit, then publish. Key → packed stamp."""
        stamps = {one.key: one.stamp.packed for one in tombstones}
        if stamps:
            audit = {"store": pair.store, "table": pair.table, "before": Jsonb({"stamps": stamps}), "run_id": self.run_id}
            self.connection.execute(queries("purge")["audit"], audit)
            self.corrections.publish([forgetting(one, pair.store, self.key_bytes(one.table, one.key), self.run_id) for one in tombstones])
        return stamps

    def _verify(self, pair: Pair, store: Store, published: Mapping[str, int]) -> None:
        """Wait until the store's app has dealt with them, and look."""
        if not published:
            return
        self.waits.pass_log(frozenset({pair.store}))
        keys = list(published)
        for start in range(0, len(keys), AT_ONCE):
            chunk = keys[start : start + AT_ONCE]
            listed = store.inspect(pair.table, chunk)
            self.tallies[pair].purged += sum(key not in listed or listed[key].stamp != published[key] for key in chunk)
        self.progress.step(f"tombstones of {pair.table} in {pair.store}", self.tallies[pair].purged, self.tallies[pair].purged)


def forgetting(tombstone: StoredRecord, store: str, key_bytes: bytes, run_id: str) -> Change:
    """The correction that takes `tombstone` away, if it is still the same one."""
    change = correction_for(store, tombstone.table, tombstone.key, key_bytes, f"purge {run_id}: the tombstone has nothing left to keep out")
    return replace(change, stamp=tombstone.stamp, operation=Operation.FORGET, expected=tombstone.stamp.packed)


def purge(settings: Settings, order: Order, progress: Progress | None = None, *, view: Callable[[], LogView] | None = None) -> Purged:
    """Purge as `order` says; recorded in `ops.runs`. `view`: another log than the settings', for tests.

    Raises `RunInProgress`, `NotSettled`, `StoreUnavailable`, `LogUnavailable`, `RegistryUnavailable`, psycopg.Error, KafkaException and httpx.HTTPError; the
    run is then recorded as failed. What was published by then is done all the same, and a next run goes on.
    """
    told = progress or Silent()
    dsn = settings.postgres_operator_dsn.get_secret_value()
    with ExitStack() as stack:
        run = stack.enter_context(open_run(dsn, "purge", order.options(), lock=RECONCILE_LOCK, wait_seconds=order.wait_seconds))
        truth = stack.enter_context(open_truth(dsn))
        registry = Registry(settings.schema_registry_url)
        stack.callback(registry.close)
        waits = watermark(settings.connect_url, settings.kafka_bootstrap_servers, seconds=PATIENCE_SECONDS, tell=lambda what, left: told.step(what, left, 0))
        work = Purge(order, run.run_id, run.connection, waits, open_correction_log(settings), RowKeys(registry).key_bytes, told, datetime.now(UTC))
        try:
            enter(run, told, "log")
            seen = view() if view is not None else observe(settings, waits, truth.wal_position, told.step)
            enter(run, told, "purge")
            run.verdict = work.go({name: stack.enter_context(opened(name, settings)) for name in {pair.store for pair in order.pairs}}, seen)
        finally:
            run.summary = _by_store(work.tallies)
        return Purged(run.run_id, run.verdict, work.tallies)


def pairs(stores: Sequence[str], tables: Sequence[str]) -> tuple[Pair, ...]:
    """All pairs of the stores and tables that there are a projection for; none named: all."""
    return tuple(
        Pair(store, table.name)
        for table in CAPTURED.values()
        for store in table.projections
        if (not stores or store in stores) and (not tables or table.name in tables)
    )


def _by_store(tallies: Mapping[Pair, Tally]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for pair, tally in tallies.items():
        document.setdefault(pair.store, {})[pair.table] = tally.document()
    return document
