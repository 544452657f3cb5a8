"""A session of the operator in PostgreSQL, for the apps whose sink is a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from aegis.errors import Code, StoreUnavailable

CONNECT_TIMEOUT_SECONDS = 5


class OperatorSession:
    """One connection, made anew when asked to. `name`: as PostgreSQL shows the session."""

    def __init__(self, dsn: str, name: str, timeout_seconds: float) -> None:
        self._dsn = dsn
        self._name = name
        self._options = f"-c statement_timeout={int(timeout_seconds * 1000)}"
        self._connection: psycopg.Connection[Any] | None = None

    def open(self) -> None:
        """Connect anew. Raises `StoreUnavailable`."""
        self.close()
        try:
            self._connection = psycopg.connect(self._dsn, connect_timeout=CONNECT_TIMEOUT_SECONDS, options=self._options, application_name=self._name)
        except psycopg.OperationalError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[Any]]:
        """A cursor in a transaction that is committed at the end. Raises `StoreUnavailable`; other errors of PostgreSQL pass through."""
        assert self._connection is not None
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                yield cursor
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise _unavailable(error) from error


def _unavailable(error: psycopg.Error) -> StoreUnavailable:
    return StoreUnavailable(Code.SOURCE_UNAVAILABLE, f"PostgreSQL: {type(error).__name__}: {error}; see `make status`")
