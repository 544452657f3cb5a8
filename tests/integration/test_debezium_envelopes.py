"""What Debezium really puts into Kafka for each kind of change."""

from __future__ import annotations

import json
from uuid import uuid4

import psycopg
import pytest

from tests.support.capture import Capture
from tests.support.events import COMPLETED, VALIDATED

pytestmark = pytest.mark.stack


@pytest.fixture
def key() -> str:
    return f"p-{uuid4().hex}"


def test_an_insert_arrives_with_the_whole_row(captured: Capture, key: str) -> None:
    captured.execute(
        """INSERT INTO policies (policy_id, title, target_regions, tags, funding_amount_max, interest_rate, application_end_date)
        VALUES (%s, %s, %s, %s, %s, %s, %s)""",
        *(key, "청년 창업 지원", ["11", "26110"], ["청년", "창업"], 10_000_000_000, "2.5", "2026-12-31"),
    )
    (logged,) = captured.await_changes("policies", key, 1)
    assert (logged.op, logged.value["before"]) == ("c", None)
    row = logged.value["after"]
    assert row["title"] == "청년 창업 지원"
    assert row["target_regions"] == ["11", "26110"]
    assert row["funding_amount_max"] == 10_000_000_000
    assert row["interest_rate"] == "2.5000"  # exact, as text
    assert str(row["application_end_date"]) in {"20818", "2026-12-31"}  # days since 1970, or a date where the reader knows the logical type
    assert row["created_at"].endswith("Z")
    assert row["version"] == captured.execute("SELECT version FROM policies WHERE policy_id = %s", key)[0][0]


def test_an_update_carries_the_row_before_and_after_it(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'before')", key)
    captured.execute("UPDATE policies SET title = 'after' WHERE policy_id = %s", key)
    created, updated = captured.await_changes("policies", key, 2)
    assert updated.op == "u"
    assert updated.value["before"] == created.value["after"]
    assert updated.value["after"]["title"] == "after"
    assert updated.value["after"]["version"] > created.value["after"]["version"]


def test_a_delete_carries_the_row_and_its_version(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'gone soon')", key)
    captured.execute("DELETE FROM policies WHERE policy_id = %s", key)
    created, deleted = captured.await_changes("policies", key, 2)
    assert (deleted.op, deleted.value["after"]) == ("d", None)
    assert deleted.value["before"] == created.value["after"]


def test_changes_of_one_row_share_key_bytes_and_partition(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'a')", key)
    captured.execute("DELETE FROM policies WHERE policy_id = %s", key)
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'b')", key)
    changes = captured.await_changes("policies", key, 3)
    assert len({(logged.key_bytes, logged.partition) for logged in changes}) == 1
    assert [logged.op for logged in changes] == ["c", "d", "c"]


def test_a_row_inserted_again_after_its_delete_has_a_higher_version(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'first')", key)
    captured.execute("DELETE FROM policies WHERE policy_id = %s", key)
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'second')", key)
    _, deleted, again = captured.await_changes("policies", key, 3)
    assert again.value["after"]["version"] > deleted.value["before"]["version"]


def test_long_text_that_an_update_does_not_touch_arrives_whole(captured: Capture, key: str) -> None:
    content = "".join(uuid4().hex for _ in range(20_000))  # 640,000 characters that do not compress: TOASTed out of line
    captured.execute("INSERT INTO policies (policy_id, title, content) VALUES (%s, 'long', %s)", key, content)
    captured.execute("UPDATE policies SET category = 'touched' WHERE policy_id = %s", key)
    _, updated = captured.await_changes("policies", key, 2)
    assert updated.value["before"]["content"] == content
    assert updated.value["after"]["content"] == content


def test_the_largest_row_that_postgresql_takes_passes_the_log_twice_over(captured: Capture, key: str) -> None:
    content = "".join(uuid4().hex for _ in range(62_490))  # 1,999,680 bytes of the 2,000,000 that a row may have
    captured.execute("INSERT INTO policies (policy_id, title, content) VALUES (%s, 'huge', %s)", key, content)
    captured.execute("UPDATE policies SET category = 'touched' WHERE policy_id = %s", key)
    _, updated = captured.await_changes("policies", key, 2)
    assert updated.value["before"]["content"] == updated.value["after"]["content"] == content


def test_a_changed_primary_key_is_a_delete_of_the_old_and_a_create_of_the_new(captured: Capture, key: str) -> None:
    renamed = f"{key}-renamed"
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'same row')", key)
    captured.execute("UPDATE policies SET policy_id = %s WHERE policy_id = %s", renamed, key)
    created, deleted = captured.await_changes("policies", key, 2)
    (appeared,) = captured.await_changes("policies", renamed, 1)
    assert (deleted.op, appeared.op) == ("d", "c")
    assert deleted.value["before"]["version"] == created.value["after"]["version"]
    assert appeared.value["after"]["version"] > created.value["after"]["version"]


