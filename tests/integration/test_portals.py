"""Every registered portal against its simulated interface, into a real PostgreSQL: collected twice, given nonsense, shifted while it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from aegis.settings import Settings
from collectors.failures import SourceFailed
from collectors.fetch import Fetcher
from collectors.http import PoliteClient, manners_for
from collectors.portals import PORTALS
from collectors.staging import Staged
from collectors.summary import Summary
from infra.local.portals.application import API_KEY, running, simulator
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.registry import INTERFACES
from infra.local.portals.shelf import Fault, Shelf
from infra.local.portals.twists import HUGE_BYTES
from tests.support.collecting import Collecting, collecting, database

pytestmark = pytest.mark.stack
SOURCES = sorted(PORTALS)


@pytest.fixture(scope="module")
def collected(stack: Settings) -> Iterator[tuple[Collecting, dict[str, Summary]]]:
    """Every portal, collected once."""
    with database(stack) as name, running(simulator()) as portals:
        world = collecting(stack, name, portals)
        yield world, {source: world.run(source) for source in SOURCES}


@pytest.fixture
def world(collected: tuple[Collecting, dict[str, Summary]]) -> Iterator[Collecting]:
    yield collected[0]
    for shelf in collected[0].simulator.shelves.values():
        shelf.fault = None
        shelf.limits.per_day = None


def shelf_of(world: Collecting, source: str) -> Shelf:
    return world.simulator.shelves[source]


def count(world: Collecting, source: str, status: str) -> int:
    found: int = world.rows("SELECT count(*) FROM policies WHERE source = %(source)s AND status = %(status)s", source=source, status=status)[0]["count"]
    return found


def test_every_registered_portal_has_a_simulated_interface() -> None:
    assert INTERFACES.keys() == PORTALS.keys()
    assert all(PORTALS[source].address.endswith(each.address or each.path) for source, each in INTERFACES.items())


@pytest.mark.parametrize("source", SOURCES)
def test_every_record_of_a_first_run_is_stored(collected: tuple[Collecting, dict[str, Summary]], source: str) -> None:
    summary = collected[1][source]
    assert (summary.fetched, summary.new, summary.quarantined, summary.complete, summary.error) == (PER_PORTAL, PER_PORTAL, 0, True, None)


@pytest.mark.parametrize("source", SOURCES)
def test_a_second_run_changes_nothing_although_views_were_counted(world: Collecting, source: str) -> None:
    before = world.fingerprint()
    summary = world.run(source)
    assert (summary.unchanged, summary.new + summary.changed + summary.archived, summary.complete) == (PER_PORTAL, 0, True)
    assert world.fingerprint() == before


@pytest.mark.parametrize("source", SOURCES)
def test_nonsense_is_reported_and_harms_nothing(world: Collecting, source: str) -> None:
    before = world.fingerprint()
    for kind, code in (("missing_list", "DP_1004"), ("missing_list_xml", "DP_1004"), ("halved", "DP_1001"), ("maintenance", "DP_1001"), ("key", "DP_1003")):
        shelf_of(world, source).fault = Fault(kind)
        summary = world.run(source, force_archive=True)
        assert (kind, summary.error_code, summary.status, summary.archived) == (kind, code, "failure", 0)
    assert world.fingerprint() == before


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["euc_kr", "not_euc_kr"])
def test_a_wrongly_declared_encoding_is_read_all_the_same(world: Collecting, source: str, kind: str) -> None:
    before = world.fingerprint()
    shelf_of(world, source).fault = Fault(kind)
    assert world.run(source, page_size=PER_PORTAL).unchanged == PER_PORTAL
    assert world.fingerprint() == before


@pytest.mark.parametrize("source", SOURCES)
def test_the_limit_of_the_day_ends_a_run_in_the_middle(world: Collecting, source: str) -> None:
    shelf = shelf_of(world, source)
    shelf.limits.per_day = shelf.requests + 1
    summary = world.run(source)
    assert (summary.error_code, summary.fetched, summary.archived) == ("DP_1002", 25, 0)
    assert "midnight" in (summary.error or "")


@pytest.mark.parametrize("source", ["gov24", "mss"])
def test_a_body_of_fifty_megabytes_is_refused(world: Collecting, source: str) -> None:
    before = world.fingerprint()
    shelf_of(world, source).fault = Fault("huge", times=1)
    summary = world.run(source)
    assert summary.error_code == "DP_1004"
    assert f"{HUGE_BYTES:,}"[:2] in (summary.error or "")
    assert world.fingerprint() == before


@pytest.mark.parametrize("source", ["gov24", "mss"])
def test_a_body_that_drips_is_given_up(world: Collecting, source: str) -> None:
    shelf_of(world, source).fault = Fault("drip")
    portal, url = PORTALS[source], world.simulator.urls[source]
    manners = replace(manners_for(source, url, per_second=1000), whole_seconds=0.3)
    with PoliteClient(manners, sleep=lambda _seconds: None) as client, pytest.raises(SourceFailed) as caught:
        Fetcher(client).page(portal, portal.request(url, API_KEY, 1, 25))
    assert str(caught.value.code) == "DP_1001"


@pytest.mark.parametrize("source", SOURCES)
def test_a_record_that_goes_while_pages_are_read_archives_nothing_until_the_next_run(world: Collecting, source: str) -> None:
    known, before = count(world, source, "pending_validation"), count(world, source, "archived")
    shelf_of(world, source).fault = Fault("removed", times=1, from_page=2)
    summary = world.run(source, force_archive=True)
    assert (summary.complete, summary.archived, summary.error) == (False, 0, None)
    assert "changed it while it was read" in (summary.withheld or "")
    assert count(world, source, "archived") == before

    summary = world.run(source)
    assert (summary.complete, summary.archived, count(world, source, "pending_validation")) == (True, 1, known - 1)


@pytest.mark.parametrize("source", SOURCES)
def test_a_record_that_comes_while_pages_are_read_is_there_after_the_next_run(world: Collecting, source: str) -> None:
    known = count(world, source, "pending_validation")
    shelf_of(world, source).fault = Fault("inserted", times=1, from_page=2)
    summary = world.run(source, force_archive=True)
    assert (summary.complete, summary.archived, summary.quarantined, summary.error) == (False, 0, 0, None)

    summary = world.run(source)
    assert (summary.complete, summary.archived, count(world, source, "pending_validation")) == (True, 0, known + 1)


@pytest.mark.parametrize("source", ["gov24", "bizinfo"])
def test_a_record_that_moves_to_the_front_while_pages_are_read_is_not_archived(world: Collecting, source: str) -> None:
    """The total stays, and the number of records too: one comes twice, and the one that moved not at all."""
    world.run(source)
    rows, known = shelf_of(world, source).rows, count(world, source, "pending_validation")

    def moving(pages: Iterable[Staged]) -> Iterator[Staged]:
        for number, page in enumerate(pages):
            if number == 0:
                rows.insert(0, rows.pop())
            yield page

    summary = world.run(source, keep=moving)
    assert (summary.complete, summary.archived, summary.repeated, summary.status) == (True, 0, 1, "partial")
    assert "came twice" in (summary.withheld or "")
    assert (world.run(source).status, count(world, source, "pending_validation")) == ("success", known)
