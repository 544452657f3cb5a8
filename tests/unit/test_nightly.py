"""The nightly steps and the runs by hand, against a program that answers in place of `aegis`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aegis.errors import AegisError
from batch import command, manual, nightly
from batch.command import aegis
from batch.folders import run_folder
from tests.support.wait import until

Answers = Callable[..., Path]


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Puts a program in the place of `aegis`: first words → (exit code, JSON, stderr). Returns the file of the command lines that it was given."""
    monkeypatch.setenv("AEGIS_BATCH_FOLDER", str(tmp_path / "batch"))
    monkeypatch.delenv("AEGIS_REPORT_DIR", raising=False)
    calls = tmp_path / "calls"

    def give(known: Mapping[str, tuple[int, Any, str]]) -> Path:
        program = tmp_path / "aegis"
        program.write_text(
            f"#!{sys.executable}\nimport json, sys\nwords = ' '.join(sys.argv[1:])\nopen({str(calls)!r}, 'a').write(words + '\\n')\n"
            f"code, said, told = next(answer for start, answer in json.loads({json.dumps(json.dumps(known))}).items() if words.startswith(start))\n"
            "print(json.dumps(said)); print(told, file=sys.stderr); sys.exit(code)\n"
        )
        program.chmod(0o700)
        monkeypatch.setattr(command, "PROGRAM", program)
        return calls

    return give


def comparison(verdict: str, found: dict[str, int], repaired: int = 0, message: str = "") -> dict[str, Any]:
    pairs = [{"rows": 5, "records": 4, "found": found}, {"rows": 2, "records": 2, "found": {"missing": 1} if found else {}}]
    return {"run_id": "R1", "verdict": verdict, "message": message, "rounds": [{"round": 1, "pairs": pairs}], "repairs_published": repaired}


def test_what_all_takes_is_fetched_and_portals_without_a_key_are_named(answers: Answers) -> None:
    sources = [{"source": source, "key": key} for source, key in (("bizinfo", True), ("gov24", False), ("korea.policy", None))]
    fetched = {"bizinfo": {"records": 3}, "korea.policy": {"records": 20}}
    calls = answers({"collect sources": (0, sources, ""), "collect fetch": (0, fetched, "")})
    report = nightly.extract_external_data("manual__1")
    assert (report["fetched"], report["skipped_without_key"]) == (fetched, ["gov24"])
    assert f"collect fetch --all --into {run_folder('manual__1')} --json" in calls.read_text()


def test_what_stood_in_for_a_source_that_is_down_is_said(answers: Answers) -> None:
    written = {"bizinfo": {"new": 1, "instead": None}, "gov24": {"new": 2, "instead": "its last good listing was taken instead (DP_1001: no answer)"}}
    calls = answers({"collect write": (0, written, "")})
    report = nightly.sync_postgresql("manual__1")
    assert (report["written"], report["stood_in"]) == (written, {"gov24": written["gov24"]["instead"]})
    assert "--skip-outdated" in calls.read_text()


def test_sources_that_fail_are_named(answers: Answers) -> None:
    said = "bizinfo: page 1\nError: bizinfo: DP_1001: no answer\ngov24: DP_1003: no key"
    answers({"collect sources": (0, [], ""), "collect fetch": (1, {"bizinfo": {}}, said)})
    with pytest.raises(AegisError, match="bizinfo: DP_1001: no answer; gov24: DP_1003: no key"):
        nightly.extract_external_data("manual__1")


@pytest.mark.parametrize(("step", "words"), [(nightly.validate_and_stage, "stage"), (nightly.sync_postgresql, "write")])
def test_a_step_of_the_collection_that_fails_says_why(answers: Answers, step: Callable[[str], Any], words: str) -> None:
    answers({f"collect {words}": (1, None, "Error: PostgreSQL does not answer")})
    with pytest.raises(AegisError, match=f"aegis collect {words} ended with 1: PostgreSQL does not answer"):
        step("manual__1")


@pytest.mark.parametrize(("exit_code", "verdict", "repaired"), [(0, "clean", 0), (3, "repaired", 7)])
def test_a_store_that_is_equal_in_the_end_is_a_success(answers: Answers, exit_code: int, verdict: str, repaired: int) -> None:
    answers({"reconcile --store graph --wait": (exit_code, comparison(verdict, {"missing": 2, "stale": 4} if repaired else {}, repaired), "")})
    report = nightly.synchronise("graph")
    assert (report["verdict"], report["repaired"], report["rows"], report["records"]) == (verdict, repaired, 7, 6)
    assert report["found"] == ({"missing": 3, "stale": 4} if repaired else {})
    assert report["report"].endswith("/reports/reconcile-R1.md")


