"""`aegis connect …` and `aegis topics …` against the real servers, on a capture of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner, Result
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from aegis.cli import topics as topics_cli
from aegis.registry import SCHEMA_FOLDER
from aegis.settings import Settings
from aegis.topics import Topic, TopicMismatch, create, observe, topics
from connectors import cli
from connectors.schemas import COMPATIBILITY, RegistryFault, captured_subjects, committed, differing, hold_compatibility, registered_schema, write
from tests.support.capture import Capture
from tests.support.events import VALIDATED
from tests.support.wait import until

pytestmark = pytest.mark.stack

Run = Callable[..., Result]


@pytest.fixture
def run(captured: Capture, stack: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of `aegis connect` on the tests' own connector."""
    monkeypatch.setattr(cli, "_definitions", lambda: (captured.definition,))
    monkeypatch.setattr(cli, "settings", lambda: stack.model_copy(update={"postgres_dsn": SecretStr(captured.dsn)}))
    return lambda *arguments: CliRunner().invoke(cli.command, list(arguments))


def state(capture: Capture) -> str | None:
    status = capture.connect.status(capture.definition.name)
    return status.state if status else None


def test_apply_prints_the_state_of_connector_and_tasks(run: Run, captured: Capture) -> None:
    result = run("apply")
    assert result.exit_code == 0, result.output
    assert f"{captured.definition.name}: none; RUNNING, task 0 RUNNING" in result.output


def test_status_tells_people_and_programs_the_same(run: Run, captured: Capture) -> None:
    until(lambda: captured.connect.offsets(captured.definition.name), 60, "a stored offset")
    (row,) = json.loads(run("status", "--json").output)
    assert (row["connector"], row["running"], row["possible_loss"]) == (captured.definition.name, True, None)
    assert row["slot"]["active"] is True
    assert row["slot"]["behind_bytes"] >= 0
    text = run("status")
    assert text.exit_code == 0
    assert f"{captured.definition.name}: RUNNING" in text.output


def test_pause_stops_the_capture_and_resume_goes_on_where_it_was(run: Run, captured: Capture) -> None:
    assert run("pause").exit_code == 0
    until(lambda: state(captured) == "PAUSED", 30, "the connector to pause")
    assert run("status").exit_code == 1
    captured.execute("INSERT INTO policies (policy_id, title) VALUES ('while-paused', 't')")
    assert run("resume").exit_code == 0
    captured.await_changes("policies", "while-paused", 1)


def test_restart_keeps_the_position(run: Run, captured: Capture) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES ('before-restart', 't')")
    captured.await_changes("policies", "before-restart", 1)
    assert "restart requested" in run("restart").output
    captured.execute("INSERT INTO policies (policy_id, title) VALUES ('after-restart', 't')")
    captured.await_changes("policies", "after-restart", 1)
    assert run("restart", "--only-failed").exit_code == 0


def test_offsets_are_shown_as_positions_of_the_wal(run: Run, captured: Capture) -> None:
    until(lambda: captured.connect.offsets(captured.definition.name), 60, "a stored offset")
    assert captured.definition.name in json.loads(run("offsets", "--json").output)
    assert "/" in run("offsets").output


def test_a_connect_that_is_away_is_one_line(run: Run, stack: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_connect", lambda: cli.closing(cli.Connect("http://127.0.0.1:1", patience_seconds=0.1)))
    result = run("pause")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ConnectUnavailable: Kafka Connect at http://127.0.0.1:1 does not answer")


def test_the_watcher_lives_while_connect_is_away_and_ends_when_told(tmp_path: Path) -> None:
    """As its own process, with its health server."""
    log = tmp_path / "watch.log"
    environment = {**os.environ, "CONNECT_URL": "http://127.0.0.1:1", "AEGIS_METRICS_PORT": "0", "AEGIS_LOG_LEVEL": "INFO"}
    command = [str(Path(sys.executable).with_name("aegis")), "connect", "watch", "--interval", "0.2"]
    with log.open("w") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            until(lambda: "connect.unreachable" in log.read_text(), 30, "the watcher to report that Connect is away")
            events = [json.loads(line) for line in log.read_text().splitlines()]
            port = next(event["port"] for event in events if event["event"] == "health.listening")
            ready = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10)
            assert (ready.status_code, ready.json()["connect"]) == (503, False)
            assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=10).status_code == 200
        finally:
            process.terminate()
        assert process.wait(20) == 0
    assert log.read_text().count("connect.unreachable") == 1


def test_the_committed_schemas_are_what_debezium_registers(captured: Capture) -> None:
    key = uuid4().hex
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 't')", key)
    captured.execute("INSERT INTO users (user_id) VALUES (%s)", key)
    captured.execute("INSERT INTO business_rules (rule_id, name) VALUES (%s, 'r')", key)
    captured.execute("INSERT INTO outbox (aggregateid, type, payload) VALUES (%s, 'policy.validated', %s)", key, VALIDATED)
    for table in ("policies", "users", "business_rules"):
        captured.await_changes(table, key, 1)
    captured.await_event(key)
    for subject in captured_subjects():
        own = subject.replace("aegis", captured.prefix).replace("policy-events", f"{captured.prefix}-events")
        registered = json.dumps(registered_schema(captured.registry_url, own)).replace(captured.prefix, "aegis")
        assert json.loads(registered) == committed(SCHEMA_FOLDER, subject), f"{subject}: refresh with aegis connect schemas --write"


