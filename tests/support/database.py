"""Databases of a test's own: one migrated template a session, a clone of it per test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from aegis.migrations import migrate


def in_database(dsn: str, name: str) -> str:
    """`dsn`, pointing at database `name` of the same server."""
    return make_conninfo(dsn, dbname=name)


@contextmanager
def database(owner_dsn: str, template: str | None = None) -> Iterator[str]:
    """Name of a new database, dropped afterwards: empty, or cloned from `template`."""
    name = f"aegis_test_{uuid4().hex[:10]}"
    clause = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
    _as_owner(owner_dsn, sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), clause))
    try:
        yield name
    finally:
        _as_owner(owner_dsn, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _as_owner(dsn: str, statement: sql.Composed) -> None:
    """In a session of its own: one that is kept for a whole session of tests dies with the server, or with the database, that a test takes down."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def migrated_template(owner_dsn: str) -> Iterator[str]:
    """Name of a migrated database that nobody connects to, to clone from."""
    with database(owner_dsn) as name:
        migrate(in_database(owner_dsn, name))
        yield name
