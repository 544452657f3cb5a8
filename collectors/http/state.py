"""Where a client keeps what it must remember. `sources.py` keeps it in PostgreSQL, over restarts and for all processes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Protocol

from collectors.http.record import Record
from collectors.validators import NO_VALIDATORS, Validators

Transition = Callable[[Record], Record]


class SourceState(Protocol):
    """What is remembered of one source. Safe for several threads; blocks for a round trip at most. PostgreSQL's errors pass through."""

    def change(self, transition: Transition) -> Record:
        """Replace the record by what `transition` makes of it, with nobody in between; returns the new one. What it raises changes nothing."""
        ...

    def validators(self, resource: str) -> Validators:
        """What was remembered of an address without secrets; empty where nothing was."""
        ...

    def remember(self, resource: str, validators: Validators) -> None:
        """Remember the validators of a body, once everything in it has been stored: what they vouch for is not asked for again. Empty ones: forget."""
        ...

    def listed(self, begun: float) -> None:
        """Note that a listing begun at `begun`, seconds since the epoch, was read whole."""
        ...


class MemoryState:
    """Forgets everything with its process: for tests, and for what is asked once."""

    def __init__(self) -> None:
        self.record = Record()
        self._validators: dict[str, Validators] = {}
        self._lock = Lock()

    def change(self, transition: Transition) -> Record:
        """See `SourceState`."""
        with self._lock:
            self.record = transition(self.record)
            return self.record

    def validators(self, resource: str) -> Validators:
        """See `SourceState`."""
        return self._validators.get(resource, NO_VALIDATORS)

    def remember(self, resource: str, validators: Validators) -> None:
        """See `SourceState`."""
        self._validators[resource] = validators

    def listed(self, begun: float) -> None:
        """See `SourceState`; nobody asks for it here."""
