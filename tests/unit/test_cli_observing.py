from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner

from aegis.cli import doctor, status
from aegis.cli.checks.capture import heartbeat_finding, offset_finding, slot_finding
from aegis.cli.checks.finding import Level
from aegis.cli.checks.machine import addresses, check_machine, check_ports, jdk_version
from aegis.cli.checks.pipeline import dead_letter_findings, group_finding
from aegis.cli.observing.cold_path import ColdPath
from aegis.cli.observing.kafka import Group, lag_of
from aegis.cli.observing.picture import Picture, Relational, problems
from aegis.cli.observing.postgres import Capture, DeadLetters, Rows
from aegis.cli.observing.servers import Server
from aegis.cli.observing.side_by_side import Fault, ask_all, one_line
from aegis.cli.pulse import Moment, plain, pulse
from aegis.connect_status import Connector, _connector
from aegis.derivations import CAPTURED, STORES, shapes
from aegis.offsets import topics_of
from aegis.settings import Settings
from aegis.stores.protocol import Count

SERVERS = ("postgresql", "kafka", "connect", "registry", "elasticsearch", "neo4j", "redis", "milvus")
CAPTURE = Capture(written=1000, slot_exists=True, active=True, wal_status="reserved", confirmed=900, heartbeat_age_seconds=1.0)
NO_SLOT = Capture(written=1000, slot_exists=False, active=False, wal_status=None, confirmed=None, heartbeat_age_seconds=1.0)
APPS = (*STORES, "dead-letters", "receipts", "subscriptions")
COLD = ColdPath(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC), None)


def group(committed: int = 10, lag: int = 0, members: int = 1) -> Group:
    return Group("aegis-x", "stable", members, committed, lag)


def picture(**changes: Any) -> Picture:
    parts: dict[str, Any] = {
        "servers": {name: Server("1") for name in SERVERS},
        "connectors": (Connector("aegis-postgres-connector", "RUNNING", ("RUNNING",)),),
        "groups": {app: group() for app in APPS},
        "relational": Relational({table: Rows(3, 2) for table in CAPTURED}, DeadLetters(0, 0, 0), CAPTURE, COLD),
        "counts": {store: dict.fromkeys(shapes(store), Count(2, 1)) for store in STORES},
    }
    return Picture(**(parts | changes))


def test_answers_faults_and_silence_are_told_apart():
    silent = Event()

    def raising() -> int:
        raise OSError("refused\nsecond line")

    found = ask_all({"good": lambda: 1, "bad": raising, "silent": lambda: int(silent.wait(30))}, 0.5)
    silent.set()
    assert found["good"] == 1
    assert found["bad"] == Fault("OSError: refused")
    assert found["silent"] == Fault("no answer within 0 s")


def test_an_error_without_words_is_told_by_its_class():
    assert one_line(TimeoutError()) == "TimeoutError"


def test_a_healthy_pipeline_has_no_problems():
    assert problems(picture()) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"servers": {name: Server("1") for name in SERVERS} | {"redis": Fault("refused")}}, "redis is down: refused"),
        ({"connectors": ()}, "aegis-postgres-connector is not registered"),
        ({"connectors": (Connector("aegis-postgres-connector", "RUNNING", ("FAILED",), "slot is gone"),)}, "slot is gone"),
        ({"connectors": (Connector("aegis-postgres-connector", "RUNNING", ()),)}, "tasks none"),
        ({"connectors": Fault("HTTP 500")}, "connectors: HTTP 500"),
        ({"groups": {app: group(members=0, lag=7) for app in APPS}}, "has no member"),
        ({"groups": Fault("timed out")}, "consumer groups: timed out"),
        ({"relational": Relational({}, DeadLetters(1, 1, 0), CAPTURE, COLD)}, "1 keys are held"),
        ({"relational": Relational({}, DeadLetters(0, 0, 0), NO_SLOT, COLD)}, "aegis_slot is missing"),
        ({"relational": Relational({}, DeadLetters(0, 0, 0), None, COLD)}, "aegis_slot is missing"),
        ({"relational": Fault("permission denied")}, "postgresql: permission denied"),
        ({"counts": {store: Fault("slow") for store in STORES}}, "milvus cannot be counted: slow"),
    ],
)
def test_each_fault_is_a_problem_with_its_reason(changes: dict[str, Any], named: str):
    assert any(named in problem for problem in problems(picture(**changes)))


