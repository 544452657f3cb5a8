"""Quality of what stands in PostgreSQL: measured per source and day, kept once, and told by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from aegis.settings import Settings
from batch.quality.jump import LEAST_DAYS
from batch.quality.run import look, run, today
from tests.support.database import in_database
from tests.support.policies import DAY, store
from tests.support.servers import REPOSITORY
from tests.support.wait import patient

pytestmark = pytest.mark.stack
AEGIS = Path(sys.executable).with_name("aegis")


@pytest.fixture
def validator_dsn(stack: Settings, own_database: str) -> str:
    return in_database(stack.postgres_validator_dsn.get_secret_value(), own_database)


@pytest.fixture
def validator(validator_dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(validator_dsn, autocommit=True) as connection:
        yield connection


def kept(dsn: str) -> list[dict[str, Any]]:
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        return owner.execute("SELECT *, xmin::text FROM quality_metrics ORDER BY quality_metric_id").fetchall()


def test_a_day_is_measured_per_source_and_a_second_run_changes_nothing(owner_dsn: str, validator: psycopg.Connection) -> None:
    store(owner_dsn, 3)
    store(owner_dsn, 2, source="other", tags=())
    store(owner_dsn, 1, source="gone", status="archived", is_active=False)
    found = run(validator, DAY, 0.7)
    assert [(one.profile.source, one.profile.count) for one in found.sources] == [("example", 3), ("other", 2)]
    before = kept(owner_dsn)
    values = {(row["scope"], row["metric"]): row["value"] for row in before}
    assert values["example", "count"] == 3
    assert (values["example", "null_share.tags"], values["other", "null_share.tags"]) == (0, 1)
    assert {row["day"] for row in before} == {DAY}
    run(validator, DAY, 0.7)
    assert kept(owner_dsn) == before


def test_a_later_run_of_the_day_replaces_what_differs(owner_dsn: str, validator: psycopg.Connection) -> None:
    store(owner_dsn, 2)
    run(validator, DAY, 0.7)
    store(owner_dsn, 1, policy_id="one-more", source_id="more")
    run(validator, DAY, 0.7)
    rows = [row for row in kept(owner_dsn) if row["metric"] == "count"]
    assert [(row["value"], row["sample_size"]) for row in rows] == [(3, 3)]


def test_a_row_that_nobody_can_read_is_left_out_and_holds_up_no_measurement(owner_dsn: str, validator: psycopg.Connection) -> None:
    store(owner_dsn, 2)
    store(owner_dsn, 1, policy_id="far", source_id="far")
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("UPDATE policies SET created_at = '12000-01-01' WHERE policy_id = 'far'")
    assert [one.profile.count for one in run(validator, DAY, 0.7).sources] == [2]


def test_a_look_writes_nothing(owner_dsn: str, validator: psycopg.Connection) -> None:
    store(owner_dsn, 1)
    assert look(validator, DAY, 0.7).sources[0].profile.score == 1
    assert kept(owner_dsn) == []


def test_a_source_that_lost_its_key_words_is_found_after_a_week_and_not_before(owner_dsn: str, validator: psycopg.Connection) -> None:
    store(owner_dsn, 4)
    for number in range(LEAST_DAYS):
        found = run(validator, DAY + timedelta(days=number), 0.7)
        assert found.anomalies == 0
        assert found.sources[0].history_note is not None
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("UPDATE policies SET tags = '{}'")
    after = look(validator, DAY + timedelta(days=LEAST_DAYS), 0.7)
    assert "null_share.tags" in {each.metric for each in after.sources[0].jumps}
    assert after.sources[0].history_note is None


def test_the_command_line_measures_and_names_its_report(owner_dsn: str, validator_dsn: str, tmp_path: Path) -> None:
    store(owner_dsn, 2)
    environ = {**os.environ, "POSTGRES_VALIDATOR_DSN": validator_dsn, "AEGIS_REPORT_DIR": str(tmp_path)}
    done = subprocess.run([AEGIS, "quality", "run", "--json"], env=environ, cwd=REPOSITORY, capture_output=True, text=True, timeout=patient(60), check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["on"], said["sources"][0]["source"]) == (today().isoformat(), "example")
    assert Path(said["report"]).is_relative_to(tmp_path)
    assert "example" in Path(said["report"]).read_text()