def test_the_stacks_own_schemas_are_the_committed_ones(stack: Settings) -> None:
    assert differing(stack.schema_registry_url, SCHEMA_FOLDER, captured_subjects()) == ()


def test_schemas_are_written_where_they_differ(captured: Capture, tmp_path: Path) -> None:
    captured.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 't') ON CONFLICT DO NOTHING", key := uuid4().hex)
    captured.await_changes("policies", key, 1)
    subject = captured.subject("policies")
    assert differing(captured.registry_url, tmp_path, [subject]) == (subject,)
    assert write(captured.registry_url, tmp_path, [subject, f"{subject}-nobody"]) == (subject,)
    assert differing(captured.registry_url, tmp_path, [subject]) == ()
    assert write(captured.registry_url, tmp_path, [subject]) == ()


def test_the_schemas_command_says_how_many_agree(run: Run) -> None:
    result = run("schemas")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("8 equal, 0 different\n")


def test_the_registry_holds_all_subjects_to_full_compatibility(stack: Settings, captured: Capture) -> None:
    hold_compatibility(stack.schema_registry_url)
    assert httpx.get(f"{stack.schema_registry_url}/config", timeout=30).json() == {"compatibilityLevel": COMPATIBILITY}
    assert hold_compatibility(stack.schema_registry_url) is False


def test_a_registry_that_is_away_is_named() -> None:
    with pytest.raises(RegistryFault, match=r"127\.0\.0\.1:1"):
        hold_compatibility("http://127.0.0.1:1")


def test_apply_refuses_a_lost_slot_even_of_a_deleted_connector_and_recovers_when_told(
    own_capture: Capture, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, name, slot = own_capture.connect, own_capture.definition.name, own_capture.definition.config["slot.name"]
    monkeypatch.setattr(cli, "_definitions", lambda: (own_capture.definition,))
    monkeypatch.setattr(cli, "settings", lambda: stack.model_copy(update={"postgres_dsn": SecretStr(own_capture.dsn)}))
    own_capture.execute("INSERT INTO policies (policy_id, title) VALUES ('kept', 't')")
    own_capture.await_changes("policies", "kept", 1)
    until(lambda: connect.offsets(name), 60, "a stored offset")
    connect.delete(name)
    until(lambda: (found := own_capture.slot(slot)) is not None and not found.active, 60, "the slot to be released")
    own_capture.execute("SELECT pg_drop_replication_slot(%s)", slot)

    refused = CliRunner().invoke(cli.command, ["apply"])
    assert refused.exit_code == 1
    assert "Error: PossibleLoss: offset" in refused.output
    for command in ("resume", "restart"):
        assert "PossibleLoss" in CliRunner().invoke(cli.command, [command]).output
    assert "possible_loss" in CliRunner().invoke(cli.command, ["status", "--json"]).output
    assert state(own_capture) == "STOPPED"

    recovered = CliRunner().invoke(cli.command, ["apply", "--snapshot-again"])
    assert recovered.exit_code == 0, recovered.output
    assert [logged.op for logged in own_capture.await_changes("policies", "kept", 2)] == ["c", "r"]


@pytest.fixture
def admin(stack: Settings) -> AdminClient:
    return AdminClient({"bootstrap.servers": stack.kafka_bootstrap_servers, "log_level": 0})


@pytest.fixture
def own_topics(admin: AdminClient) -> Iterator[tuple[Topic, ...]]:
    prefix = f"aegis-test-{uuid4().hex[:8]}"
    mine = (Topic(f"{prefix}.a", 2), Topic(f"{prefix}.b", 3, retention_days=30))
    yield mine
    existing = [topic.name for topic in mine if topic.name in observe(admin)]
    for done in admin.delete_topics(existing).values() if existing else ():
        done.result(30)


def test_topics_are_made_once_with_their_partitions(admin: AdminClient, own_topics: tuple[Topic, ...]) -> None:
    assert create(admin, own_topics) == own_topics
    until(lambda: {topic.name for topic in own_topics} <= observe(admin).keys(), 30, "the topics to appear")
    assert create(admin, own_topics) == ()
    assert [observe(admin)[topic.name] for topic in own_topics] == [2, 3]


def test_a_topic_with_other_partitions_is_refused_and_nothing_is_made(admin: AdminClient, own_topics: tuple[Topic, ...]) -> None:
    create(admin, own_topics[:1])
    until(lambda: own_topics[0].name in observe(admin), 30, "the topic to appear")
    with pytest.raises(TopicMismatch, match="has 2 partitions, the settings ask for 5"):
        create(admin, (Topic(own_topics[0].name, 5), own_topics[1]))
    assert own_topics[1].name not in observe(admin)


def test_the_topics_of_the_stack_are_complete(stack: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics_cli, "settings", lambda: stack)
    made = CliRunner().invoke(topics_cli.command, ["create"])
    assert made.output == f"0 created, {len(topics(1))} existed\n"
    rows = json.loads(CliRunner().invoke(topics_cli.command, ["list", "--json"]).output)
    assert all(row["partitions"] == row["wanted"] for row in rows)
    assert "aegis.corrections" in CliRunner().invoke(topics_cli.command, ["list"]).output
