"""Migrations on real databases: once, at the same time, interrupted, and never backwards."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import psycopg
import pytest
from click.testing import CliRunner

from aegis.cli import migrate as cli
from aegis.migrations import LOCK, MIGRATIONS, UnknownMigration, known_migrations, migrate, observe
from aegis.settings import Settings
from tests.support.database import database, in_database
from tests.support.wait import until

pytestmark = pytest.mark.stack


@pytest.fixture
def empty_dsn(stack: Settings) -> Iterator[str]:
    owner = stack.postgres_dsn.get_secret_value()
    with database(owner) as name:
        yield in_database(owner, name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copytree(MIGRATIONS, tmp_path / "migrations")


def test_migrating_twice_applies_everything_once(empty_dsn: str) -> None:
    assert migrate(empty_dsn).pending == known_migrations()
    again = migrate(empty_dsn)
    assert (again.applied, again.pending) == (known_migrations(), ())


def test_looking_changes_nothing(empty_dsn: str) -> None:
    assert observe(empty_dsn).pending == known_migrations()
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone() == (0,)


def test_runs_at_the_same_time_apply_everything_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        applied = [len(done.pending) for done in pool.map(migrate, [empty_dsn] * 3)]
    assert sorted(applied) == [0, 0, len(known_migrations())]
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM _yoyo_migration").fetchone() == (len(known_migrations()),)


def test_a_second_run_waits_for_the_first(empty_dsn: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(empty_dsn, autocommit=True) as first:
            first.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            second = pool.submit(migrate, empty_dsn)
            waiting = """SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
                WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""
            until(lambda: first.execute(waiting).fetchone() == (1,), 20, "the second run to wait")
            assert not second.done()
        assert second.result(60).pending == known_migrations()


def test_a_migration_that_fails_leaves_nothing_and_can_be_run_again(empty_dsn: str, folder: Path) -> None:
    broken = folder / "9999.broken.sql"
    broken.write_text("-- depends: 0006.privileges\n\nCREATE TABLE half (id int);\n\nSELECT 1 / 0;\n")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_dsn, folder)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)
    assert observe(empty_dsn, folder).pending == ("9999.broken",)
    broken.write_text("-- depends: 0006.privileges\n\nCREATE TABLE half (id int);\n")
    assert migrate(empty_dsn, folder).pending == ("9999.broken",)


def test_a_killed_run_leaves_no_lock_behind(empty_dsn: str, folder: Path) -> None:
    migrate(empty_dsn, folder)
    with psycopg.connect(empty_dsn) as connection:  # what yoyo's own lock looks like after kill -9
        connection.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    (folder / "9999.next.sql").write_text("-- depends: 0006.privileges\n\nCREATE TABLE next (id int);\n")
    assert migrate(empty_dsn, folder).pending == ("9999.next",)


def test_a_newer_database_is_left_alone(empty_dsn: str, folder: Path) -> None:
    (folder / "9999.newer.sql").write_text("-- depends: 0006.privileges\n\nCREATE TABLE newer (id int);\n")
    migrate(empty_dsn, folder)
    with pytest.raises(UnknownMigration, match=r"9999\.newer"):
        migrate(empty_dsn)


def test_the_command_says_what_is_pending_and_what_it_applied(stack: Settings, empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "settings", lambda: stack.model_copy(update={"postgres_dsn": type(stack.postgres_dsn)(empty_dsn)}))
    dry = CliRunner().invoke(cli.command, ["--dry-run"])
    assert f"pending  {known_migrations()[0]}" in dry.output
    done = CliRunner().invoke(cli.command)
    assert done.output.endswith(f"0 applied before, {len(known_migrations())} applied now\n")
    again = CliRunner().invoke(cli.command)
    assert again.output == f"{len(known_migrations())} applied before, 0 applied now\n"


def test_the_command_explains_a_server_that_does_not_answer(stack: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = type(stack.postgres_dsn)("postgresql://aegis_owner@127.0.0.1:1/aegis")
    monkeypatch.setattr(cli, "settings", lambda: stack.model_copy(update={"postgres_dsn": nowhere}))
    result = CliRunner().invoke(cli.command)
    assert result.exit_code == 1
    assert "OperationalError" in result.output
