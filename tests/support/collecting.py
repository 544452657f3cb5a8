"""A database of its own for the tests that collect, and runs of a collector against the portal simulator."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from aegis.migrations import migrate
from aegis.settings import Settings
from collectors.fetch import Fetcher
from collectors.http import PoliteClient, manners_for
from collectors.portals import PORTALS
from collectors.run import Keep, Order, collect
from collectors.store import PolicyStore
from collectors.summary import Summary
from infra.local.portals.application import API_KEY, Simulator

_numbers = itertools.count(1)
EMPTIED = (
    *("policies", "raw_documents", "quarantine", "outbox", "processing_history"),
    *("ops.file_lineage", "ops.files", "ops.source_states", "ops.source_validators"),
)


def _execute(dsn: str, statement: sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Name of a fresh database, migrated from nothing. Dropped afterwards."""
    owner = settings.postgres_dsn.get_secret_value()
    name = f"aegis_test_collect_{os.getpid()}_{next(_numbers)}"
    _execute(owner, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        migrate(make_conninfo(owner, dbname=name))
        yield name
    finally:
        _execute(owner, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(slots=True)
class Collecting:
    """Runs of the collectors into one database, as the role that they have in production."""

    owner_dsn: str
    collector_dsn: str
    simulator: Simulator
    slept: list[float] = field(default_factory=list)
    """Seconds that retries would have waited."""

    def run(
        self, source: str = "gov24", page_size: int = 25, *, dry_run: bool = False, force_archive: bool = False, keep: Keep = lambda pages: pages
    ) -> Summary:
        """Collect `source` once."""
        order = Order(PORTALS[source], self.simulator.urls[source], API_KEY, page_size, dry_run, force_archive)
        manners = manners_for(source, order.url, per_second=1000)
        with PoliteClient(manners, sleep=self.slept.append) as client, psycopg.connect(self.collector_dsn, autocommit=True) as connection:
            return collect(order, Fetcher(client), PolicyStore(connection, source, dry_run=dry_run), keep=keep)

    def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a query, read as the owner."""
        with psycopg.connect(self.owner_dsn, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def policies(self) -> dict[str, dict[str, Any]]:
        """source_id → row."""
        return {row["source_id"]: row for row in self.rows("SELECT * FROM policies")}

    def empty(self) -> None:
        """Take everything out of the tables: each test begins with none."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            for table in EMPTIED:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table.split("."))))
            connection.execute("DELETE FROM pipeline_metadata WHERE name LIKE 'collect.%'")

    def fingerprint(self) -> list[list[dict[str, Any]]]:
        """Everything that any write, any row lock and any draw of a version or key would change; the history of runs is left out."""
        return [
            self.rows("SELECT policy_id, version, xmin::text, xmax::text, ctid::text FROM policies ORDER BY 1"),
            self.rows("SELECT raw_document_id, xmin::text, xmax::text FROM raw_documents ORDER BY 1"),
            self.rows("SELECT quarantine_id, xmin::text, xmax::text FROM quarantine ORDER BY 1"),
            self.rows("SELECT id, xmin::text, xmax::text FROM outbox ORDER BY 1"),
            self.rows("SELECT sequencename, last_value FROM pg_sequences WHERE sequencename NOT LIKE 'processing%%' ORDER BY 1"),
        ]


def collecting(settings: Settings, name: str, simulator: Simulator) -> Collecting:
    """Runs into the database `name`."""
    owner, collector = settings.postgres_dsn.get_secret_value(), settings.postgres_collector_dsn.get_secret_value()
    return Collecting(make_conninfo(owner, dbname=name), make_conninfo(collector, dbname=name), simulator)
