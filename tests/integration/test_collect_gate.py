"""The quality gate in real runs: a listing that lost its shape writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from rich.progress import Progress

from aegis.settings import Settings
from collectors.collection import collection
from collectors.draft import Accepted
from collectors.gating import Gate
from collectors.portals import PORTALS
from collectors.portals.portal import Page
from collectors.run import Writing, write
from collectors.shape import shape_of_page
from collectors.staging import Order, Staged, sort, staged
from collectors.store import PolicyStore
from collectors.summary import Summary
from infra.local.portals.application import API_KEY, running, simulator
from infra.local.portals.generated import PER_PORTAL
from tests.support.collecting import Collecting, collecting

pytestmark = pytest.mark.stack
ORGANISATION = "소관기관명"


@pytest.fixture
def world(stack: Settings, own_database: str) -> Iterator[Collecting]:
    with running(simulator()) as portals:
        yield collecting(stack, own_database, portals)


def run(world: Collecting, *, force: bool = False, dry_run: bool = False) -> Summary:
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        return world.run(page_size=30, dry_run=dry_run, keep=Gate(connection, "gov24", force, dry_run).passed)


def spoil(world: Collecting) -> None:
    """Every record loses its organisation, and says something else beside."""
    world.simulator.gov24.rows = [{**row, "서비스목적요약": "다른 말"} for row in world.simulator.gov24.rows]
    for row in world.simulator.gov24.rows:
        del row[ORGANISATION]


def remembered(world: Collecting) -> list[dict[str, Any]]:
    return world.rows("SELECT name, value, updated_at, xmin::text FROM pipeline_metadata WHERE name LIKE 'collect.%%.shape'")


def test_the_shape_of_a_good_listing_is_remembered_once(world: Collecting) -> None:
    assert run(world, dry_run=True).error is None
    assert remembered(world) == []
    assert run(world).new == PER_PORTAL
    (known,) = remembered(world)
    assert (known["name"], known["value"]["records"]) == ("collect.gov24.shape", PER_PORTAL)
    run(world)
    assert remembered(world) == [known]


def test_a_listing_that_lost_a_column_writes_nothing_and_says_what_to_do(world: Collecting) -> None:
    run(world)
    before, known = world.fingerprint(), remembered(world)
    spoil(world)
    summary = run(world)
    assert (summary.status, summary.error_code, summary.is_down) == ("failure", "DP_1004", False)
    assert summary.error is not None
    assert ORGANISATION in summary.error
    assert "--force-gate" in summary.error
    assert (summary.fetched, summary.archived) == (0, 0)
    assert world.fingerprint() == before
    assert remembered(world) == known
    assert world.rows("SELECT status, error_code FROM processing_history ORDER BY 1")[0] == {"status": "failure", "error_code": "DP_1004"}


def test_a_change_that_is_right_is_forced_once_and_is_the_shape_from_then_on(world: Collecting) -> None:
    run(world)
    spoil(world)
    assert run(world).error is not None
    assert run(world, force=True).changed == PER_PORTAL
    assert ORGANISATION not in remembered(world)[0]["value"]["columns"]
    assert run(world).error is None


def test_new_columns_are_let_through(world: Collecting) -> None:
    run(world)
    world.simulator.gov24.rows = [{**row, "새항목": "가"} for row in world.simulator.gov24.rows]
    assert run(world).error is None
    assert "새항목" in remembered(world)[0]["value"]["columns"]


def test_a_listing_that_is_known_beforehand_is_judged_whole_before_its_first_page(world: Collecting) -> None:
    run(world)
    before = world.fingerprint()
    good, bad = (page_of(world, blank) for blank in (0, PER_PORTAL // 2))
    pages = list(staged(PORTALS["gov24"], [Page(good.records[:30], PER_PORTAL), Page(bad.records[:30], PER_PORTAL)]))
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        passed = Gate(connection, "gov24").passed(pages, lambda: map(shape_of_page, pages))
        summary = write(Writing("gov24"), passed, PolicyStore(connection, "gov24", dry_run=False))
    assert summary.error_code == "DP_2002"
    assert summary.pages == 0
    assert world.fingerprint() == before


def test_a_listing_that_turns_bad_on_its_last_page_writes_nothing_at_all(stack: Settings, world: Collecting, tmp_path: Path) -> None:
    configured = stack.model_copy(update={"postgres_collector_dsn": SecretStr(world.collector_dsn), "collect_spool_dir": tmp_path, "aegis_files_url": ""})
    wanted = Order(PORTALS["gov24"], world.simulator.urls["gov24"], API_KEY, PER_PORTAL // 2)
    with Progress(disable=True) as progress:
        assert collection(configured, wanted, progress).new == PER_PORTAL
        before = world.fingerprint()
        for number, row in enumerate(world.simulator.gov24.rows):
            row["서비스목적요약"] = "다른 말"
            if number >= PER_PORTAL // 2:
                del row[ORGANISATION]
        summary = collection(configured, wanted, progress)
    assert (summary.pages, summary.error_code, "nothing of it was written" in (summary.error or "")) == (0, "DP_1004", True)
    assert world.fingerprint() == before


def test_a_listing_that_states_its_total_is_judged_whole_before_its_last_page(world: Collecting) -> None:
    run(world)
    before = world.fingerprint()
    page = page_of(world, PER_PORTAL * 2 // 5)
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        passed = Gate(connection, "gov24").passed(staged(PORTALS["gov24"], [page]))
        summary = write(Writing("gov24"), passed, PolicyStore(connection, "gov24", dry_run=False))
    assert (summary.pages, summary.error_code, "nothing of it was written" in (summary.error or "")) == (0, "DP_2002", True)
    assert world.fingerprint() == before


def page_of(world: Collecting, blank: int) -> Page:
    """All records on one page, the first `blank` of them without an organisation."""
    rows = world.simulator.gov24.rows
    return Page(
        tuple({**row, ORGANISATION: "" if number < blank else row[ORGANISATION], "서비스ID": f"{row['서비스ID']}{blank}"} for number, row in enumerate(rows)),
        len(rows),
    )


def test_a_page_that_turns_bad_in_the_middle_ends_the_run_before_it_is_written(world: Collecting) -> None:
    run(world)
    page = sort(PORTALS["gov24"], page_of(world, 0), {})
    broken = sort(PORTALS["gov24"], Page(tuple({"서비스ID": f"B{number}", "서비스명": "가"} for number in range(30)), 90), {})
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        summary = write(Writing("gov24"), Gate(connection, "gov24").passed([page, broken]), PolicyStore(connection, "gov24", dry_run=False))
    assert (summary.pages, summary.error_code, summary.archived) == (1, "DP_1004", 0)
    assert "nothing more of it was written" in (summary.error or "")
    assert not {each.draft.source_id for each in accepted(broken)} & set(world.policies())


def accepted(page: Staged) -> tuple[Accepted, ...]:
    return page.accepted