def test_drift_that_is_left_fails_with_its_code_its_counts_and_the_report(answers: Answers) -> None:
    answers({"reconcile": (4, comparison("drift_left", {"orphan": 2}, message="more than 20 % of it"), "")})
    for step in (nightly.verify_consistency, lambda: nightly.synchronise("graph")):
        with pytest.raises(AegisError, match=r"DP_3004.*2 orphan, 1 missing; more than 20 % of it; report: .*reconcile-R1\.md"):
            step()


def test_a_comparison_that_failed_is_not_taken_for_drift(answers: Answers) -> None:
    answers({"reconcile": (1, None, "Error: DP_4003: another run is in progress")})
    for step in (nightly.verify_consistency, lambda: nightly.synchronise("graph")):
        with pytest.raises(AegisError, match=r"DP_4002.*another run is in progress"):
            step()


def test_what_old_runs_fetched_is_removed_in_the_end(answers: Answers) -> None:
    answers({"purge": (0, {"purged": 1}, "")})
    for number in range(nightly.KEPT_RUNS + 2):
        os.utime(run_folder(f"old__{number}"), (number, number))
    report = nightly.cleanup_orphaned_data("new__1")
    assert (report["purged"], report["removed_runs"]) == ({"purged": 1}, 3)
    kept = {folder.name for folder in run_folder("new__1").parent.iterdir()}
    assert kept == {"new__1", *(f"old__{number}" for number in range(3, nightly.KEPT_RUNS + 2))}


def test_no_run_can_name_a_folder_outside_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_BATCH_FOLDER", str(tmp_path))
    assert run_folder("../../etc/x").parent == run_folder("..").parent == tmp_path / "runs"


@pytest.mark.parametrize(
    ("origin", "options"),
    [
        ("beginning", ["--from-beginning"]),
        ("0:17 3:4", ["--offset", "0:17", "--offset", "3:4"]),
        (" 2h ", ["--to-time", "2h"]),
        ("2026-11-21T03:00:00+09:00", ["--to-time", "2026-11-21T03:00:00+09:00"]),
    ],
)
def test_a_place_in_the_log_becomes_the_commands_option(origin: str, options: list[str]) -> None:
    assert manual.origin_options(origin) == options


def test_a_replay_and_a_rebuild_by_hand_are_the_commands(answers: Answers) -> None:
    calls = answers({"replay": (3, {"verdict": "repaired"}, ""), "rebuild": (0, {"verdict": "clean"}, "")})
    assert manual.replay("search", "beginning", "policies", dry_run=True) == {"exit_code": 3, "verdict": "repaired"}
    assert manual.rebuild("vector", None, dry_run=False)["verdict"] == "clean"
    assert calls.read_text().splitlines() == ["replay search --from-beginning --table policies --dry-run --json", "rebuild vector --json"]


def test_a_refused_replay_fails_with_the_commands_words(answers: Answers) -> None:
    answers({"replay": (2, None, "Error: the log no longer reaches back that far")})
    with pytest.raises(AegisError, match="aegis replay ended with 2: the log no longer reaches back"):
        manual.replay("search", "beginning", None, dry_run=False)


def test_a_command_is_ended_when_its_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "aegis"
    program.write_text(f"#!{sys.executable}\nimport os, sys, time\nprint(os.getpid(), file=sys.stderr, flush=True)\ntime.sleep(600)\n")
    program.chmod(0o700)
    said: list[str] = []

    def log(line: str, **_: Any) -> None:
        said.append(line)
        if line.isdecimal():
            raise TimeoutError

    monkeypatch.setattr(command, "PROGRAM", program)
    monkeypatch.setattr(command, "log", SimpleNamespace(info=log))
    with pytest.raises(TimeoutError):
        aegis("reconcile")
    assert not Path(f"/proc/{said[-1]}").exists()


def test_a_command_ends_with_the_task_that_was_killed(tmp_path: Path) -> None:
    """Nobody else would end it, and it would hold the lock of the cold path."""
    program, pid = tmp_path / "aegis", tmp_path / "pid"
    program.write_text(f"#!{sys.executable}\nimport os, time\nopen({str(pid)!r} + '.new', 'w').write(str(os.getpid()))\n")
    with program.open("a") as file:
        file.write(f"os.rename({str(pid)!r} + '.new', {str(pid)!r})\ntime.sleep(600)\n")
    program.chmod(0o700)
    code = f"from pathlib import Path\nfrom batch import command\ncommand.PROGRAM = Path({str(program)!r})\ncommand.aegis('reconcile')\n"
    task = subprocess.Popen([sys.executable, "-c", code])
    until(pid.exists, 30, "the command to run")
    child = int(pid.read_text())
    task.send_signal(signal.SIGKILL)
    task.wait()
    until(lambda: not Path(f"/proc/{child}").exists() or "State:\tZ" in Path(f"/proc/{child}/status").read_text(), 30, "the command to end")


def test_offsets_without_their_table_are_refused_before_anything_starts() -> None:
    with pytest.raises(AegisError, match="give the parameter table"):
        manual.replay("search", "0:10 1:20", None, dry_run=True)
