"""`aegis demo`: a first run fills all four stores, a second one changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.e2e.conftest import Cli

pytestmark = [pytest.mark.stack, pytest.mark.slow]

Owner = psycopg.Connection[dict[str, Any]]
DEMO_ROWS = "source IN ('bizinfo', 'gov24') AND source_id ~ 'EXAMPLE'"


def _rows(owner: Owner) -> list[dict[str, Any]]:
    return owner.execute(f"SELECT policy_id, version FROM policies WHERE {DEMO_ROWS} OR source = 'demo' ORDER BY policy_id").fetchall()


@pytest.fixture
def as_before(owner: Owner) -> Iterator[None]:
    """Removes the demo's policies afterwards, unless somebody had run it before."""
    before = _rows(owner)
    yield
    if not before:
        owner.execute(f"DELETE FROM policies WHERE {DEMO_ROWS}")


@pytest.mark.usefixtures("as_before")
def test_the_demo_shows_the_same_policies_everywhere_and_a_second_run_changes_nothing(cli: Cli, owner: Owner):
    first = cli("demo")
    assert first.exit_code == 0, first.output
    after_first = _rows(owner)
    assert len(after_first) == 120
    second = cli("demo")
    assert second.exit_code == 0, second.output
    assert "unchanged: this run collected what was there already" in second.output
    assert _rows(owner) == after_first
    for output in (first.output, second.output):
        assert output.count("120 equal") == 4
        assert "differs" not in output
        assert all(f"one more policy {what}" in output for what in ("arrives", "changes", "disappears"))


def test_the_demo_refuses_a_database_with_policies_that_it_could_archive(cli: Cli, owner: Owner):
    owner.execute("INSERT INTO policies (policy_id, source, source_id, title) VALUES ('e2e-cli-real', 'bizinfo', 'PBLN_1', '실제 공고')")
    result = cli("demo")
    assert result.exit_code == 1
    assert "1 policies of bizinfo and gov24 are not the demo's" in result.output
