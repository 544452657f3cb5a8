"""The commands of the native stack's servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.account import Account
from infra.local.components import Components
from infra.local.credentials import load_credentials
from infra.local.folders import Folders
from infra.local.ports import Ports
from infra.local.program import Program
from infra.local.servers import HUGE_PAGES, Installation, servers

COMPONENTS = Components(*(Path("/cache") / name for name in ("kafka", "connect", "registry", "elasticsearch", "neo4j", "model")))


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    jdk = tmp_path / "jdk"
    jdk.mkdir()
    (jdk / "release").write_text('JAVA_VERSION="21.0.4"\n', encoding="utf-8")
    folders = Folders(checkout=tmp_path, cache=tmp_path, home=tmp_path)
    credentials = load_credentials(folders.secrets_file)
    return Installation(folders, Ports(), credentials, Account("kim", 1, 1), COMPONENTS, jdk, Path("/postgres"), Path("/redis-server"))


def on_a_jvm(installed: Installation) -> list[Program]:
    return [program for program in servers(installed) if program.command[0] == installed.java]


def test_every_java_server_keeps_classes_of_its_own_and_its_heap_in_huge_pages(installed: Installation) -> None:
    assert [program.name for program in on_a_jvm(installed)] == ["kafka", "registry", "connect", "neo4j"]
    for program in on_a_jvm(installed):
        archive = f"-XX:SharedArchiveFile={installed.folders.server(program.name)}/classes.jsa"
        assert program.command[1:4] == (HUGE_PAGES, "-XX:+AutoCreateSharedArchive", archive)
        assert len(set(program.command)) == len(program.command)


def test_what_a_java_server_runs_comes_after_the_options_of_its_jvm(installed: Installation) -> None:
    for program in on_a_jvm(installed):
        runs = next(place for place, part in enumerate(program.command) if part in {"-cp", "-jar"})
        assert not [part for part in program.command[runs:] if part.startswith(("-X", "-D"))]
