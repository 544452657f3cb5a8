"""The reference store, with Redis' projections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from aegis.derivations import shapes
from aegis.errors import ChangeRejected, Code
from aegis.record import Record
from aegis.stores.memory import MemoryStore
from tests.contract.opened import Opened


def refuse_poison(record: Record) -> ChangeRejected | None:
    """Rejects contents that say that they are poison."""
    if record.content is None or "poison" not in record.content:
        return None
    return ChangeRejected(Code.CONSISTENCY_CHECK_FAILED, f"{record.table} {record.key}: field poison cannot be stored; remove it")


def _poison(record: Record) -> Record:
    return replace(record, content={**(record.content or {}), "poison": True})


@contextmanager
def open_memory(unique: str) -> Iterator[Opened]:
    """A dict needs no names."""
    store = MemoryStore(frozenset(shapes("redis")), name=f"memory-{unique}", rejects=refuse_poison)

    def seen(table: str, key: str) -> bool:
        return any(record.content is not None for record in store.fetch(table, [key]).values())

    yield Opened(store, "redis", lambda: store, _poison, seen, examples=100)
