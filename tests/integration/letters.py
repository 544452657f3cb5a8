"""Dead letters of a test's own, and `aegis dlq` on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.rows import dict_row
from pydantic import SecretStr

from aegis.cli import dlq
from aegis.cli.dead_letters import dealing
from aegis.settings import Settings
from tests.support.database import in_database

Connection = psycopg.Connection[dict[str, Any]]

HELD = """
WITH stored AS (
    INSERT INTO policies (policy_id, title) SELECT %(prefix)s || number, 't' FROM generate_series(1, %(number)s) AS number ON CONFLICT (policy_id) DO NOTHING
    RETURNING policy_id, version)
INSERT INTO ops.dead_letters (store, table_name, key, version, rank, code, error_class, message, topic, partition, "offset", attempt, failed_at)
SELECT %(store)s, 'policies', policy_id, version, 'UPSERT', 'DP_3003', 'ChangeRejected', replace(%(message)s, 'KEY', policy_id), 'aegis.public.policies', 0,
       version, %(attempt)s, now() - make_interval(hours => %(hours)s)
FROM stored
"""
UNDECODABLE = """
INSERT INTO ops.dead_letters (store, code, error_class, message, topic, partition, "offset", value_bytes, failed_at)
VALUES ('redis', 'DP_1004', 'Undecodable', 'first byte is 7, not 0', 'aegis.public.policies', 2, 41, '\\x0700', now())
RETURNING id
"""


def dlq_owner(stack: Settings, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """The owner's connection to `database`, to which `aegis dlq` goes as well."""
    roles = ("postgres_reader_dsn", "postgres_operator_dsn")
    own = stack.model_copy(update={role: SecretStr(in_database(getattr(stack, role).get_secret_value(), database)) for role in roles})
    for module in (dlq, dealing):
        monkeypatch.setattr(module, "settings", lambda: own)
    with psycopg.connect(in_database(stack.postgres_dsn.get_secret_value(), database), autocommit=True, row_factory=dict_row) as connection:
        yield connection


def hold(owner: Connection, prefix: str, number: int = 1, **other: Any) -> None:
    """Policies `prefix`1, `prefix`2, … that Elasticsearch rejected, each once; KEY in the message is the policy's."""
    parameters = {"store": "elasticsearch", "message": "policies KEY: field title is too long", "attempt": 1, "hours": 0}
    owner.execute(HELD, parameters | {"prefix": prefix, "number": number} | other)


def one(owner: Connection, query: str, *parameters: object) -> Any:
    row = owner.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return next(iter(row.values()))


def states(owner: Connection, prefix: str = "") -> dict[str, int]:
    """State → letters of keys that begin with `prefix`."""
    rows = owner.execute("SELECT state, count(*) AS letters FROM ops.letters WHERE starts_with(coalesce(key, ''), %s) GROUP BY state", (prefix,))
    return {row["state"]: row["letters"] for row in rows}


def run(*arguments: str, given: str | None = None) -> Result:
    """`aegis dlq …`; `given`: what the operator types."""
    return CliRunner().invoke(dlq.command, arguments, input=given)
