"""Pauses a store's app for a run, also where the lease of a run that was killed has not ended yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event
from time import monotonic
from typing import Protocol

from aegis.pausing import LEASE_SECONDS, AppPaused, Lease

WAIT_SECONDS = 2 * LEASE_SECONDS
"""A dead holder's lease ends by itself well before."""
PAUSE_SECONDS = 0.5


class Held(Protocol):
    """A lease that is held."""

    def check(self) -> None:
        """Raises where it was lost."""
        ...


Pause = Callable[[str], AbstractContextManager[Held]]
"""Run id → a lease: as long as it is held, the app's workers stay out of their group."""


@contextmanager
def lease(dsn: str, store: str, reason: str, holder: str, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[Lease]:
    """The lease of the app of `store`. Waits for another holder's to end. Raises `AppPaused` where it does not, and psycopg.Error."""
    deadline, pause = monotonic() + wait_seconds, Event()
    while True:
        held = Lease(dsn, store, holder, reason)
        try:
            held.__enter__()
        except AppPaused:
            if monotonic() > deadline:
                raise
            pause.wait(PAUSE_SECONDS)
        else:
            break
    try:
        yield held
    finally:
        held.__exit__(None, None, None)
