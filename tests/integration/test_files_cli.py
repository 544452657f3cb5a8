"""`aegis files`, `aegis export`, `aegis clean` and the schedule's commands, as people give them, into a real PostgreSQL."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from click import Command
from click.testing import CliRunner, Result
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from aegis.cli.files import command as files
from aegis.files.storage import Storage
from aegis.settings import Settings
from batch.cli.clean import command as clean
from batch.cli.export import command as export
from collectors.keeping import Keeper
from collectors.schedule.cli import due_command, schedule_command
from infra.local.portals.generated import PER_PORTAL
from tests.support.collecting import Collecting
from tests.support.models import Models, models

pytestmark = pytest.mark.stack
Say = Callable[..., Result]
MODULES = ("aegis.cli.files", "batch.cli.export", "batch.cli.clean", "collectors.schedule.cli")


@pytest.fixture
def served() -> Iterator[Models]:
    with models() as server:
        yield server


@pytest.fixture
def configured(stack: Settings, collect_database: str, served: Models, tmp_path: Path) -> Settings:
    roles = ("reader", "validator", "collector", "operator")
    dsns = {f"postgres_{role}_dsn": getattr(stack, f"postgres_{role}_dsn").get_secret_value() for role in roles}
    own = {name: SecretStr(make_conninfo(dsn, dbname=collect_database)) for name, dsn in dsns.items()}
    return stack.model_copy(update={**own, "aegis_files_url": str(tmp_path), "local_llm_url": f"{served.url}/v1", "openai_api_key": SecretStr("")})


@pytest.fixture
def say(configured: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    for module in MODULES:
        monkeypatch.setattr(f"{module}.settings", lambda: configured)

    def said(command: Command, *arguments: str) -> Result:
        return CliRunner().invoke(command, arguments)

    return said


@pytest.fixture
def collected(world: Collecting, configured: Settings) -> Collecting:
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        world.run("gov24", keep=Keeper(Storage(configured.aegis_files_url), connection, "gov24").kept)
    return world


def test_files_are_listed_shown_with_their_lineage_and_verified(collected: Collecting, say: Say, tmp_path: Path) -> None:
    listed = json.loads(say(files, "list", "--json").stdout)
    assert {file["kind"]: file["row_count"] for file in listed} == {"raw": PER_PORTAL, "processed": PER_PORTAL}
    raw = next(file for file in listed if file["kind"] == "raw")
    assert raw["file_id"][:8] in say(files, "list", "--source", "gov24").stdout
    shown = json.loads(say(files, "show", raw["file_id"][:8], "--json").stdout)
    assert [(each["steps"], each["kind"]) for each in shown["lineage"]] == [(1, "processed")]
    assert "made into" in say(files, "show", raw["path"]).stdout
    assert say(files, "verify").exit_code == 0
    (tmp_path / raw["path"]).write_bytes(b"another's")
    changed = say(files, "verify")
    assert (changed.exit_code, f"{raw['path']}: its bytes are not those" in changed.stdout) == (1, True)
    (tmp_path / raw["path"]).unlink()
    assert "it is gone" in say(files, "verify").stdout


def test_a_file_that_the_catalogue_lacks_is_told_with_the_remedy(collected: Collecting, say: Say) -> None:
    asked = say(files, "show", "nothing")
    assert (asked.exit_code, "aegis files list" in asked.output) == (1, True)


def test_an_export_says_where_it_is(collected: Collecting, say: Say) -> None:
    made = json.loads(say(export, "--source", "gov24", "--json").stdout)
    with Path(made["where"]).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == made["row_count"] == PER_PORTAL
    assert f"{PER_PORTAL} rows" in say(export, "--from", "processed", "--format", "parquet").stdout
    assert say(export, "--from", "processed", "--status", "active").exit_code == 2
    assert say(export, "--from", "processed", "--source", "nowhere").exit_code == 1


def test_a_task_is_rehearsed_over_policies_and_says_so(collected: Collecting, say: Say, served: Models) -> None:
    pending = ("category", "--status", "pending_validation", "--provider", "rehearsal")
    assert f"{PER_PORTAL} rows" in say(clean, *pending, "--dry-run").stdout
    done = say(clean, *pending)
    assert "nobody was asked" in done.stdout
    [path] = (line for line in done.stdout.splitlines() if line.endswith(".parquet"))
    assert {row["category_provider"] for row in pq.read_table(path).to_pylist()} == {"rehearsal"}
    assert served.asked == []


def test_a_run_ends_at_its_ceiling_and_goes_on_under_a_higher_one(collected: Collecting, say: Say, served: Models) -> None:
    asked = ("category", "--status", "pending_validation", "--provider", "local", "--price-in", "1", "--price-out", "1", "--limit", "3", "--json")
    assert say(clean, *asked, "--max-cost", "0").exit_code == 4
    assert served.asked == []
    done = json.loads(say(clean, *asked, "--max-cost", "1").stdout)
    assert (done["rows"], done["provider"], len(served.asked)) == (3, "local", done["asked"])
    assert done["cost_usd"] > 0


@pytest.mark.parametrize(("arguments", "told"), [(("--provider", "openai"), "OPENAI_API_KEY"), (("--provider", "local", "--price-in", "1"), "")])
def test_what_cannot_be_asked_is_told_before_anything_is_sent(collected: Collecting, say: Say, served: Models, arguments: tuple[str, ...], told: str) -> None:
    asked = say(clean, "category", "--status", "pending_validation", "--dry-run", *arguments)
    assert asked.exit_code == (1 if told else 0)
    assert told in asked.output
    assert served.asked == []


def test_the_schedule_names_every_source_that_can_be_asked_with_the_reason(world: Collecting, say: Say) -> None:
    rows = {row["source"]: row for row in json.loads(say(schedule_command, "--json").stdout)}
    assert rows["korea.policy"]["reason"] == "it never ran"
    assert rows["korea.policy"]["interval_seconds"] == 1800
    assert "korea.policy" in say(schedule_command).stdout
    assert "korea.policy" in say(due_command, "--dry-run").stdout
