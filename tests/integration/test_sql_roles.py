"""What each role may and, above all, may not do."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis.settings import Settings
from tests.support.database import in_database
from tests.support.events import COMPLETED, VALIDATED

pytestmark = pytest.mark.stack

As = Callable[[str], psycopg.Connection]

FORBIDDEN = [
    ("aegis_collector", "DELETE FROM policies"),
    ("aegis_collector", "DELETE FROM raw_documents"),
    ("aegis_collector", "UPDATE raw_documents SET body = ''"),
    ("aegis_collector", "DELETE FROM quarantine"),
    ("aegis_collector", "UPDATE quarantine SET reason = 'x'"),
    ("aegis_collector", "DELETE FROM processing_history"),
    ("aegis_collector", "UPDATE processing_history SET status = 'success'"),
    ("aegis_collector", "DELETE FROM audit_logs"),
    ("aegis_collector", "SELECT * FROM users"),
    ("aegis_collector", "INSERT INTO users DEFAULT VALUES"),
    ("aegis_collector", "SELECT setval('aegis_version_seq', 1)"),
    ("aegis_collector", "SELECT ops.touch('policies', 'x')"),
    ("aegis_collector", "SELECT * FROM ops.dead_letters"),
    ("aegis_collector", "UPDATE ops.fixes SET undone_at = now()"),
    ("aegis_collector", "SELECT ops.undo_fix(1, 'r')"),
    ("aegis_collector", "CREATE TABLE mine (id int)"),
    ("aegis_collector", "DELETE FROM ops.taken_files"),
    ("aegis_validator", "DELETE FROM ops.duplicates"),
    ("aegis_collector", "SELECT * FROM ops.duplicates"),
    ("aegis_reader", "INSERT INTO ops.duplicate_keys VALUES ('k', 'p')"),
    ("aegis_reader", "INSERT INTO ops.taken_files DEFAULT VALUES"),
    ("aegis_cdc", "INSERT INTO policies (title) VALUES ('x')"),
    ("aegis_cdc", "UPDATE policies SET title = 'x'"),
    ("aegis_cdc", "DELETE FROM users"),
    ("aegis_cdc", "SELECT * FROM raw_documents"),
    ("aegis_cdc", "SELECT * FROM audit_logs"),
    ("aegis_cdc", "SELECT * FROM ops.dead_letters"),
    ("aegis_cdc", "INSERT INTO outbox (aggregateid, type) VALUES ('p', 'policy.validated')"),
    ("aegis_collector", "SELECT * FROM ops.sync_progress"),
    ("aegis_collector", "SELECT * FROM ops.subscriptions"),
    ("aegis_reader", "DELETE FROM ops.deliveries"),
    ("aegis_collector", "UPDATE ops.event_schemas SET version = '9.9'"),
    ("aegis_operator", "SELECT payload FROM outbox"),
    ("aegis_operator", "UPDATE outbox SET payload = '{}'"),
    ("aegis_operator", "DELETE FROM ops.event_schemas"),
    ("aegis_operator", "UPDATE ops.judgement_history SET status = 'active'"),
    ("aegis_operator", "DELETE FROM ops.judgements"),
    ("aegis_operator", "SELECT output FROM ops.cleaned_texts"),
    ("aegis_operator", "UPDATE ops.cleaned_texts SET used_at = now()"),
    ("aegis_validator", "DELETE FROM ops.judgement_history"),
    ("aegis_validator", "DELETE FROM ops.cleaned_texts"),
    ("aegis_reader", "DELETE FROM ops.cleaned_texts"),
    ("aegis_reader", "INSERT INTO ops.sync_progress (policy_id) VALUES ('p')"),
    ("aegis_cdc", "INSERT INTO debezium_heartbeat DEFAULT VALUES"),
    ("aegis_cdc", "ALTER PUBLICATION aegis_publication DROP TABLE users"),
    ("aegis_reader", "SELECT email FROM users"),
    ("aegis_reader", "SELECT name FROM users"),
    ("aegis_reader", "SELECT phone FROM users"),
    ("aegis_reader", "SELECT birth_date FROM users"),
    ("aegis_reader", "SELECT address FROM users"),
    ("aegis_reader", "SELECT * FROM users"),
    ("aegis_reader", "SELECT count(*) FROM users WHERE email = 'a@b'"),
    ("aegis_reader", "UPDATE policies SET title = 'x'"),
    ("aegis_reader", "INSERT INTO outbox (aggregateid, type) VALUES ('p', 'policy.validated')"),
    ("aegis_reader", "SELECT nextval('aegis_version_seq')"),
    ("aegis_reader", "SELECT ops.touch('policies', 'x')"),
    ("aegis_validator", "SELECT user_id FROM users"),
    ("aegis_validator", "UPDATE policies SET source_id = 'x'"),
    ("aegis_validator", "DELETE FROM policies"),
    ("aegis_validator", "UPDATE policies SET content = 'x'"),
    ("aegis_validator", "UPDATE ops.fixes SET undone_at = NULL"),
    ("aegis_validator", "UPDATE quality_metrics SET metric = 'x'"),
    ("aegis_validator", "UPDATE audit_logs SET actor = 'somebody else'"),
    ("aegis_validator", "UPDATE policies SET content = 'x'"),
    ("aegis_validator", "DELETE FROM ops.judgements"),
    ("aegis_validator", "UPDATE ops.judgement_history SET status = 'active'"),
    ("aegis_collector", "UPDATE ops.judgements SET status = 'active'"),
    ("aegis_collector", "SELECT * FROM ops.judgement_history"),
    ("aegis_reader", "UPDATE quarantine SET discarded_at = now(), discard_reason = 'r'"),
    ("aegis_reader", "DELETE FROM ops.judgements"),
    ("aegis_operator", "SELECT email FROM users"),
    ("aegis_operator", "UPDATE policies SET title = 'x'"),
    ("aegis_operator", "DELETE FROM policies"),
    ("aegis_operator", "DELETE FROM ops.dead_letters"),
    ("aegis_operator", "UPDATE ops.dead_letters SET message = 'x'"),
    ("aegis_reader", "UPDATE ops.dead_letters SET resolved_at = now()"),
    ("aegis_operator", "DELETE FROM audit_logs"),
    ("aegis_operator", "UPDATE audit_logs SET actor = 'somebody else'"),
    ("aegis_operator", "TRUNCATE audit_logs"),
    ("aegis_operator", "SELECT setval('aegis_version_seq', 1)"),
]

ALLOWED = [
    ("aegis_validator", "UPDATE ops.duplicates SET ended_at = now() WHERE member = 'nobody'"),
    ("aegis_validator", "DELETE FROM ops.duplicate_keys WHERE policy_id = 'nobody'"),
    ("aegis_reader", "SELECT * FROM ops.duplicates"),
    ("aegis_collector", "INSERT INTO policies (title) VALUES ('x') ON CONFLICT (policy_id) DO UPDATE SET title = excluded.title"),
    ("aegis_collector", "UPDATE policies SET status = 'archived' WHERE policy_id = 'none'"),
    (
        "aegis_collector",
        f"WITH event AS (INSERT INTO outbox (aggregateid, type, payload) VALUES ('p', 'policy.validated', '{VALIDATED}') RETURNING id) SELECT * FROM event",
    ),
    ("aegis_operator", f"INSERT INTO outbox (aggregateid, type, payload) VALUES ('p', 'data.sync_completed', '{COMPLETED}') ON CONFLICT DO NOTHING"),
    ("aegis_operator", "DELETE FROM ops.sync_progress WHERE policy_id = 'none'"),
    ("aegis_operator", "DELETE FROM ops.judgement_history WHERE policy_id = 'none'"),
    ("aegis_operator", "DELETE FROM ops.cleaned_texts WHERE used_at < '-infinity' AND request_hash = 'none'"),
    ("aegis_validator", "UPDATE ops.cleaned_texts SET used_at = now() WHERE request_hash = 'none'"),
    ("aegis_reader", "SELECT * FROM ops.sync_progress, ops.event_schemas, ops.subscriptions, ops.deliveries LIMIT 1"),
    ("aegis_operator", "INSERT INTO ops.subscriptions (name, kind, target) VALUES ('search', 'kafka', 'search.events')"),
    ("aegis_operator", "SELECT * FROM ops.subscriptions FOR KEY SHARE"),
    ("aegis_collector", "DELETE FROM outbox WHERE aggregateid = 'none'"),
    ("aegis_collector", "INSERT INTO quarantine (source, code, reason, raw) VALUES ('s', 'DP_2001', 'r', '{}')"),
    ("aegis_collector", "UPDATE quarantine SET released_at = now() WHERE source = 'none'"),
    ("aegis_collector", "SELECT * FROM ops.taken_files LIMIT 1"),
    ("aegis_collector", "INSERT INTO pipeline_metadata (name, value) VALUES (gen_random_uuid()::text, '1')"),
    ("aegis_collector", "INSERT INTO processing_history (pipeline, status, started_at) VALUES ('collect', 'success', now())"),
    ("aegis_cdc", "SELECT * FROM policies, users, business_rules, outbox, debezium_signal LIMIT 1"),
    ("aegis_cdc", "UPDATE debezium_heartbeat SET beaten_at = now() WHERE id = 1"),
    ("aegis_cdc", "INSERT INTO debezium_signal (type) VALUES ('log')"),
    ("aegis_cdc", "DELETE FROM debezium_signal WHERE id = 'none'"),
    ("aegis_reader", "SELECT user_id, region_code, industry_code, preferences_tags, version FROM users LIMIT 1"),
    ("aegis_reader", "SELECT * FROM policies, ops.held_keys, ops.dead_letters LIMIT 1"),
    ("aegis_operator", "SELECT ops.touch('users', 'none')"),
    ("aegis_operator", "UPDATE ops.dead_letters SET retried_at = now() WHERE id = -1"),
    ("aegis_operator", "UPDATE ops.dead_letters SET resolved_at = now() WHERE id = -1"),
    ("aegis_reader", "SELECT * FROM ops.letters, ops.runs, ops.paused_apps LIMIT 1"),
    ("aegis_operator", "INSERT INTO audit_logs (action) VALUES ('retry')"),
    ("aegis_validator", "INSERT INTO audit_logs (action) VALUES ('fix')"),
    ("aegis_validator", "SELECT ops.undo_fix(-1, 'r')"),
    ("aegis_validator", "UPDATE quality_metrics SET value = 1, sample_size = 1, measured_at = now(), detail = '{}' WHERE day = '1999-01-01'"),
    ("aegis_validator", "SELECT nextval('aegis_version_seq')"),
    ("aegis_validator", "SELECT policy_id FROM policies WHERE policy_id = 'none' FOR NO KEY UPDATE"),
    ("aegis_validator", "UPDATE ops.judgements SET status = 'active' WHERE policy_id = 'none'"),
    ("aegis_collector", "SELECT filled FROM ops.judgements LIMIT 1"),
    ("aegis_collector", "UPDATE quarantine SET discarded_at = now(), discard_reason = 'r' WHERE source = 'none'"),
    ("aegis_reader", "SELECT * FROM ops.judgements, ops.judgement_history LIMIT 1"),
    ("aegis_validator", "UPDATE policies SET status = 'active', quality_score = 0.9 WHERE policy_id = 'none'"),
    ("aegis_operator", "SELECT * FROM ops.held_keys"),
]


@pytest.fixture
def as_role(stack: Settings, shared_database: str) -> As:
    known = {
        "aegis_collector": stack.postgres_collector_dsn,
        "aegis_reader": stack.postgres_reader_dsn,
        "aegis_operator": stack.postgres_operator_dsn,
        "aegis_validator": stack.postgres_validator_dsn,
    }

    def connect(role: str) -> psycopg.Connection:
        if role == "aegis_cdc":
            owner = in_database(stack.postgres_dsn.get_secret_value(), shared_database)
            return psycopg.connect(make_conninfo(owner, user=role, password=stack.postgres_cdc_password.get_secret_value()))
        dsn = known[role].get_secret_value()
        assert conninfo_to_dict(dsn)["user"] == role
        return psycopg.connect(in_database(dsn, shared_database))

    return connect


@pytest.mark.parametrize(("role", "statement"), FORBIDDEN)
def test_a_role_is_refused_what_is_not_its_business(as_role: As, role: str, statement: str) -> None:
    with as_role(role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_a_role_may_do_its_work(as_role: As, role: str, statement: str) -> None:
    with as_role(role) as connection:
        connection.execute(statement.encode())


def test_only_the_owner_and_the_capture_may_replicate(as_role: As) -> None:
    with as_role("aegis_reader") as connection:
        replicating = connection.execute("SELECT rolname FROM pg_roles WHERE rolreplication AND rolname LIKE 'aegis%' ORDER BY 1").fetchall()
        powerful = connection.execute("SELECT rolname FROM pg_roles WHERE (rolsuper OR rolcreaterole OR rolbypassrls) AND rolname LIKE 'aegis%'").fetchall()
    assert {name for (name,) in replicating} <= {"aegis_cdc", "aegis_owner"}
    assert powerful == []


def test_the_operator_retries_a_row_without_being_able_to_change_it(as_role: As, shared_dsn: str) -> None:
    key = uuid4().hex
    with psycopg.connect(shared_dsn) as owner:
        before = owner.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 't') RETURNING *", (key,)).fetchone()
    with as_role("aegis_operator") as operator:
        (drawn,) = operator.execute("SELECT ops.touch('policies', %s)", (key,)).fetchone() or (None,)
    with psycopg.connect(shared_dsn) as owner:
        after = owner.execute("SELECT * FROM policies WHERE policy_id = %s", (key,)).fetchone()
    assert before is not None
    assert after is not None
    assert after[-1] == drawn > before[-1]
    assert after[:-2] == before[:-2]  # all but updated_at and version


def test_a_touch_of_a_row_that_is_gone_draws_nothing(as_role: As) -> None:
    with as_role("aegis_operator") as operator:
        assert operator.execute("SELECT ops.touch('business_rules', 'nobody')").fetchone() == (None,)


@pytest.mark.parametrize("table", ["audit_logs", "policies; DROP TABLE policies", "public.policies", ""])
def test_a_touch_names_captured_tables_only(as_role: As, table: str) -> None:
    with as_role("aegis_operator") as operator, pytest.raises(errors.UndefinedTable, match="no captured table"):
        operator.execute("SELECT ops.touch(%s, 'x')", (table,))
