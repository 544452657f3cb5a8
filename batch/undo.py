"""Undoes the repairs of a run: puts back what was there before, where nothing newer came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aegis.change import Change, Operation
from aegis.correction import correction_for
from aegis.correction_log import open_correction_log
from aegis.errors import AegisError, Code
from aegis.queries import queries
from aegis.registry import Registry
from aegis.row_keys import RowKeys
from aegis.settings import Settings
from aegis.stores.opening import opened
from aegis.stores.protocol import Store
from batch.progress import Progress, Silent
from batch.repair import KeyBytes, Publishes
from batch.runs import RECONCILE_LOCK, Run, Verdict, enter, open_run
from batch.watermark import watermark

KEYS_PER_READ = 200


class NothingToUndo(AegisError):
    """There is no such run, or it repaired nothing."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """One repair, as `audit_logs` has it."""

    audit_id: int
    store: str
    table: str
    key: str
    before: Any
    """The store's own image; None: nothing was there."""
    stamp: int | None
    """Packed, that the repair left; None: it left nothing, or a new version of the row came through the log."""
    touched: bool


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of it."""

    run_id: str
    restored: int
    overtaken: int
    """Left alone: something newer came, or the row itself was touched."""
    undo_run_id: str | None

    def as_document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"run_id": self.run_id, "restored": self.restored, "overtaken": self.overtaken, "undo_run_id": self.undo_run_id}


def changes_of(one: Repaired, run_id: str, key_bytes: bytes) -> list[Change]:
    """What takes a repair back. The store itself leaves alone what has another stamp by now, and puts nothing where something stands."""
    change = correction_for(one.store, one.table, one.key, key_bytes, f"undo of {run_id}")
    changes = [] if one.stamp is None else [replace(change, operation=Operation.FORGET, expected=one.stamp)]
    if one.before is not None:
        changes.append(replace(change, operation=Operation.RESTORE, restored=orjson.dumps(one.before).decode()))
    return changes


def undo(settings: Settings, run_id: str, *, dry_run: bool = False, wait_seconds: float = 0.0, progress: Progress | None = None) -> Undone:
    """Undo run `run_id`, and say what came of it. Raises `NothingToUndo`, and what `reconcile` raises."""
    told = progress or Silent()
    dsn = settings.postgres_operator_dsn.get_secret_value()
    with ExitStack() as stack:
        stores = _Stores(stack, settings)
        if dry_run:
            connection = stack.enter_context(psycopg.connect(dsn, autocommit=True, row_factory=dict_row))
            return _undo(connection, run_id, stores, told, lambda _page: None)
        run = stack.enter_context(open_run(dsn, "undo", {"run": run_id}, lock=RECONCILE_LOCK, wait_seconds=wait_seconds))
        registry = stack.enter_context(closing(Registry(settings.schema_registry_url)))
        corrections, keys = open_correction_log(settings), RowKeys(registry)
        enter(run, told, "undo")
        undone = _undo(run.connection, run_id, stores, told, lambda page: _publish(run, run_id, page, corrections, keys.key_bytes))
        waits = watermark(settings.connect_url, settings.kafka_bootstrap_servers, seconds=300.0, tell=lambda what, left: told.step(what, left, 0))
        waits.pass_log(stores.names)
        run.summary = {"run": run_id, "restored": undone.restored, "overtaken": undone.overtaken}
        run.verdict = Verdict.CLEAN
        return replace(undone, undo_run_id=run.run_id)


def _undo(
    connection: psycopg.Connection[dict[str, Any]], run_id: str, stores: _Stores, told: Progress, publish: Callable[[Sequence[Repaired]], None]
) -> Undone:
    restored = overtaken = 0
    for page in _pages(connection, run_id):
        possible = as_left(page, stores.get)
        publish(possible)
        restored += len(possible)
        overtaken += len(page) - len(possible)
        told.step("repairs", restored + overtaken, 0)
    return Undone(run_id, restored, overtaken, None)


class _Stores:
    """Opens each store when it is first asked for."""

    def __init__(self, stack: ExitStack, settings: Settings) -> None:
        self._stack = stack
        self._settings = settings
        self._opened: dict[str, Store] = {}

    @property
    def names(self) -> frozenset[str]:
        """Those that were asked for."""
        return frozenset(self._opened)

    def get(self, name: str) -> Store:
        """The store `name`."""
        if name not in self._opened:
            self._opened[name] = self._stack.enter_context(opened(name, self._settings))
        return self._opened[name]


def _pages(connection: psycopg.Connection[dict[str, Any]], run_id: str) -> Iterator[list[Repaired]]:
    """Repairs of the run, of one store and table a page, the last of each key first. Raises `NothingToUndo`."""
    after, found = 0, False
    while True:
        rows = connection.execute(queries("undo")["repairs"], {"run_id": run_id, "after": after, "limit": KEYS_PER_READ}).fetchall()
        if not rows:
            break
        found = True
        yield [
            Repaired(row["audit_id"], row["store"], row["table_name"], row["key"], row["before"], row["after"].get("stamp"), "version" in row["after"])
            for row in rows
        ]
        after = rows[-1]["audit_id"]
    if not found:
        raise NothingToUndo(Code.BATCH_ERROR, f"run {run_id} repaired nothing, or there is no such run: `aegis reconcile` prints the run's name")


def as_left(page: Sequence[Repaired], store: Callable[[str], Store]) -> list[Repaired]:
    """Those of `page` that are as the repair left them."""
    left: list[Repaired] = []
    for name, table in dict.fromkeys((one.store, one.table) for one in page):
        mine = [one for one in page if (one.store, one.table) == (name, table) and not one.touched]
        listed = store(name).inspect(table, [one.key for one in mine])
        left += [one for one in mine if (listed[one.key].stamp if one.key in listed else None) == one.stamp]
    return left


def _publish(run: Run, run_id: str, page: Sequence[Repaired], corrections: Publishes, key_bytes: KeyBytes) -> None:
    if not page:
        return
    rows = [
        {
            "action": "undo",
            "store": one.store,
            "table": one.table,
            "key": one.key,
            "before": Jsonb({"stamp": one.stamp}),
            "after": None if one.before is None else Jsonb(one.before),
            "reason": f"undo of {run_id}",
            "run_id": run.run_id,
        }
        for one in page
    ]
    with run.connection.transaction(), run.connection.cursor() as cursor:
        cursor.executemany(queries("reconcile")["audit"], rows)
    corrections.publish([change for one in page for change in changes_of(one, run_id, key_bytes(one.table, one.key))])
