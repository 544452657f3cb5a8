"""What is remembered of a source, in PostgreSQL: over restarts, and for all processes."""

from __future__ import annotations

from dataclasses import asdict
from threading import Lock

import psycopg
from psycopg.rows import TupleRow

from aegis.queries import queries
from collectors.http.record import Record
from collectors.http.state import Transition
from collectors.validators import NO_VALIDATORS, Validators

Connection = psycopg.Connection[TupleRow]


class StoredState:
    """The state of one source. See `SourceState` for what its methods promise."""

    def __init__(self, connection: Connection, source: str) -> None:
        """`connection` must be in autocommit mode, and of nobody else: what is counted stays counted whatever becomes of a page."""
        self._connection = connection
        self._source = source
        self._sql = queries("sources")
        self._lock = Lock()
        self._entered = False

    def change(self, transition: Transition) -> Record:
        """One short transaction; other processes that ask the same source wait for it."""
        with self._lock, self._connection.transaction():
            kept = self._held()
            made = transition(kept)
            if made != kept:
                self._connection.execute(self._sql["write"], {"source": self._source, **asdict(made)})
        return made

    def validators(self, resource: str) -> Validators:
        """See `SourceState`."""
        with self._lock:
            row = self._connection.execute(self._sql["validators"], {"source": self._source, "resource": resource}).fetchone()
        return Validators(*row) if row else NO_VALIDATORS

    def remember(self, resource: str, validators: Validators) -> None:
        """See `SourceState`. What has not been remembered anew for 90 days goes."""
        parameters = {"source": self._source, "resource": resource}
        with self._lock, self._connection.transaction():
            self._connection.execute(self._sql["forget"], parameters)
            if validators:
                self._connection.execute(self._sql["remember"], {**parameters, **asdict(validators)})

    def listed(self, begun: float) -> None:
        """Note that a listing begun at `begun`, seconds since the epoch, was read whole."""
        with self._lock:
            self._connection.execute(self._sql["listed"], {"source": self._source, "begun": begun})

    def _held(self) -> Record:
        if not self._entered:
            self._connection.execute(self._sql["enter"], {"source": self._source})
            self._entered = True
        row = self._connection.execute(self._sql["hold"], {"source": self._source}).fetchone()
        assert row is not None  # nobody may delete states
        return Record(*row)
