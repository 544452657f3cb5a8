"""Recorded days of 보조금24 into PostgreSQL, under a source of the test's own, so that nobody else's policies are touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from aegis.settings import Settings
from collectors.fetch import Fetcher
from collectors.http import PoliteClient, manners_for
from collectors.portals.gov24 import Gov24
from collectors.run import Order, collect
from collectors.store import PolicyStore
from collectors.summary import Summary
from infra.local.portals.application import API_KEY, Simulator, running, simulator
from infra.local.portals.recorded import GOV24_ID, Recordings

SOURCE = "e2e-gov24"
UNCHANGED = 400
"""Services that never change, beside all that do: embedding every recorded one takes a minute of each core."""


class RecordedGov24(Gov24):
    """보조금24 under another name."""

    name = SOURCE


@dataclass(frozen=True, slots=True)
class PortalDays:
    """A simulator that serves a part of the recorded services day by day, and a collector of it."""

    settings: Settings
    portals: Simulator
    days: tuple[date, ...]
    """Every day on which something changed."""

    def collect(self, day: date) -> Summary:
        """Collect what was listed at the end of `day`."""
        self.portals.gov24.turn_to(day)
        portal = RecordedGov24()
        order = Order(portal, self.portals.urls["gov24"], API_KEY, portal.page_size)
        dsn = self.settings.postgres_collector_dsn.get_secret_value()
        manners = manners_for(SOURCE, order.url, per_second=1000)
        with PoliteClient(manners) as client, psycopg.connect(dsn, autocommit=True) as connection:
            return collect(order, Fetcher(client), PolicyStore(connection, SOURCE, dry_run=False))

    def listed(self) -> int:
        """Services on today's list that have a usable identifier."""
        return sum("*" not in row[GOV24_ID] for row in self.portals.gov24.rows)

    def keys(self) -> dict[str, str]:
        """policy_id → status."""
        with psycopg.connect(self.settings.postgres_dsn.get_secret_value()) as connection:
            return dict(connection.execute("SELECT policy_id, status FROM policies WHERE source = %s", (SOURCE,)).fetchall())


@contextmanager
def portal_days(settings: Settings, data: Path) -> Iterator[PortalDays]:
    """The recorded days; every policy of them is gone again afterwards."""
    changes = Recordings(data)._changes
    changed = {change["id"] for change in changes}
    made = simulator(data)
    served = made.gov24
    unchanged = [row[GOV24_ID] for row in served.rows if row[GOV24_ID] not in changed][:UNCHANGED]
    served.days = _only(served.days, changed.union(unchanged))
    days = tuple(sorted({date.fromisoformat(change["date"]) for change in changes}))
    forget(settings)
    try:
        with running(made) as portals:
            yield PortalDays(settings, portals, days)
    finally:
        forget(settings)


def _only(days: Callable[[date], list[dict[str, Any]]] | None, ids: set[str]) -> Callable[[date], list[dict[str, Any]]]:
    assert days is not None
    return lambda day: [row for row in days(day) if row[GOV24_ID] in ids]


def forget(settings: Settings) -> None:
    """Take every row of the source out of PostgreSQL; the deletes reach the stores like any."""
    with psycopg.connect(settings.postgres_dsn.get_secret_value(), autocommit=True) as connection:
        connection.execute("DELETE FROM policies WHERE source = %s", (SOURCE,))
        connection.execute("DELETE FROM raw_documents WHERE source = %s", (SOURCE,))
        connection.execute("DELETE FROM quarantine WHERE source = %s", (SOURCE,))
        connection.execute("DELETE FROM processing_history WHERE source = %s", (SOURCE,))
