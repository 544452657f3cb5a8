"""`aegis demo`: generated policies arrive in all four stores; one more arrives, changes and disappears."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.markup import escape

from aegis.cli.demonstration.arrivals import Stored, differing, wait_for
from aegis.cli.demonstration.portals import SOURCES, collect, simulated_portals
from aegis.cli.demonstration.table import Line, line, milliseconds, summary, table_of
from aegis.cli.observing.picture import problems, take_picture
from aegis.cli.observing.side_by_side import one_line
from aegis.cli.screen import screen
from aegis.derivations import STORES
from aegis.queries import queries
from aegis.settings import Settings, settings
from aegis.stamp import Rank, Stamp
from aegis.stores.opening import open_store
from aegis.stores.protocol import Store

KEY = "demo-policy"
FIRST_SECONDS = 180.0
"""Bound on the first load: 120 texts embed in some seconds, on a busy machine in more."""
STEP_SECONDS = 60.0
READY_SECONDS = 60.0
SHOWN_PER_SOURCE = 3
COUNTED = ("new", "changed", "archived", "quarantined")

Owner = psycopg.Connection[dict[str, Any]]


@click.command("demo")
def command() -> None:
    """Collect generated, labelled policies and show them in PostgreSQL and the four stores; insert, change and delete one more.

    The stack must be up and connected. A second run collects the same policies and changes nothing.
    """
    configured, console = settings(), screen()
    _await_healthy(configured, console)
    try:
        with _owner(configured) as owner, _stores(configured) as stores:
            sys.exit(0 if _Demo(console, owner, stores).run() else 1)
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL: {one_line(error)}; see `aegis doctor`") from error


def _await_healthy(configured: Settings, console: Console) -> None:
    """Just started apps may still be joining their groups: give them a while. Held keys are no hindrance."""
    deadline, pause = monotonic() + READY_SECONDS, Event()
    with console.status("looking at the pipeline"):
        while wrong := [problem for problem in problems(take_picture(configured)) if "keys are held" not in problem]:
            if monotonic() > deadline or all("is down" in problem for problem in wrong):
                raise click.ClickException(f"the pipeline is not ready: {'; '.join(wrong)}. Start it with `make up connect`")
            pause.wait(1.0)


@contextmanager
def _owner(configured: Settings) -> Iterator[Owner]:
    dsn = configured.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row, options="-c timezone=UTC") as owner:
        yield owner


@contextmanager
def _stores(configured: Settings) -> Iterator[dict[str, Store]]:
    stores = {name: open_store(name, configured) for name in STORES}
    try:
        yield stores
    finally:
        for store in stores.values():
            store.close()


@dataclass(frozen=True, slots=True)
class _Demo:
    console: Console
    owner: Owner
    stores: Mapping[str, Store]

    def run(self) -> bool:
        """The whole story; whether all stores say what PostgreSQL says."""
        self._require_only_generated()
        unchanged = self._collect()
        rows = {row["policy_id"]: row for row in self.owner.execute(queries("demo")["collected"])}
        stored = self._arrive(rows)
        steps = [self._step("arrive", "arrives"), self._step("change", "changes"), self._step("disappear", "disappears")]
        differs = {name: differing(name, store, rows, stored[name]) for name, store in self.stores.items()}
        collected = [line(row["title"], f"version {row['version']}", key, stored, differs) for key, row in _some(rows).items()]
        totals = summary(f"all policies of {' and '.join(SOURCES)}", stored, differs)
        if unchanged:
            self.console.print("unchanged: this run collected what was there already, and every store has it as it was")
        self.console.print(table_of([*collected, *steps], totals))
        return not any(differs.values()) and not any(step.differs for step in steps)

    def _require_only_generated(self) -> None:
        strangers = self._one("strangers")["policies"]
        if strangers:
            raise click.ClickException(
                f"{strangers} policies of {' and '.join(SOURCES)} are not the demo's, and collecting generated ones could archive them: "
                "use a stack of its own (another checkout with AEGIS_PORT_OFFSET), or `make clean` first"
            )
        leftover = self._one("disappear")
        if leftover:  # of a run that was interrupted
            wait_for(self.stores, {KEY: Stamp(leftover["version"], Rank.DELETE)}, STEP_SECONDS)

    def _collect(self) -> bool:
        """Collect both portals; whether nothing was new or changed."""
        with simulated_portals() as addresses:
            found = {source: collect(source, addresses[source]) for source in SOURCES}
        for source, counts in found.items():
            told = ", ".join(f"{counts[name]} {name}" for name in COUNTED if counts[name]) or "unchanged"
            self.console.print(f"{SOURCES[source]} ({source}, simulated): {counts['fetched']} fetched, {told}", highlight=False)
        return not any(counts[name] for counts in found.values() for name in COUNTED)

    def _arrive(self, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Stored]:
        expected = {key: Stamp(int(row["version"]), Rank.UPSERT) for key, row in rows.items()}
        with self.console.status("") as status:

            def report(store: str, arrived: int, of: int) -> None:
                status.update(f"waiting for {store}: {arrived} of {of} policies arrived")

            stored = wait_for(self.stores, expected, FIRST_SECONDS, report)
        self.console.print(f"all {len(rows)} policies are in {', '.join(STORES)}", highlight=False)
        return stored

    def _step(self, query: str, verb: str) -> Line:
        """Write the demo's own policy, and wait until every store shows it."""
        version = int(self._one(query)["version"])
        row = self._one("row")
        stored = wait_for(self.stores, {KEY: Stamp(version, Rank.UPSERT if row else Rank.DELETE)}, STEP_SECONDS)
        if row:
            differs = {name: differing(name, store, {KEY: row}, stored[name]) for name, store in self.stores.items()}
        else:
            differs = {name: [KEY] for name in self.stores if stored[name][KEY].content is not None}
        made = line(f"[예시] 데모 정책 {verb}", f"version {version}" if row else f"deleted at {version}", KEY, stored, differs)
        told = ", ".join(f"{name} {milliseconds(made.delays[name])}" for name in STORES)
        self.console.print(f"one more policy {verb}: {escape(told)}", highlight=False)
        return made

    def _one(self, query: str) -> dict[str, Any]:
        """The first row of a query of `sql/queries/demo.sql`; empty where there is none."""
        return self.owner.execute(queries("demo")[query], {"key": KEY}).fetchone() or {}


def _some(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The first few rows of each source."""
    shown: dict[str, Mapping[str, Any]] = {}
    for source in SOURCES:
        shown |= dict([(key, row) for key, row in rows.items() if row["source"] == source][:SHOWN_PER_SOURCE])
    return shown
