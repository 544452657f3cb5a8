"""PostgreSQL comes back from a dump taken before its last 1,000 changes: the stores are ahead of the truth, and the next nightly run makes all equal again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis.cli.main import aegis
from aegis.settings import Settings
from batch import nightly
from connectors.rest import Connect
from tests.support.equality import assert_equal_everywhere
from tests.support.wait import patient, until

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(2400)]

CONNECTOR, SLOT = "aegis-postgres-connector", "aegis_slot"
POLICIES, USERS, RULES = 300, 6_000, 600
ROLES = ("aegis_collector", "aegis_cdc", "aegis_reader", "aegis_operator")

# Few policies, since each is embedded. 60 + 900 + 40 changes: 1,000.
CHANGES: tuple[LiteralString, ...] = (
    "UPDATE policies SET title = title || ' 바뀜' WHERE starts_with(policy_id, %(p)s) AND right(policy_id, 1) = '1'",
    "DELETE FROM policies WHERE starts_with(policy_id, %(p)s) AND policy_id ~ '[02]2$'",
    "INSERT INTO policies (policy_id, title) SELECT %(p)s || 'new' || n, '새 정책 ' || n FROM generate_series(1, 25) n",
    "UPDATE users SET region_code = '26' WHERE starts_with(user_id, %(p)s) AND user_id ~ '[05]1$'",
    "UPDATE users SET is_active = false WHERE starts_with(user_id, %(p)s) AND user_id ~ '[1-4]3$'",
    "DELETE FROM users WHERE starts_with(user_id, %(p)s) AND user_id ~ '[05]7$'",
    "INSERT INTO users (user_id) SELECT %(p)s || 'new' || n FROM generate_series(1, 422) n",
    "UPDATE business_rules SET priority = 9 WHERE starts_with(rule_id, %(p)s) AND rule_id ~ '[05]1$'",
    "DELETE FROM business_rules WHERE starts_with(rule_id, %(p)s) AND rule_id ~ '[05]7$'",
    "INSERT INTO business_rules (rule_id, name) SELECT %(p)s || 'new' || n, '새 규칙' FROM generate_series(1, 18) n",
)


def _load(owner: str, prefix: str) -> None:
    with psycopg.connect(owner) as connection:
        for table, number in (
            ("INSERT INTO policies (policy_id, title, target_regions) SELECT %s || n, '정책 ' || n, '{11}' FROM generate_series(1, %s) n", POLICIES),
            ("INSERT INTO users (user_id, region_code, industry_code) SELECT %s || n, '11', 'C' FROM generate_series(1, %s) n", USERS),
            ("INSERT INTO business_rules (rule_id, name) SELECT %s || n, '규칙 ' || n FROM generate_series(1, %s) n", RULES),
        ):
            connection.execute(table, (prefix, number))


def _change(owner: str, prefix: str) -> int:
    """How many rows were changed."""
    with psycopg.connect(owner) as connection:
        return sum(connection.execute(statement, {"p": prefix}).rowcount for statement in CHANGES)


def _tool(name: str, owner: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs against the owner's database; the password goes by the environment."""
    parts = conninfo_to_dict(owner)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    environment = os.environ | {variable: str(parts[part]) for variable, part in names.items() if parts.get(part)}
    program = shutil.which(name) or str(max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=patient(120), check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@contextmanager
def _connector_stopped(settings: Settings) -> Iterator[None]:
    """Stopped, its slot dropped; afterwards it takes a new snapshot, as docs/capture.md has it for a PostgreSQL that was restored."""
    connect = Connect(settings.connect_url)
    try:
        connect.stop(CONNECTOR)
        until(lambda: (status := connect.status(CONNECTOR)) is not None and status.state == "STOPPED" and not status.tasks, 60, "the connector to stop")
        with psycopg.connect(settings.postgres_dsn.get_secret_value(), autocommit=True) as connection:
            gone = "SELECT count(*) = 0 FROM pg_replication_slots WHERE slot_name = %s AND active"
            until(lambda: connection.execute(gone, (SLOT,)).fetchone() == (True,), 60, "the slot to be free")
            connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
        yield
    finally:
        connect.close()
    applied = CliRunner().invoke(aegis, ["connect", "apply", "--snapshot-again"])
    assert applied.exit_code == 0, applied.output


def _restore(owner: str, dump: Path) -> None:
    """The database anew, as it was when it was dumped."""
    name = sql.Identifier(str(conninfo_to_dict(owner)["dbname"]))
    with psycopg.connect(make_conninfo(owner, dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.SQL(", ").join(sql.Identifier(role) for role in ROLES)))
    _tool("pg_restore", owner, "--dbname", str(conninfo_to_dict(owner)["dbname"]), "--exit-on-error", "--no-comments", str(dump))


def _drawn(owner: str) -> int:
    with psycopg.connect(owner) as connection:
        row = connection.execute("SELECT last_value FROM aegis_version_seq").fetchone()
    assert row is not None
    return int(row[0])


def test_a_restored_postgresql_and_its_stores_are_equal_after_the_next_nightly_run(stack: Settings, owner: str, prefix: str, tmp_path: Path) -> None:
    _load(owner, prefix)
    assert_equal_everywhere(stack, prefix, seconds=180)
    dump = tmp_path / "aegis.dump"
    _tool("pg_dump", owner, "--format=custom", "--file", str(dump))
    before = _drawn(owner)
    assert _change(owner, prefix) == 1_000
    assert_equal_everywhere(stack, prefix, seconds=120)
    after = _drawn(owner)

    with _connector_stopped(stack):
        _restore(owner, dump)
        assert _drawn(owner) == before < after

    found: dict[str, int] = {}
    for store in ("vector", "graph", "search", "cache"):
        report: dict[str, Any] = nightly.synchronise(store)
        found = {kind: found.get(kind, 0) + report["found"].get(kind, 0) for kind in found.keys() | report["found"].keys()}
    assert nightly.verify_consistency()["verdict"] == "clean"
    assert found["ahead_of_truth"] > 0
    assert found["orphan"] > 0
    assert _drawn(owner) > after, "no version is given twice"
    assert_equal_everywhere(stack, prefix, seconds=10)
