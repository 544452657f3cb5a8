"""What the schema refuses, says about itself and keeps in order."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

pytestmark = pytest.mark.stack

JUDGED = "policy_id, judged_version, status, completeness, accuracy, consistency, timeliness, quality_score, run_id"

BAD_POLICIES = [
    ("policy_id", ""),
    ("policy_id", "has space"),
    ("policy_id", "has\ttab"),
    ("policy_id", "x" * 201),
    ("source", ""),
    ("source_id", ""),
    ("title", " \n "),
    ("target_regions", ["서울"]),
    ("target_regions", ["1"]),
    ("target_regions", ["11", None]),
    ("target_industries", ["V"]),
    ("target_industries", ["1"]),
    ("target_industries", ["123456"]),
    ("funding_amount_min", -1),
    ("funding_amount_max", -1),
    ("interest_rate", "-0.1"),
    ("interest_rate", "NaN"),
    ("application_start_date", "infinity"),
    ("application_end_date", "-infinity"),
    ("tags", ["a", None]),
    ("status", "unheard-of"),
    ("quality_score", "1.001"),
    ("quality_score", "NaN"),
    ("created_at", "infinity"),
    ("content", "x" * 2_000_001),  # would not fit the log
    ("tags", ["x" * 1_000_000] * 3),
]

GOOD_POLICIES = [
    ("policy_id", "x" * 200),
    ("policy_id", "기업마당-PBLN_000000000012345"),
    ("target_regions", ["00", "11", "26110"]),
    ("target_regions", []),
    ("target_industries", ["A", "U", "10", "47911"]),
    ("tags", ["x" * 40_000]),
    ("detail_url", "https://example.org/" + "y" * 100_000),
    ("quality_score", "0"),
    ("interest_rate", "0"),
    ("application_end_date", "9999-12-31"),
]


def insert_policy(dsn: str, **columns: object) -> tuple[object, ...]:
    values = {"title": "t", **columns}
    statement = sql.SQL("INSERT INTO policies ({}) VALUES ({}) RETURNING policy_id, version, updated_at").format(
        sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values))
    )
    with psycopg.connect(dsn) as connection:
        row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(("column", "value"), BAD_POLICIES)
def test_a_policy_in_a_bad_state_is_refused(shared_dsn: str, column: str, value: object) -> None:
    with pytest.raises(errors.CheckViolation):
        insert_policy(shared_dsn, **{column: value})


@pytest.mark.parametrize(("column", "value"), GOOD_POLICIES)
def test_an_unusual_but_right_policy_is_stored(own_policy: str, shared_dsn: str, column: str, value: object) -> None:
    key, _, _ = insert_policy(shared_dsn, **({"policy_id": own_policy} | {column: value}))
    as_given = sql.SQL("SELECT {} = %s FROM policies WHERE policy_id = %s").format(sql.Identifier(column))
    with psycopg.connect(shared_dsn) as connection:
        assert connection.execute(as_given, (value, key)).fetchone() == (True,)


@pytest.fixture
def own_policy() -> str:
    return uuid4().hex


def test_a_policy_whose_ends_are_in_the_wrong_order_is_refused(shared_dsn: str) -> None:
    with pytest.raises(errors.CheckViolation, match="funding_amounts_are_ordered"):
        insert_policy(shared_dsn, funding_amount_min=2, funding_amount_max=1)
    with pytest.raises(errors.CheckViolation, match="application_period_is_ordered"):
        insert_policy(shared_dsn, application_start_date="2026-02-01", application_end_date="2026-01-31")


def test_one_source_cannot_have_two_policies_of_one_identifier(shared_dsn: str, own_policy: str) -> None:
    insert_policy(shared_dsn, source="gov24", source_id=own_policy)
    with pytest.raises(errors.UniqueViolation):
        insert_policy(shared_dsn, source="gov24", source_id=own_policy)


def test_nobody_can_choose_a_version(shared_dsn: str, own_policy: str) -> None:
    _, version, _ = insert_policy(shared_dsn, policy_id=own_policy, version=1_000_000_000)
    assert version != 1_000_000_000
    with psycopg.connect(shared_dsn) as connection:
        (updated,) = connection.execute("UPDATE policies SET version = 5, updated_at = '2001-01-01' WHERE policy_id = %s RETURNING version", (own_policy,))
        (recent,) = connection.execute("SELECT updated_at > now() - interval '1 hour' FROM policies WHERE policy_id = %s", (own_policy,))
    assert updated[0] > version
    assert recent == (True,)


def test_versions_grow_across_tables_deletes_and_upserts(shared_dsn: str, own_policy: str) -> None:
    drawn = []
    with psycopg.connect(shared_dsn, autocommit=True) as connection:
        for statement in (
            "INSERT INTO policies (policy_id, title) VALUES (%(key)s, 'a') RETURNING version",
            "INSERT INTO users (user_id) VALUES (%(key)s) RETURNING version",
            "INSERT INTO business_rules (rule_id, name) VALUES (%(key)s, 'r') RETURNING version",
            "INSERT INTO policies (policy_id, title) VALUES (%(key)s, 'b') ON CONFLICT (policy_id) DO UPDATE SET title = excluded.title RETURNING version",
            "DELETE FROM policies WHERE policy_id = %(key)s RETURNING version",
            "INSERT INTO policies (policy_id, title) VALUES (%(key)s, 'c') RETURNING version",
        ):
            row = connection.execute(statement, {"key": own_policy}).fetchone()
            assert row is not None
            drawn.append(row[0])
    deleted_at = drawn.pop(4)
    assert deleted_at == drawn[3]  # a delete draws none
    assert drawn == sorted(set(drawn))


def test_rows_written_in_replica_mode_draw_versions_too(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        ((kind,),) = connection.execute("SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgname IN ('draw_version', 'refuse_truncate')").fetchall()
    assert kind == "A"  # ENABLE ALWAYS: fires whatever session_replication_role says


@pytest.mark.parametrize("table", ["policies", "users", "business_rules"])
def test_truncating_a_captured_table_is_refused_with_the_remedy(shared_dsn: str, table: str) -> None:
    with psycopg.connect(shared_dsn) as connection, pytest.raises(errors.FeatureNotSupported) as refused:
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table)))
    assert f"DELETE FROM public.{table}" in str(refused.value.diag.message_hint)


def test_every_table_and_column_is_described(shared_dsn: str) -> None:
    statement = """
        SELECT c.oid::regclass::text || coalesce('.' || a.attname, '')
        FROM pg_class c
        LEFT JOIN LATERAL (SELECT 0::smallint AS attnum, NULL::name AS attname
                           UNION ALL SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a ON true
        WHERE c.relnamespace IN ('public'::regnamespace, 'ops'::regnamespace) AND c.relkind IN ('r', 'v')
          AND c.relname !~ 'yoyo' AND col_description(c.oid, a.attnum) IS NULL AND NOT (a.attnum = 0 AND obj_description(c.oid, 'pg_class') IS NOT NULL)
    """
    with psycopg.connect(shared_dsn) as connection:
        assert connection.execute(statement).fetchall() == []


def test_captured_tables_have_full_before_images_and_are_published(shared_dsn: str) -> None:
    with psycopg.connect(shared_dsn) as connection:
        full = connection.execute("SELECT relname FROM pg_class WHERE relreplident = 'f' AND relkind = 'r' ORDER BY relname").fetchall()
        published = connection.execute("SELECT tablename FROM pg_publication_tables WHERE pubname = 'aegis_publication' ORDER BY 1").fetchall()
    assert [name for (name,) in full] == ["business_rules", "policies", "users"]
    assert [name for (name,) in published] == ["business_rules", "debezium_heartbeat", "debezium_signal", "outbox", "policies", "users"]


def test_the_sequence_hands_out_one_version_at_a_time(shared_dsn: str) -> None:
    with psycopg.connect(shared_dsn) as connection:
        row = connection.execute("SELECT seqcache, seqmax, seqcycle FROM pg_sequence WHERE seqrelid = 'aegis_version_seq'::regclass").fetchone()
    assert row == (1, 2**61 - 1, False)


def test_the_same_raw_document_is_kept_once(shared_dsn: str, own_policy: str) -> None:
    body = '{"a": 1}'
    row = ("gov24", own_policy, sha256(body.encode()).hexdigest(), body)
    statement = "INSERT INTO raw_documents (source, source_id, content_hash, body) VALUES (%s, %s, %s, %s)"
    with psycopg.connect(shared_dsn, autocommit=True) as connection:
        connection.execute(statement, row)
        with pytest.raises(errors.UniqueViolation):
            connection.execute(statement, row)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO outbox (aggregateid, type) VALUES ('p', 'Not A Type')",
        "INSERT INTO outbox (aggregateid, type, payload) VALUES ('p', 'policy.validated', '[]')",
        "INSERT INTO outbox (aggregateid, type, traceparent) VALUES ('p', 'policy.validated', 'nonsense')",
        "INSERT INTO business_rules (name, condition) VALUES ('r', '[]')",
        "INSERT INTO business_rules (name, rule_type) VALUES ('r', 'whim')",
        "INSERT INTO users (region_code) VALUES ('Seoul')",
        "INSERT INTO users (email) VALUES ('no address')",
        "INSERT INTO quarantine (source, code, reason, raw) VALUES ('s', 'oops', 'r', '{}')",
        "INSERT INTO quality_metrics (metric, value) VALUES ('m', 'NaN')",
        "INSERT INTO processing_history (pipeline, status, started_at) VALUES ('collect', 'failure', now())",
        "INSERT INTO outbox (aggregateid, type) VALUES (repeat('x', 1000001), 'policy.validated')",
        "INSERT INTO business_rules (name, description) VALUES ('r', repeat('x', 1000001))",
        "INSERT INTO users (business_type) VALUES (repeat('x', 2000001))",
        "INSERT INTO debezium_heartbeat (id) VALUES (2)",
        "INSERT INTO quarantine (source, code, reason, raw, discarded_at) VALUES ('s', 'DP_2001', 'r', '{}', now())",
        "INSERT INTO quarantine (source, code, reason, raw, discarded_at, discard_reason) VALUES ('s', 'DP_2001', 'r', '{}', now(), ' ')",
        "INSERT INTO ops.runs (run_id, kind, lock) VALUES ('r', 'Not A Name', 'l')",
        f"INSERT INTO ops.judgements ({JUDGED}) VALUES ('p', 1, 'pending_validation', 1, 1, 1, 1, 1, 'r')",
        f"INSERT INTO ops.judgements ({JUDGED}) VALUES ('p', 1, 'rejected', 1, 1, 1, 1, 1, 'r')",
        f"INSERT INTO ops.judgements ({JUDGED}) VALUES ('p', 1, 'active', 1, 1, 1, 1, 1.1, 'r')",
        f"INSERT INTO ops.judgements ({JUDGED}, canonical_id) VALUES ('p', 1, 'active', 1, 1, 1, 1, 1, 'r', 'p')",
        """INSERT INTO ops.dead_letters (store, code, error_class, message, topic, partition, "offset", failed_at, version)
           VALUES ('milvus', 'DP_3001', 'E', 'm', 't', 0, 0, now(), 1)""",
    ],
)
def test_other_bad_states_are_refused(shared_dsn: str, statement: str) -> None:
    with psycopg.connect(shared_dsn) as connection, pytest.raises(errors.CheckViolation):
        connection.execute(statement.encode())
