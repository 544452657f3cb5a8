"""The command line against the real stack, and rows of a test's own in the captured tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.rows import dict_row

from aegis.cli.main import aegis
from aegis.settings import Settings
from tests.support.wait import until

PREFIX = "e2e-cli-"

Cli = Callable[..., Result]


@pytest.fixture
def cli(stack: Settings) -> Cli:
    """Runs `aegis` with arguments, in this process."""
    return lambda *arguments: CliRunner().invoke(aegis, arguments)


@pytest.fixture
def owner(stack: Settings) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """The owner's connection; rows whose keys begin with `PREFIX` are gone afterwards."""
    with psycopg.connect(stack.postgres_dsn.get_secret_value(), autocommit=True, row_factory=dict_row) as connection:
        yield connection
        connection.execute("DELETE FROM policies WHERE starts_with(policy_id, %s)", (PREFIX,))
        connection.execute("DELETE FROM users WHERE starts_with(user_id, %s)", (PREFIX,))
        connection.execute("DELETE FROM ops.dead_letters WHERE starts_with(key, %s)", (PREFIX,))


@pytest.fixture
def policy(owner: psycopg.Connection[dict[str, Any]]) -> str:
    """The key of a policy that was inserted just now."""
    key = f"{PREFIX}{uuid4()}"
    owner.execute("INSERT INTO policies (policy_id, source, title, content, target_regions) VALUES (%s, 'e2e', '따라가는 정책', '내용', '{11}')", (key,))
    return key


@pytest.fixture
def traced(cli: Cli) -> Callable[[str, str], dict[str, Any]]:
    """Traces a row until every store says what PostgreSQL says, and gives the JSON of `aegis trace`."""

    def trace(table: str, key: str) -> dict[str, Any]:
        settled = until(lambda: (result := cli("trace", table, key, "--json")).exit_code == 0 and result, 30, f"{table} {key} to be settled everywhere")
        return json.loads(settled.stdout)

    return trace
