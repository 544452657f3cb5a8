"""Recorded days of the real portals, replayed into a real PostgreSQL: afterwards it equals the last recorded list."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aegis.settings import Settings
from collectors.draft import Accepted
from collectors.portals import PORTALS
from collectors.validation import validate
from infra.local.portals.application import running, simulator
from tests.support.collecting import Collecting, collecting, database
from tests.support.servers import REPOSITORY

DATA = REPOSITORY.parent / "shared" / "data"
pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not (DATA / "gov24").is_dir(), reason=f"no recorded records at {DATA}"),
]
MASKED = 8
"""Rows of gov24 whose identifier is "B010-****-****": eight programmes share it."""


@pytest.fixture
def world(stack: Settings) -> Iterator[Collecting]:
    with database(stack) as name, running(simulator(DATA)) as portals:
        yield collecting(stack, name, portals)


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as opened:
        return [json.loads(line) for line in opened]


def drafts(source: str, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    outcomes = (validate(PORTALS[source], row) for row in rows)
    return {each.draft.source_id: each.draft.model_dump() for each in outcomes if isinstance(each, Accepted)}


def live(world: Collecting, like: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    columns = next(iter(like.values())).keys()
    stored = {source_id: row for source_id, row in world.policies().items() if row["status"] != "archived"}
    return {source_id: {name: tuple(row[name]) if isinstance(row[name], list) else row[name] for name in columns} for source_id, row in stored.items()}


def test_every_recorded_day_of_gov24_arrives_change_by_change(world: Collecting) -> None:
    first, last = (lines(DATA / "gov24" / f"{day}.jsonl.gz") for day in ("2026-05-25", "2026-07-10"))
    summary = world.run(page_size=1000)
    assert (summary.fetched, summary.new, summary.quarantined) == (len(first), len(first) - MASKED, MASKED)
    changes = lines(DATA / "gov24" / "changes_until_2026-07-10.jsonl.gz")
    for day in sorted({change["date"] for change in changes}):
        done = Counter(change["op"] for change in changes if change["date"] == day)
        world.simulator.gov24.turn_to(date.fromisoformat(day))
        summary = world.run(page_size=1000)
        assert (day, summary.new + summary.changed, summary.archived) == (day, done["insert"] + done["update"], done["delete"])
    expected = drafts("gov24", last)
    assert live(world, expected) == expected
    assert len(world.rows("SELECT FROM quarantine")) == MASKED


def test_every_snapshot_of_bizinfo_arrives(world: Collecting) -> None:
    for day in (24, 27, 29, 30):
        world.simulator.bizinfo.turn_to(date(2026, 4, day))
        summary = world.run("bizinfo", page_size=100)
        assert (summary.status, summary.complete, summary.quarantined) == ("success", True, 0)
        expected = drafts("bizinfo", world.simulator.bizinfo.rows)
        assert live(world, expected) == expected
    assert "archived" in {row["status"] for row in world.policies().values()}


def test_the_recorded_changes_lead_to_every_recorded_list() -> None:
    portals = simulator(DATA)
    for path in sorted((DATA / "gov24").glob("2026-*.jsonl.gz")):
        portals.gov24.turn_to(date.fromisoformat(path.name[:10]))
        served = sorted(json.dumps(row, sort_keys=True) for row in portals.gov24.rows)
        assert served == sorted(json.dumps(row, sort_keys=True) for row in lines(path)), path.name
