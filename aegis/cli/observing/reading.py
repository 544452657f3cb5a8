"""Reads derived stores from threads of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from aegis.settings import Settings
from aegis.stores.opening import open_store
from aegis.stores.protocol import Store

T = TypeVar("T")


def store_questions(stores: Iterable[str], settings: Settings, read: Callable[[Store], T], timeout: float) -> dict[str, Callable[[], T]]:
    """Store → a question that reads it with `read` and closes it.

    Drivers are imported here, before any clock runs: on a busy machine that alone can take seconds. They connect when the question is asked.
    """
    return {name: partial(_read, open_store(name, settings, timeout=timeout), read) for name in stores}


def _read(store: Store, read: Callable[[Store], T]) -> T:
    try:
        return read(store)
    finally:
        store.close()
