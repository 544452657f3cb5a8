"""A source is one file and one line: the portal of docs/add-a-source.md is registered, listed, collected and changed like any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aegis.settings import Settings
from collectors.portals import PORTALS
from collectors.session import address, key
from collectors.sources import known_sources, source_called
from infra.local.portals.application import running, simulator
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.registry import INTERFACES
from infra.local.portals.shelf import Fault
from tests.support.collecting import Collecting, collecting, database
from tests.support.example_interface import EXAMPLE
from tests.support.example_portal import ExamplePortal
from tests.support.servers import REPOSITORY


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> ExamplePortal:
    """The two entries that the guide asks for."""
    portal = ExamplePortal()
    monkeypatch.setitem(PORTALS, portal.name, portal)
    monkeypatch.setitem(INTERFACES, EXAMPLE.source, EXAMPLE)
    return portal


@pytest.fixture
def world(stack: Settings, registered: ExamplePortal) -> Iterator[Collecting]:
    with database(stack) as name, running(simulator()) as portals:
        yield collecting(stack, name, portals)


def test_the_guide_shows_the_file_that_is_tested() -> None:
    guide = (REPOSITORY / "docs" / "add-a-source.md").read_text(encoding="utf-8")
    file = (REPOSITORY / "tests" / "support" / "example_portal.py").read_text(encoding="utf-8")
    assert f"```python\n{file}```" in guide


def test_its_settings_follow_from_its_name(registered: ExamplePortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_API_KEY", "a-key")
    assert source_called("example") is registered
    assert known_sources()["example"] is registered
    assert (address(Settings(), registered), key(Settings(), registered)) == ("https://portal.example.kr/list", "a-key")
    monkeypatch.setenv("EXAMPLE_URL", "http://127.0.0.1:1")
    assert address(Settings(), registered) == "http://127.0.0.1:1"


@pytest.mark.stack
def test_it_is_collected_changed_and_archived_like_any_other(world: Collecting) -> None:
    shelf = world.simulator.shelves["example"]
    summary = world.run("example")
    assert (summary.new, summary.complete, summary.status) == (PER_PORTAL, True, "success")
    stored = world.policies()["E1"]
    assert (stored["title"], stored["target_regions"], stored["tags"]) == ("[예시] 창업 지원 1차", ["26"], ["창업", "청년"])
    assert (str(stored["application_end_date"]), stored["detail_url"]) == ("2026-03-31", "https://portal.example.kr/view?no=1&lang=ko")
    assert "홍길동" not in str(stored)

    before = world.fingerprint()
    assert world.run("example").unchanged == PER_PORTAL
    shelf.fault = Fault("missing_list")
    assert world.run("example").error_code == "DP_1004"
    assert world.fingerprint() == before

    shelf.fault = None
    shelf.change("E2", {"name": "다른 이름"})
    shelf.add({**EXAMPLE.example(900, 1), "name": ""})
    gone = shelf.remove("E3")
    summary = world.run("example")
    assert (summary.changed, summary.archived, summary.quarantined) == (1, 1, 1)
    assert world.policies()[gone]["status"] == "archived"
    assert world.rows("SELECT source_id, field FROM quarantine") == [{"source_id": "E900", "field": "name"}]
