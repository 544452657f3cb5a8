"""`aegis quality` as an operator uses it, against a database of the test's own."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from aegis.settings import Settings
from batch.cli import quality, quality_fixes
from batch.quality.run import today
from tests.support.database import in_database
from tests.support.policies import store

pytestmark = pytest.mark.stack


@pytest.fixture
def configured(stack: Settings, own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    dsn = in_database(stack.postgres_validator_dsn.get_secret_value(), own_database)
    made = Settings(**{**stack.model_dump(), "postgres_validator_dsn": dsn, "aegis_report_dir": tmp_path})
    monkeypatch.setattr(quality, "settings", lambda: made)
    monkeypatch.setattr(quality_fixes, "settings", lambda: made)
    return made


def aegis(*arguments: str) -> Result:
    return CliRunner().invoke(quality.command, arguments)


def fixed(dsn: str) -> int:
    """The number of a fix of a stored policy."""
    store(dsn, 1, title="R&D 지원")
    with psycopg.connect(dsn) as owner:
        row = owner.execute(
            """INSERT INTO ops.fixes (policy_id, source, field, kind, before, after, on_undo)
               SELECT policy_id, source, 'title', 'text_noise', '{"title": "R&amp;D 지원"}', '{"title": "R&D 지원"}', '{"title": "R&amp;D 지원"}'
               FROM policies RETURNING fix_id"""
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_every_look_names_its_sources(configured: Settings, owner_dsn: str) -> None:
    store(owner_dsn, 2, tags=())
    for command, words in (("run", "report: "), ("profile", "tags"), ("anomalies", "not enough history"), ("trend", "not enough history")):
        done = aegis(command)
        assert (done.exit_code, words in done.stdout, "example" in done.stdout) == (0, True, True), done.output
    (profile,) = json.loads(aegis("profile", "--json").stdout)
    assert (profile["count"], profile["null_shares"]["tags"]) == (2, 1.0)
    assert json.loads(aegis("anomalies", "--json").stdout)["sources"]["example"]["anomalies"] == []
    assert json.loads(aegis("trend", "--json").stdout) == {"example": []}
    assert json.loads(aegis("report", "--json").stdout)["report"].startswith(str(configured.aegis_report_dir))


def test_a_source_that_nobody_knows_is_refused(configured: Settings) -> None:
    done = aegis("profile", "--source", "nowhere")
    assert (done.exit_code, "aegis collect sources" in done.stderr) == (2, True)


def test_strict_ends_with_a_code_of_its_own_where_something_stands_out(configured: Settings, owner_dsn: str) -> None:
    store(owner_dsn, 12)
    assert aegis("run", "--strict", "--dry-run").exit_code == 0
    store(owner_dsn, 1, policy_id="odd", source_id="odd", funding_amount_min=None, funding_amount_max=5 * 10**13)
    done = aegis("run", "--strict", "--dry-run")
    assert (done.exit_code, "odd" in done.stdout) == (quality.EXIT_FINDINGS, True)
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute("SELECT count(*) FROM quality_metrics WHERE day = %s", (today(),)).fetchone() == (0,)


def test_a_fix_is_listed_and_undone_with_its_reason(configured: Settings, owner_dsn: str) -> None:
    fix = fixed(owner_dsn)
    (listed,) = json.loads(aegis("fixes", "list", "--json").stdout)
    assert (listed["fix_id"], listed["kind"], listed["undone_at"]) == (fix, "text_noise", None)
    assert "text_noise" in aegis("fixes", "list", "--source", "example").stdout
    assert aegis("fixes", "list", "--kind", "unit", "--json").stdout.strip() == "[]"
    said = json.loads(aegis("fixes", "undo", str(fix), "--reason", "the source means it", "--dry-run", "--json").stdout)
    assert said == {"fix_id": fix, "outcome": "restored", "dry_run": True}
    assert aegis("fixes", "undo", str(fix), "--reason", " ").exit_code == 2
    assert "restored" in aegis("fixes", "undo", str(fix), "--reason", "the source means it").stdout
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute("SELECT title FROM policies").fetchone() == ("R&amp;D 지원",)
    again = aegis("fixes", "undo", str(fix), "--reason", "once more")
    assert (again.exit_code, "undone before" in again.stderr) == (2, True)
