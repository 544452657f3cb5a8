from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from aegis.cli import demo
from aegis.cli.demonstration import portals
from aegis.cli.demonstration.arrivals import differing, seconds_of, wait_for
from aegis.cli.demonstration.portals import SOURCES, collect, simulated_portals
from aegis.cli.demonstration.table import line, summary, table_of
from aegis.derivations import STORES, derive, project
from aegis.errors import Code, StoreUnavailable
from aegis.position import SourcePosition
from aegis.record import Record, StoredRecord
from aegis.settings import Settings
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from tests.support import debezium

NOW = datetime.now(UTC)
POSITION = SourcePosition("t", 0, 0, committed_at=NOW - timedelta(seconds=0.5))
TABLES = frozenset({"policies"})


def row(key: str, version: int, **columns: Any) -> dict[str, Any]:
    return debezium.row("policies", key, version, **columns)


def stores(*rows: Mapping[str, Any]) -> dict[str, MemoryStore]:
    """A memory store under each store's name, with what the projections make of `rows`."""
    made = {name: MemoryStore(TABLES, name=name) for name in STORES}
    for name, store in made.items():
        store.apply([Record("policies", each["policy_id"], Stamp(each["version"], Rank.UPSERT), project("policies", name, each), POSITION) for each in rows])
    return made


class Slow(MemoryStore):
    """Does not answer the first time."""

    answered = False

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        if not self.answered:
            self.answered = True
            raise StoreUnavailable(Code.REDIS_SYNC_FAILED, "busy")
        return super().fetch(table, keys)


def test_waiting_ends_when_every_store_has_every_stamp():
    told: list[tuple[str, int, int]] = []
    found = wait_for(stores(row("a", 1), row("b", 2)), {"a": Stamp(1, Rank.UPSERT), "b": Stamp(2, Rank.UPSERT)}, 5, lambda *of: told.append(of))
    assert {name: set(records) for name, records in found.items()} == {name: {"a", "b"} for name in STORES}
    assert (STORES[0], 2, 2) in told


def test_a_store_that_does_not_answer_is_asked_again():
    slow = Slow(TABLES)
    slow.apply([Record("policies", "a", Stamp(1, Rank.UPSERT), {}, POSITION)])
    assert "a" in wait_for({"redis": slow}, {"a": Stamp(1, Rank.UPSERT)}, 5)["redis"]


def test_what_is_late_is_named_with_its_store():
    late = stores(row("a", 1)) | {"redis": MemoryStore(TABLES)}
    with pytest.raises(click.ClickException, match="after 0 s redis lacks 1 of 1 policies, a among them"):
        wait_for(late, {"a": Stamp(1, Rank.UPSERT)}, 0)


def test_a_delete_is_waited_for_at_its_rank():
    with pytest.raises(click.ClickException, match="lacks 1 of 1"):
        wait_for(stores(row("a", 1)), {"a": Stamp(1, Rank.DELETE)}, 0)


def test_contents_are_compared_with_the_row_projected_anew():
    held = row("a", 1)
    changed = {**held, "title": "다른 제목"}
    made = stores(held, row("b", 2, status="rejected"))
    found = wait_for(made, {"a": Stamp(1, Rank.UPSERT), "b": Stamp(2, Rank.UPSERT)}, 5)
    for name, store in made.items():
        assert differing(name, store, {"a": held, "b": row("b", 2, status="rejected")}, found[name]) == []
        assert differing(name, store, {"a": changed}, found[name]) == ["a"]


def test_the_delay_of_a_record_is_from_commit_to_applied():
    stored = stores(row("a", 1))["redis"].fetch("policies", ["a"])["a"]
    assert seconds_of(stored) == pytest.approx((stored.applied_at - NOW).total_seconds() + 0.5)


def test_the_table_shows_delays_what_differs_and_the_totals():
    found = wait_for(stores(row("a", 1)), {"a": Stamp(1, Rank.UPSERT)}, 5)
    differs = {"neo4j": ["a"]}
    console = Console(width=160, record=True)
    console.print(table_of([line("정책 [예시]", "version 1", "a", found, differs)], summary("all", found, differs)))
    text = console.export_text()
    assert "정책 [예시]" in text
    assert text.count("differs") == 1
    assert text.count("1 equal") == 3
    assert text.count("0 equal") == 1
    assert "ms" in text


def test_a_change_of_the_log_and_a_row_of_postgresql_are_projected_alike():
    """What the demo compares with is made of PostgreSQL's row, what stores hold of the log's image: both have to say the same."""
    from decimal import Decimal

    from aegis.change import Change

    image = row("a", 1, interest_rate="2.9600", application_start_date=20_000)
    native = image | {
        "interest_rate": Decimal("2.9600"),
        "application_start_date": datetime(2024, 10, 4, tzinfo=UTC).date(),
        "created_at": debezium.COMMITTED_AT,
        "updated_at": debezium.COMMITTED_AT,
    }
    change = Change("policies", "a", Stamp(1, Rank.UPSERT), None, image, POSITION, b"")
    for name in STORES:
        record = derive(change, name)
        assert record is not None
        assert record.content == project("policies", name, native)


def test_the_simulated_portals_answer_while_the_block_runs():
    import httpx

    with simulated_portals() as addresses:
        assert set(addresses) == set(SOURCES)
        port = httpx.URL(addresses["gov24"]).port
        assert httpx.get(f"http://127.0.0.1:{port}/admin/state").json()["gov24"]["records"] == 60
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/admin/state")


def test_without_a_checkout_the_demo_says_where_to_run_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(portals, "SIMULATOR", tmp_path / "none")
    with pytest.raises(click.ClickException, match="run the demo from a checkout"), simulated_portals():
        pass


def test_a_collector_that_fails_is_told_with_what_it_said():
    with pytest.raises(click.ClickException, match=r"`aegis collect run bizinfo` failed:\n(.|\n)+"):
        collect("bizinfo", "not-an-address")


def test_the_demo_does_not_start_while_servers_are_down(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demo, "take_picture", lambda _settings: None)
    monkeypatch.setattr(demo, "problems", lambda _picture: ["redis is down: refused"])
    with pytest.raises(click.ClickException, match=r"redis is down: refused\. Start it with `make up connect`"):
        demo._await_healthy(Settings(_env_file=None), Console(quiet=True))


def test_the_demo_waits_for_apps_that_are_still_joining(monkeypatch: pytest.MonkeyPatch):
    answers = iter([["aegis-redis has no member"], ["1 keys are held"]])
    monkeypatch.setattr(demo, "take_picture", lambda _settings: None)
    monkeypatch.setattr(demo, "problems", lambda _picture: next(answers))
    demo._await_healthy(Settings(_env_file=None), Console(quiet=True))
    assert next(answers, None) is None
