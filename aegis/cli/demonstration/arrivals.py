"""Waits until derived stores hold what PostgreSQL has, and compares the contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from time import monotonic
from typing import Any

import click

from aegis.derivations import project
from aegis.errors import StoreUnavailable
from aegis.record import StoredRecord
from aegis.stamp import Stamp
from aegis.stores.protocol import Store

TABLE = "policies"
PAUSE_SECONDS = 0.02

Stored = dict[str, StoredRecord]
Report = Callable[[str, int, int], None]
"""Told store, keys that arrived, keys in all."""


def wait_for(
    stores: Mapping[str, Store], expected: Mapping[str, Stamp], seconds: float, report: Report = lambda _store, _arrived, _all: None
) -> dict[str, Stored]:
    """Store → key → record, once every store holds each of `expected` (key → stamp) at that stamp or a higher one.

    Raises click's exception naming the store and what it lacks after `seconds`.
    """
    found: dict[str, Stored] = {name: {} for name in stores}
    deadline, pause = monotonic() + seconds, Event()
    while waiting := [name for name in stores if len(found[name]) < len(expected)]:
        for name in waiting:
            found[name] |= _arrived(stores[name], {key: stamp for key, stamp in expected.items() if key not in found[name]})
            report(name, len(found[name]), len(expected))
        if monotonic() > deadline:
            raise click.ClickException(_late(found, expected, seconds))
        pause.wait(PAUSE_SECONDS)
    return found


def _arrived(store: Store, expected: Mapping[str, Stamp]) -> Stored:
    try:
        records = store.fetch(TABLE, list(expected))
    except StoreUnavailable:  # asked again until the deadline, which names the store
        return {}
    return {key: record for key, record in records.items() if record.stamp >= expected[key] and not record.half_deleted}


def _late(found: Mapping[str, Stored], expected: Mapping[str, Stamp], seconds: float) -> str:
    lacking = {name: sorted(expected.keys() - records.keys()) for name, records in found.items()}
    lines = [f"{name} lacks {len(keys)} of {len(expected)} policies, {keys[0]} among them" for name, keys in lacking.items() if keys]
    return f"after {seconds:.0f} s {'; '.join(lines)}. `aegis status` shows lag, `aegis doctor` what is wrong"


def seconds_of(record: StoredRecord) -> float | None:
    """Commit in PostgreSQL → applied in the store."""
    committed = record.position.committed_at
    return None if committed is None else (record.applied_at - committed).total_seconds()


def differing(name: str, store: Store, rows: Mapping[str, Mapping[str, Any]], stored: Stored) -> list[str]:
    """Keys whose stored content is not what the row, projected anew, says."""
    return [key for key, row in rows.items() if stored[key].content != _expected(name, store, row)]


def _expected(name: str, store: Store, row: Mapping[str, Any]) -> Any:
    content = project(TABLE, name, row)
    return None if content is None else store.stored_form(TABLE, content)
