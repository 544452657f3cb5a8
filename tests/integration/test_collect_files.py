"""Files dropped into a folder, into a real PostgreSQL: each once, whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import pytest

from aegis.settings import Settings
from collectors.files.drop import dropped
from collectors.files.folder import FileFolder
from collectors.files.mapping import MAPPING, mapping_in
from collectors.files.taking import Fate, Outcome, Taker
from collectors.staging import Staged
from collectors.store import PolicyStore
from infra.local.portals.application import simulator
from tests.support.collecting import Collecting, collecting
from tests.support.database import database
from tests.support.servers import REPOSITORY
from tests.support.wait import patient, until

pytestmark = pytest.mark.stack
AEGIS = Path(sys.executable).with_name("aegis")
YAML = "fields: {source_id: 번호, title: 사업명, content: 내용, application_period_text: 기간}\nfixed: {issuing_organization: 하늘시}\n"


@pytest.fixture(scope="module")
def name(stack: Settings, template_database: str) -> Iterator[str]:
    with database(stack.postgres_dsn.get_secret_value(), template_database) as made:
        yield made


@pytest.fixture
def world(stack: Settings, name: str) -> Collecting:
    made = collecting(stack, name, simulator())
    made.empty()
    with psycopg.connect(made.owner_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM ops.taken_files")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ledger"
    made.mkdir()
    (made / MAPPING).write_text(YAML, encoding="utf-8")
    return made


def table(*numbers: int, content: str = "내용") -> str:
    return "번호,사업명,내용,기간\n" + "".join(f"F-{number},예시 지원사업 {number},{content} {number},상시\n" for number in numbers)


def take(world: Collecting, path: Path, **options: object) -> Outcome:
    source = FileFolder(mapping_in(path.parent))
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        store = PolicyStore(connection, source.name, dry_run=bool(options.get("dry_run")))
        return Taker(source, store, **{"settle_seconds": 0.0, **options}).take(path)  # type: ignore[arg-type]


def test_a_file_is_taken_once_whatever_its_name(world: Collecting, folder: Path) -> None:
    (folder / "a.csv").write_text(table(*range(1, 1203)), encoding="utf-8")
    outcome = take(world, folder / "a.csv")
    assert outcome.summary is not None
    assert (outcome.fate, outcome.summary.new, outcome.summary.status) == (Fate.TAKEN, 1202, "success")
    assert {row["source"] for row in world.policies().values()} == {"files.ledger"}
    assert [path.name for path in (folder / "taken").iterdir()] == ["a.csv"]
    before = world.fingerprint()
    (folder / "taken" / "a.csv").rename(folder / "b.csv")
    outcome = take(world, folder / "b.csv")
    assert (outcome.fate, "a.csv" in outcome.note) == (Fate.KNOWN, True)
    assert world.fingerprint() == before
    (row,) = world.rows("SELECT name, records, quarantined FROM ops.taken_files")
    assert row == {"name": "a.csv", "records": 1202, "quarantined": 0}


def test_nothing_of_a_file_that_breaks_off_is_stored(world: Collecting, folder: Path) -> None:
    lines = [json.dumps({"번호": f"F-{number}", "사업명": "예시"}) for number in range(1, 1203)]
    (folder / "a.jsonl").write_text("\n".join(lines)[:-5], encoding="utf-8")
    outcome = take(world, folder / "a.jsonl")
    assert outcome.fate is Fate.FAILED
    for rest in ("policies", "raw_documents", "outbox", "ops.taken_files"):
        assert world.rows(f"SELECT FROM {rest}") == []
    (history,) = world.rows("SELECT status, error_code, message FROM processing_history")
    assert (history["status"], history["error_code"]) == ("failure", "DP_1004")
    assert "a.jsonl" in history["message"]
    assert "DP_1004" in (folder / "failed" / "a.jsonl.txt").read_text(encoding="utf-8")
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert take(world, folder / "a.jsonl").fate is Fate.TAKEN
    assert len(world.policies()) == 1202


def test_a_file_that_is_written_to_meanwhile_waits(world: Collecting, folder: Path) -> None:
    path = folder / "a.csv"

    def write_more(_seconds: float) -> None:
        path.write_text(table(1, 2), encoding="utf-8")

    def write_while_read(pages: Iterable[Staged]) -> Iterator[Staged]:
        yield from pages
        path.write_text(table(1, 2, 3), encoding="utf-8")

    path.write_text(table(1), encoding="utf-8")
    assert take(world, path, settle_seconds=60.0, sleep=write_more).fate is Fate.WAITING
    assert take(world, path, keep=write_while_read).fate is Fate.WAITING
    assert world.policies() == {}
    assert take(world, path).fate is Fate.TAKEN
    assert len(world.policies()) == 3


def test_a_crash_before_the_file_was_moved_takes_it_no_second_time(world: Collecting, folder: Path) -> None:
    (folder / "a.csv").write_text(table(1), encoding="utf-8")
    take(world, folder / "a.csv", moves=False)
    before = world.fingerprint()
    assert take(world, folder / "a.csv").fate is Fate.KNOWN
    assert world.fingerprint() == before
    assert (folder / "taken" / "a.csv").exists()


def test_bad_rows_are_quarantined_and_a_corrected_file_releases_them(world: Collecting, folder: Path) -> None:
    (folder / "a.csv").write_text(table(1, 2) + "F-3,,내용,상시\nF-1,다른 이름,내용,상시\n", encoding="utf-8")
    outcome = take(world, folder / "a.csv")
    assert outcome.summary is not None
    assert (outcome.fate, outcome.summary.new, outcome.summary.quarantined, outcome.summary.status) == (Fate.TAKEN, 2, 2, "partial")
    found = world.rows("SELECT source_id, code, field FROM quarantine ORDER BY 1")
    assert [tuple(row.values()) for row in found] == [("F-1", "DP_2003", "번호"), ("F-3", "DP_2001", "사업명")]
    (folder / "b.csv").write_text(table(1, 3), encoding="utf-8")
    outcome = take(world, folder / "b.csv")
    assert outcome.summary is not None
    assert (outcome.summary.new, outcome.summary.archived) == (1, 0)
    assert world.rows("SELECT FROM quarantine WHERE released_at IS NULL") == []
    assert {row["status"] for row in world.policies().values()} == {"pending_validation"}


def ledger(column: str, values: list[object]) -> str:
    """Records as JSON, each with one of the values in one column more than the mapping names."""
    return json.dumps(
        [
            {"번호": f"F-{n}", "사업명": f"예시 {n}", "내용": "내용", "기간": "상시"} | ({column: value} if value is not ... else {})
            for n, value in enumerate(values)
        ]
    )


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [([...] * 40, "DP_1004"), (["하늘시", *[""] * 39], "DP_2002"), ([["하늘시"]] * 40, "DP_1004")],
    ids=["a column is gone", "a column says less", "a text became a list"],
)
def test_a_file_that_lost_its_shape_writes_nothing_and_is_kept_and_its_neighbour_is_taken(
    world: Collecting, folder: Path, spoilt: list[object], code: str
) -> None:
    (folder / "a.json").write_text(ledger("기관", ["하늘시"] * 40), encoding="utf-8")
    assert take(world, folder / "a.json").fate is Fate.TAKEN
    before = world.fingerprint()
    (folder / "b.json").write_text(ledger("기관", spoilt), encoding="utf-8")
    outcome = take(world, folder / "b.json")
    assert (outcome.fate, code in outcome.note, "기관" in outcome.note, "--force-gate" in outcome.note) == (Fate.FAILED, True, True, True)
    assert world.fingerprint() == before
    assert outcome.note in (folder / "failed" / "b.json.txt").read_text(encoding="utf-8")
    assert [row["error_code"] for row in world.rows("SELECT error_code FROM processing_history ORDER BY processing_id")] == [None, code]
    (folder / "c.json").write_text(ledger("기관", ["바다시"] * 40), encoding="utf-8")
    assert take(world, folder / "c.json").fate is Fate.TAKEN
    (folder / "failed" / "b.json").rename(folder / "b.json")
    assert take(world, folder / "b.json", force_gate=True).fate is Fate.TAKEN


def test_the_shape_of_a_file_is_that_of_its_form_and_of_its_sound_rows(world: Collecting, folder: Path) -> None:
    (folder / "a.csv").write_text("번호,사업명,내용,기간\n" + "F,예시,내용\n" * 40, encoding="utf-8")
    (folder / "b.csv").write_text(table(*range(1, 41)), encoding="utf-8")
    (folder / "c.json").write_text(ledger("조회수", [7] * 40), encoding="utf-8")
    (folder / "d.csv").write_text(table(*range(41, 81)).replace("기간", "기간,조회수", 1).replace("상시", "상시,7"), encoding="utf-8")
    assert {take(world, folder / name).fate for name in ("a.csv", "b.csv", "c.json", "d.csv")} == {Fate.TAKEN}
    known = {row["name"]: row["value"] for row in world.rows("SELECT name, value FROM pipeline_metadata")}
    assert sorted(known) == ["collect.files.ledger.json.shape", "collect.files.ledger.table.shape"]
    assert sorted(known["collect.files.ledger.table.shape"]["columns"]) == sorted(["번호", "사업명", "내용", "기간", "조회수"])


def test_a_name_that_is_no_utf_8_harms_nothing(world: Collecting, folder: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + "/대장.csv".encode("cp949")))
    path.write_text(table(1), encoding="utf-8")
    assert take(world, path).fate is Fate.TAKEN
    (row,) = world.rows("SELECT name FROM ops.taken_files")
    assert row["name"].endswith(".csv")


def test_a_dry_run_writes_and_moves_nothing(world: Collecting, folder: Path) -> None:
    (folder / "a.csv").write_text(table(1, 2), encoding="utf-8")
    before = world.fingerprint()
    outcome = take(world, folder / "a.csv", dry_run=True)
    assert outcome.summary is not None
    assert (outcome.fate, outcome.summary.new) == (Fate.TAKEN, 2)
    assert world.fingerprint() == before
    assert world.rows("SELECT FROM ops.taken_files") == []
    assert (folder / "a.csv").exists()


def test_only_whole_files_of_the_folder_itself_are_looked_at(folder: Path) -> None:
    for name in ("b.csv", "a.csv.part", ".hidden.csv", "~$a.xlsx", "c.docx"):
        (folder / name).write_text("x", encoding="utf-8")
    (folder / "link.csv").symlink_to("/etc/hostname")
    (folder / "taken").mkdir()
    os.utime(folder / "b.csv", (1, 1))
    assert [path.name for path in dropped(folder)] == ["b.csv", "c.docx"]


def test_a_watched_folder_takes_files_as_they_come(world: Collecting, folder: Path) -> None:
    (folder / "bad.json").write_text("{", encoding="utf-8")
    environ = {**os.environ, "POSTGRES_COLLECTOR_DSN": world.collector_dsn, "AEGIS_FILES_URL": ""}
    command = [AEGIS, "collect", "files", str(folder), "--watch", "--settle", "0", "--json"]
    with subprocess.Popen(command, env=environ, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as watching:
        try:
            until((folder / "failed" / "bad.json.txt").exists, 60, "the file that cannot be read")
            (folder / "a.csv.part").write_text(table(1), encoding="utf-8")
            (folder / "a.csv.part").rename(folder / "a.csv")
            until((folder / "taken" / "a.csv").exists, 60, "the file that was dropped")
        finally:
            watching.send_signal(signal.SIGINT)
            output, _ = watching.communicate(timeout=patient(30))
    assert [(told["name"], told["fate"]) for told in map(json.loads, output.splitlines())] == [("bad.json", "failed"), ("a.csv", "taken")]
    assert list(world.policies()) == ["F-1"]
