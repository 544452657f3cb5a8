"""Schema migrations of PostgreSQL: the plain SQL files of `sql/migrations`, applied by yoyo, forward only.

Each file is applied and marked in one transaction, under a session-level advisory lock that PostgreSQL releases when the session ends: a run that is
killed leaves nothing half done and nothing locked, and a second run at the same time waits and then finds nothing to do.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import structlog
from psycopg.conninfo import conninfo_to_dict
from yoyo import read_migrations
from yoyo.backends import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import default_migration_table

if TYPE_CHECKING:
    from collections.abc import Iterator

MIGRATIONS = Path(__file__).resolve().parents[1] / "sql" / "migrations"
LOCK = 0x6165676973  # "aegis": one advisory lock of this database
log = structlog.get_logger(__name__)


class UnknownMigration(Exception):
    """The database has a migration that this checkout does not know: it was migrated by a newer one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Ids of migrations, in order."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


def plan(known: tuple[str, ...], applied: tuple[str, ...]) -> Plan:
    """What is applied and what is pending. Raises UnknownMigration: forward only, so a newer database is never touched."""
    unknown = sorted(set(applied) - set(known))
    if unknown:
        raise UnknownMigration(f"the database has migrations that this checkout does not know: {', '.join(unknown)}. Update the checkout; nothing was changed")
    return Plan(applied, tuple(name for name in known if name not in applied))


def known_migrations(folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Ids of the files in `folder`, in order of application."""
    return tuple(sorted(path.stem for path in folder.glob("*.sql")))


def observe(dsn: str, folder: Path = MIGRATIONS) -> Plan:
    """The plan for the database at `dsn`, without changing anything in it."""
    with psycopg.connect(dsn) as connection:
        return plan(known_migrations(folder), _applied(connection))


def migrate(dsn: str, folder: Path = MIGRATIONS) -> Plan:
    """Bring the database at `dsn` (its owner's) up to date. Returns the plan as it was before: `pending` is what was applied.

    Raises psycopg.Error of the first migration that fails; those before it stay applied, itself leaves nothing.
    """
    with _lock(dsn) as connection:
        before = plan(known_migrations(folder), _applied(connection))
        if before.pending:
            _apply(dsn, folder, before.pending)
    return before


def _applied(connection: psycopg.Connection) -> tuple[str, ...]:
    if connection.execute("SELECT to_regclass('public._yoyo_migration')").fetchone() == (None,):
        return ()
    return tuple(row[0] for row in connection.execute("SELECT migration_id FROM public._yoyo_migration ORDER BY applied_at_utc, migration_id"))


@contextmanager
def _lock(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone() != (True,):
            log.info("migrate.waiting", reason="another session migrates this database")
            connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield connection


def _apply(dsn: str, folder: Path, names: tuple[str, ...]) -> None:
    backend = PostgresqlPsycopgBackend(_uri(dsn), default_migration_table)
    with backend:
        backend.init_database()
        backend.break_lock()  # under the advisory lock, a row in yoyo's own lock table can only be left over from a killed run
        backend.ensure_internal_schema_updated()
        for migration in read_migrations(str(folder)):
            if migration.id in names:
                with backend.transaction():
                    migration.process_steps(backend, "apply")
                    backend.mark_one(migration)
                log.info("migrate.applied", migration=migration.id)


def _uri(dsn: str) -> DatabaseURI:
    """`dsn` in any of libpq's forms, as yoyo wants it."""
    given = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    named = {part: given.pop(part, None) for part in ("user", "password", "host", "port", "dbname")}
    return DatabaseURI("postgresql+psycopg", named["user"], named["password"], named["host"], named["port"], named["dbname"], given)