def test_what_follows_from_a_server_being_down_is_not_told_twice():
    down = {name: Fault("refused") for name in SERVERS}
    found = problems(picture(servers=down, connectors=Fault("x"), groups=Fault("x"), relational=Fault("x"), counts={store: Fault("x") for store in STORES}))
    assert len(found) == len(SERVERS)


@pytest.mark.parametrize(("wrong", "code"), [({}, 0), ({"connectors": ()}, 1), ({"groups": Fault("gone"), "relational": Fault("gone")}, 1)])
def test_status_prints_the_same_picture_for_people_and_as_json(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], code: int):
    monkeypatch.setattr(status, "take_picture", lambda _settings: picture(**wrong))
    shown, plain_json = CliRunner().invoke(status.command), CliRunner().invoke(status.command, ["--json"])
    assert (shown.exit_code, plain_json.exit_code) == (code, code)
    assert "elasticsearch" in shown.output
    assert ('"healthy": true' in plain_json.output) is (code == 0)


def test_lag_counts_from_the_committed_offset_or_from_what_the_log_still_has():
    ends = {("t", 0): (0, 10), ("t", 1): (5, 8), ("t", 2): (5, 8), ("other", 0): (0, 99)}
    assert lag_of(["t"], ends, {("t", 0): 7, ("t", 2): 1}) == 3 + 3 + 3


def test_an_app_reads_the_tables_that_have_a_projection_into_its_store_and_the_corrections():
    assert topics_of("milvus") == {"aegis.public.policies", "aegis.corrections"}
    assert topics_of("dead-letters") == {"data-pipeline-dlq"}
    assert topics_of("receipts") == {"aegis.receipts"}
    assert topics_of("subscriptions") == {"policy-events"}


