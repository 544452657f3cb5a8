from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from aegis.cli import status
from aegis.cli.checks.cold_path import cold_path_findings
from aegis.cli.checks.finding import Level
from aegis.cli.checks.pipeline import group_finding
from aegis.cli.observing.cold_path import ColdPath, Ended, Freshness, Paused, UnderWay
from aegis.cli.observing.picture import Relational, problems
from aegis.cli.observing.postgres import DeadLetters, Rows
from aegis.derivations import CAPTURED
from tests.unit.test_cli_observing import APPS, CAPTURE, group, picture

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEVER = ColdPath(NOW, None, None)
BUSY = ColdPath(
    NOW,
    NOW - HOUR,
    None,
    Ended("r1", "failed", "failed", NOW - HOUR, NOW),
    (UnderWay("r2", "replay", "reading", "kim", NOW, True), UnderWay("r3", "purge", "log", "kim", NOW, False)),
    (Paused("redis", NOW + HOUR, "replay r2"),),
)


def relational(cold: ColdPath) -> Relational:
    return Relational({table: Rows(3, 2) for table in CAPTURED}, DeadLetters(0, 0, 0), CAPTURE, cold)


@pytest.mark.parametrize(
    ("cold", "freshness", "level"),
    [
        (NEVER, Freshness.FRESH, Level.OK),
        (replace(NEVER, first_data_at=NOW - 26 * HOUR), Freshness.FRESH, Level.OK),
        (replace(NEVER, first_data_at=NOW - 27 * HOUR), Freshness.LATE, Level.WARN),
        (replace(NEVER, first_data_at=NOW - 51 * HOUR), Freshness.MISSING, Level.FAIL),
        (replace(NEVER, clean_at=NOW - 26 * HOUR), Freshness.FRESH, Level.OK),
        (replace(NEVER, clean_at=NOW - 27 * HOUR), Freshness.LATE, Level.WARN),
        (replace(NEVER, clean_at=NOW - 50 * HOUR), Freshness.LATE, Level.WARN),
        (replace(NEVER, clean_at=NOW - 51 * HOUR), Freshness.MISSING, Level.FAIL),
        (replace(NEVER, clean_at=NOW - HOUR, first_data_at=NOW - 99 * HOUR), Freshness.FRESH, Level.OK),
    ],
)
def test_the_age_of_the_last_clean_comparison_counts_from_the_first_data_where_there_was_none(cold: ColdPath, freshness: Freshness, level: Level):
    assert cold.freshness is freshness
    [finding] = cold_path_findings(cold)
    assert finding.level is level
    assert bool(finding.remedy) is (level is not Level.OK)


def test_two_nights_without_a_clean_comparison_are_a_problem_and_one_is_not():
    found = [problems(picture(relational=relational(replace(NEVER, clean_at=NOW - hours * HOUR)))) for hours in (49, 51)]
    assert found == [[], ["all stores were last found equal 51.0 h ago: run `aegis reconcile`"]]


def test_an_app_that_the_cold_path_has_paused_is_no_problem():
    groups = {app: group(members=0 if app in {"redis", "neo4j"} else 1) for app in APPS}
    found = problems(picture(relational=relational(BUSY), groups=groups))
    assert len(found) == 1
    assert [group_finding("redis", group(members=0), paused=paused).level for paused in (True, False)] == [Level.OK, Level.FAIL]


def test_a_run_that_died_a_failed_one_and_a_pause_are_warned_of():
    assert [(finding.check, finding.level) for finding in cold_path_findings(BUSY)] == [
        ("comparison", Level.OK),
        ("last comparison", Level.WARN),
        ("run", Level.WARN),
        ("paused app", Level.WARN),
    ]


def test_status_shows_the_cold_path_to_people_and_machines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status, "take_picture", lambda _settings: picture(relational=relational(BUSY)))
    shown, document = CliRunner().invoke(status.command).output, CliRunner().invoke(status.command, ["--json"]).output
    assert "last comparison failed" in shown
    assert "replay r2 by kim is in phase reading" in shown
    assert "purge r3 by kim died" in shown
    assert "redis is paused" in shown
    assert '"unproven_for_seconds": 3600.0' in document
    assert '"freshness": "fresh"' in document
