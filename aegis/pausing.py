"""Pausing a stream app: its workers leave their consumer group for as long as somebody holds a lease, so that the group's offsets can be moved.

A lease ends by itself when its holder no longer renews it: a holder that was killed pauses nobody for long.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.rows import class_row

from aegis.errors import AegisError, Code
from aegis.queries import queries

LEASE_SECONDS = 30.0
RENEWALS_PER_LEASE = 6
PATIENCE_SECONDS = 5


class AppPaused(AegisError):
    """Another holder pauses the app."""


class LeaseLost(AegisError):
    """The lease ended before its holder was done: PostgreSQL was not reached for so long."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody's lease of an app."""

    app: str
    holder: str
    reason: str
    until: datetime


def connect(dsn: str) -> psycopg.Connection[Any]:
    """A connection that gives up after `PATIENCE_SECONDS`, per statement too. Raises psycopg.Error."""
    options = f"-c statement_timeout={PATIENCE_SECONDS * 1000}"
    return psycopg.connect(dsn, connect_timeout=PATIENCE_SECONDS, autocommit=True, options=options, application_name="aegis pausing")


def pause_of(connection: psycopg.Connection[Any], app: str) -> Pause | None:
    """The lease under which `app` is paused now; None where there is none. Raises psycopg.Error."""
    with connection.cursor(row_factory=class_row(Pause)) as cursor:
        return cursor.execute(queries("pausing")["pause"], {"app": app}).fetchone()


class Lease:
    """Pauses `app` from `with` to its end. Workers notice within a second or two; that they have left, only the group itself can tell."""

    def __init__(self, dsn: str, app: str, holder: str, reason: str, seconds: float = LEASE_SECONDS) -> None:
        self._dsn = dsn
        self._app = app
        self._values = {"app": app, "holder": holder, "reason": reason, "seconds": seconds}
        self._seconds = seconds
        self._ends = 0.0
        self._done = Event()
        self._thread = Thread(target=self._renew, name=f"lease of {app}", daemon=True)

    def __enter__(self) -> Self:
        """Raises `AppPaused` where another holder's lease has not ended, and psycopg.Error."""
        with connect(self._dsn) as connection:
            self._take(connection)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Release it. Where PostgreSQL cannot be reached, it ends by itself."""
        self._done.set()
        self._thread.join()
        with suppress(psycopg.Error), connect(self._dsn) as connection:
            connection.execute(queries("pausing")["release"], self._values)

    @property
    def held(self) -> bool:
        """Whether it has been renewed in time so far."""
        return monotonic() < self._ends

    def check(self) -> None:
        """Raises `LeaseLost` where it is not `held`."""
        if not self.held:
            raise LeaseLost(
                Code.COLD_PATH_FAILED, f"the lease of app {self._app} ended: PostgreSQL was not reached for {self._seconds:.0f} s. Run the command again"
            )

    def _take(self, connection: psycopg.Connection[Any]) -> None:
        began = monotonic()
        if connection.execute(queries("pausing")["take"], self._values).fetchone() is None:
            other = pause_of(connection, self._app)
            if other is not None:
                raise AppPaused(
                    Code.COLD_PATH_FAILED,
                    f"app {self._app} is paused by {other.holder} ({other.reason}) until {other.until.astimezone():%H:%M:%S} at least: "
                    "wait for it to end; if its process is dead, the lease ends then",
                )
            self._take(connection)  # it ended meanwhile
        else:
            self._ends = began + self._seconds

    def _renew(self) -> None:
        """On a connection of its own, anew after a failure; once the lease has ended it is not taken again: the app may be back in its group."""
        connection: psycopg.Connection[Any] | None = None
        while self.held and not self._done.wait(self._seconds / RENEWALS_PER_LEASE):
            began = monotonic()
            try:
                connection = connection or connect(self._dsn)
                if not connection.execute(queries("pausing")["renew"], self._values).rowcount:
                    self._ends = 0.0
                else:
                    self._ends = began + self._seconds
            except psycopg.Error:
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()