def test_a_failed_task_is_told_by_its_innermost_cause():
    trace = "org.x.ConnectException: outer\n\tat a\nCaused by: java.io.IOException: middle\nCaused by: org.postgresql.PSQLException: slot is active\n\tat b"
    found = _connector("aegis-x", {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": trace}]})
    assert (found.runs, found.reason) == (False, "org.postgresql.PSQLException: slot is active")


def test_rates_are_changes_per_second_between_two_moments():
    first = Moment(10.0, {"redis": group(100)}, CAPTURE, DeadLetters(0, 0, 0), {})
    second = Moment(12.0, {"redis": group(150, lag=4)}, Capture(5096, True, True, "reserved", 900, 0.5), DeadLetters(1, 1, 0), {})
    assert pulse(None, first).beats[0].rate is None
    found = pulse(first, second)
    assert (found.beats[0].rate, found.wal_rate) == (25.0, 2048.0)
    assert plain(found) == "redis 25/s lag 4 members 1 | wal 2 KiB/s behind 4196 | heartbeat 0.5s | dead letters 1 held 1"


def test_offsets_that_a_replay_moved_back_are_no_negative_rate():
    first, second = (Moment(at, {"redis": group(committed)}, None, None, {}) for at, committed in ((1.0, 100), (2.0, 0)))
    assert pulse(first, second).beats[0].rate == 0


def test_a_part_that_does_not_answer_is_named_in_the_line():
    assert plain(pulse(None, Moment(1.0, None, None, None, {"kafka": "timed out"}))) == "kafka: timed out"


@pytest.mark.parametrize(
    ("capture", "level"),
    [
        (CAPTURE, Level.OK),
        (None, Level.FAIL),
        (NO_SLOT, Level.FAIL),
        (Capture(1000, True, False, "reserved", 900, 1.0), Level.FAIL),
        (Capture(1000, True, True, "lost", None, 1.0), Level.FAIL),
        (Capture(1000, True, True, "unreserved", 900, 1.0), Level.FAIL),
        (Capture(2**30, True, True, "reserved", 0, 1.0), Level.WARN),
    ],
)
def test_the_slot_is_judged_by_presence_activity_wal_and_distance(capture: Capture | None, level: Level):
    found = slot_finding(capture)
    assert found.level is level
    assert bool(found.remedy) is (level is not Level.OK)


def test_a_slot_ahead_of_the_stored_offset_and_an_old_heartbeat_are_warned_of():
    assert (offset_finding(CAPTURE, 899).level, offset_finding(CAPTURE, 900).level) == (Level.WARN, Level.OK)
    assert heartbeat_finding(Capture(1, True, True, "reserved", 1, 300.0)).level is Level.WARN
    assert heartbeat_finding(None).level is Level.FAIL


def test_an_app_without_members_fails_and_a_busy_one_is_warned_of():
    assert [group_finding("redis", found).level for found in (group(), group(members=0), group(lag=100_000))] == [Level.OK, Level.FAIL, Level.WARN]


def test_held_keys_fail_and_other_waiting_records_are_warned_of():
    assert [finding.level for finding in dead_letter_findings(DeadLetters(2, 1, 3))] == [Level.FAIL, Level.WARN, Level.WARN]
    assert {finding.level for finding in dead_letter_findings(DeadLetters(0, 0, 0))} == {Level.OK}


@pytest.mark.parametrize(("release", "version"), [('JAVA_VERSION="25"\n', 25), ('X="1"\nJAVA_VERSION="17.0.9"\n', 17), ("", None)])
def test_a_jdk_is_known_by_its_release_file(release: str, version: int | None):
    assert jdk_version(release) == version


def test_addresses_are_taken_from_the_connections():
    found = addresses(Settings(_env_file=None, kafka_bootstrap_servers="127.0.0.1:19092,127.0.0.1:19094"))
    assert found["postgresql"] == ("127.0.0.1", 15432)
    assert found["kafka"] == ("127.0.0.1", 19092)
    assert found["neo4j"] == ("127.0.0.1", 17687)
    assert set(found) == set(SERVERS)


def test_missing_files_are_findings_with_a_remedy(tmp_path: Any):
    bare = Settings(_env_file=None, embedding_model_dir=tmp_path)
    found = {finding.check: finding for finding in check_machine(bare, {"AEGIS_ENV_FILE": str(tmp_path / "none.env")})}
    assert found["embedding model"].level is Level.FAIL
    assert found["environment"].level is Level.WARN
    assert all(finding.remedy for finding in found.values() if finding.level is not Level.OK)


def test_an_environment_file_that_others_can_read_is_warned_of(tmp_path: Any):
    file = tmp_path / "aegis.env"
    file.write_text("")
    levels = []
    for mode in (0o644, 0o600):
        file.chmod(mode)
        found = check_machine(Settings(_env_file=None, embedding_model_dir=tmp_path), {"AEGIS_ENV_FILE": str(file)})
        levels.append(next(finding.level for finding in found if finding.check == "environment"))
    assert levels == [Level.WARN, Level.OK]


def test_a_port_that_somebody_else_holds_is_told_from_one_that_nobody_has():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = Settings(_env_file=None, milvus_uri=f"http://127.0.0.1:{port}")
        (found,) = check_ports(taken, ["milvus"])
        assert f"127.0.0.1:{port} is held by" in found.detail
    (found,) = check_ports(taken, ["milvus"])
    assert found.detail == f"nobody listens on 127.0.0.1:{port}"


@pytest.fixture
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Connections to ports of loopback on which nobody listens."""
    nowhere = Settings(
        _env_file=None,
        postgres_dsn="postgresql://aegis_owner@127.0.0.1:1/aegis",
        postgres_reader_dsn="postgresql://aegis_reader@127.0.0.1:1/aegis",
        elasticsearch_url="http://127.0.0.1:1",
        neo4j_uri="bolt://127.0.0.1:1",
        redis_url="redis://127.0.0.1:1/0",
        milvus_uri="http://127.0.0.1:1",
        kafka_bootstrap_servers="127.0.0.1:1",
        schema_registry_url="http://127.0.0.1:1/apis/ccompat/v7",
        connect_url="http://127.0.0.1:1",
    )
    for module in (status, doctor):
        monkeypatch.setattr(module, "settings", lambda: nowhere)
    return nowhere


@pytest.mark.slow
@pytest.mark.usefixtures("_nothing_runs")
def test_status_and_doctor_of_a_stack_that_is_down_name_every_server_and_show_no_traceback():
    shown = CliRunner().invoke(status.command)
    assert shown.exit_code == 1
    assert shown.output.count("is down") >= len(SERVERS)
    examined = CliRunner().invoke(doctor.command, ["--json"])
    assert examined.exit_code == 1
    assert all(f'"port of {name}"' in examined.output for name in SERVERS)
    assert "Traceback" not in shown.output + examined.output