def test_a_rolled_back_transaction_leaves_nothing_in_the_log(captured: Capture, key: str) -> None:
    with psycopg.connect(captured.dsn) as connection:
        connection.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'never')", (key,))
        connection.rollback()
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'marker')", f"{key}-marker")
    captured.await_changes("policies", f"{key}-marker", 1)
    assert captured.of_key("policies", key) == []


def test_a_rules_condition_arrives_as_json_text(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO business_rules (rule_id, name, condition, policy_ids) VALUES (%s, '업력', %s, %s)", key, '{"age": {"max": 7}}', ["p-1"])
    (logged,) = captured.await_changes("business_rules", key, 1)
    assert logged.value["after"]["condition"] == '{"age": {"max": 7}}'
    assert logged.value["after"]["policy_ids"] == ["p-1"]


def test_personal_columns_never_enter_kafka(captured: Capture, key: str) -> None:
    personal = ("hong@example.org", "홍길동 테스트", "010-0000-0000", "1990-01-02", "어느 동네 1번지")
    captured.execute(
        "INSERT INTO users (user_id, email, name, phone, birth_date, address, region_code) VALUES (%s, %s, %s, %s, %s, %s, '11')",
        *(key, *personal),
    )
    captured.execute("UPDATE users SET name = '홍길순 테스트', region_code = '26' WHERE user_id = %s", key)
    captured.execute("DELETE FROM users WHERE user_id = %s", key)
    changes = captured.await_changes("users", key, 3)
    for logged in changes:
        for image in filter(None, (logged.value["before"], logged.value["after"])):
            assert not {"email", "name", "phone", "birth_date", "address"} & set(image)
        assert not any(text.encode() in (logged.value_bytes or b"") for text in (*personal, "홍길순"))
    assert [logged.value["after"] and logged.value["after"]["region_code"] for logged in changes] == ["11", "26", None]


def test_an_event_of_the_outbox_is_published_though_its_row_is_deleted_at_once(captured: Capture, key: str) -> None:
    traceparent = f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"
    with psycopg.connect(captured.dsn) as connection:
        connection.execute(
            "INSERT INTO outbox (aggregateid, type, payload, traceparent) VALUES (%s, 'policy.validated', %s, %s)", (key, VALIDATED, traceparent)
        )
        connection.execute("DELETE FROM outbox WHERE aggregateid = %s", (key,))
    event = captured.await_event(key)
    assert event.value["type"] == "policy.validated"
    assert event.value["schema_version"] == "1.0"
    assert json.loads(event.value["payload"]) == json.loads(VALIDATED)
    assert event.value["occurred_at"].endswith("Z")
    assert event.headers["traceparent"] == traceparent.encode()
    assert event.headers["id"] == event.value["id"].encode()
    assert {name: event.headers[name] for name in event.headers if name.startswith("ce_") or name == "content-type"} == {
        "ce_id": event.value["id"].encode(),
        "ce_source": b"/aegis",
        "ce_specversion": b"1.0",
        "ce_type": b"policy.validated",
        "ce_subject": key.encode(),
        "ce_time": event.value["occurred_at"].encode(),
        "ce_dataschema": b"urn:aegis:events:policy.validated:1.0",
        "content-type": b"application/avro",
    }


def test_events_of_different_aggregates_share_one_schema(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO outbox (aggregateid, type, payload) VALUES (%s, 'policy.validated', %s)", f"{key}-a", VALIDATED)
    captured.execute("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('dataset', %s, 'data.sync_completed', %s)", f"{key}-b", COMPLETED)
    first, second = captured.await_event(f"{key}-a"), captured.await_event(f"{key}-b")
    assert first.value_bytes is not None
    assert second.value_bytes is not None
    assert first.value_bytes[:5] == second.value_bytes[:5]
    assert first.headers.get("traceparent") is None


def test_a_touch_makes_an_update_with_a_new_version(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 'same')", key)
    ((drawn,),) = captured.execute("SELECT ops.touch('policies', %s)", key)
    created, touched = captured.await_changes("policies", key, 2)
    assert touched.value["after"]["version"] == drawn > created.value["after"]["version"]


def test_an_incremental_snapshot_reads_rows_again_without_a_position_and_its_signal_stays_out_of_kafka(captured: Capture, key: str) -> None:
    captured.execute("INSERT INTO business_rules (rule_id, name) VALUES (%s, 'again')", key)
    captured.await_changes("business_rules", key, 1)
    captured.execute(
        "INSERT INTO debezium_signal (type, data) VALUES ('execute-snapshot', %s)", '{"data-collections": ["public.business_rules"], "type": "incremental"}'
    )
    created, read = captured.await_changes("business_rules", key, 2)
    assert read.op == "r"
    assert read.value["after"] == created.value["after"]
    assert read.value["source"]["lsn"] is None
