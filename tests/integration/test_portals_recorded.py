"""Recorded programmes of 복지로 and recorded policies of 온통청년, served by the simulator: every one becomes a draft, and later days arrive as changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from aegis.settings import Settings
from collectors.draft import Accepted, PolicyDraft
from collectors.fetch import Fetcher
from collectors.http import PoliteClient, manners_for
from collectors.portals import PORTALS
from collectors.staging import Order, fetched, staged
from infra.local.portals.application import API_KEY, Simulator, running, simulator
from tests.support.collecting import Collecting, collecting, database
from tests.support.servers import REPOSITORY

DATA = REPOSITORY.parent / "shared" / "data"
LATER = date(2026, 6, 12)
pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not (DATA / "bokjiro").is_dir(), reason=f"no recorded records at {DATA}"),
]


@pytest.fixture(scope="module")
def portals() -> Iterator[Simulator]:
    with running(simulator(DATA)) as served:
        yield served


def drafts(portals: Simulator, source: str, page_size: int) -> dict[str, PolicyDraft]:
    """What the portal lists, fetched page by page; every record passes."""
    order = Order(PORTALS[source], portals.urls[source], API_KEY, page_size)
    with PoliteClient(manners_for(source, order.url, per_second=1000)) as client:
        outcomes = [outcome for page in staged(order.portal, fetched(order, Fetcher(client))) for outcome in (*page.accepted, *page.rejected)]
    assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
    return {outcome.draft.source_id: outcome.draft for outcome in outcomes if isinstance(outcome, Accepted)}


@pytest.mark.parametrize("source", ["bokjiro_local", "bokjiro_central"])
def test_every_recorded_programme_becomes_a_draft(portals: Simulator, source: str) -> None:
    found = drafts(portals, source, 500)
    assert len(found) == len(portals.shelves[source].rows)
    assert all(draft.detail_url and "&amp;" not in draft.detail_url and draft.issuing_organization and draft.content for draft in found.values())
    located = sum(bool(draft.target_regions) for draft in found.values())
    assert located == len(found)


def test_later_days_of_the_ministries_arrive_as_changes(stack: Settings, portals: Simulator) -> None:
    shelf = portals.shelves["bokjiro_central"]
    with database(stack) as name:
        world: Collecting = collecting(stack, name, portals)
        assert world.run("bokjiro_central", page_size=500).new == len(shelf.rows)
        before = drafts(portals, "bokjiro_central", 500)
        shelf.turn_to(LATER)
        after = drafts(portals, "bokjiro_central", 500)
        summary = world.run("bokjiro_central", page_size=500)
        expected = {source_id for source_id, draft in after.items() if before.get(source_id) != draft}
        assert (summary.changed + summary.new, summary.complete) == (len(expected), True)
        assert expected
        stored = world.policies()
        assert {source_id: stored[source_id]["content"] for source_id in after} == {source_id: draft.content for source_id, draft in after.items()}


def test_recorded_policies_for_young_people_become_drafts(portals: Simulator) -> None:
    first, second = drafts(portals, "youthcenter", 1).values()
    assert {first.target_regions, second.target_regions} == {("41",)}
    assert {first.category, second.category} == {"교육·직업훈련", "일자리"}
    ages = {"연령: 만 19세 이상 39세 이하" in draft.content for draft in (first, second)}
    assert ages == {True, False}
    assert sorted(str(draft.application_end_date) for draft in (first, second)) == ["2026-07-13", "None"]
