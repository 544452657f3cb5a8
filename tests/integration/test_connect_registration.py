"""Registration, refusal and recovery with a real Connect, each on a capture of its own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from aegis.settings import Settings
from connectors.definition import Definition
from connectors.plan import Action
from connectors.registration import NotRunning, apply, forget_offset
from connectors.rest import Connect, ConnectRefused, ConnectUnavailable, Status
from connectors.restarts import Policy, Verdict
from connectors.slot import PossibleLoss, stored_lsn
from connectors.watcher import Watcher
from tests.support.capture import Capture
from tests.support.wait import until

pytestmark = pytest.mark.stack


def state(capture: Capture) -> Status:
    status = capture.connect.status(capture.definition.name)
    assert status is not None
    return status


def add_policy(capture: Capture, key: str) -> None:
    capture.execute("INSERT INTO policies (policy_id, title) VALUES (%s, 't')", key)


def stop(capture: Capture) -> None:
    capture.connect.stop(capture.definition.name)
    until(lambda: state(capture).state == "STOPPED" and not state(capture).tasks, 60, "the connector to stop")
    slot = capture.definition.config["slot.name"]
    until(lambda: (found := capture.slot(slot)) is not None and not found.active, 60, "the slot to be released")


def stored(capture: Capture) -> int | None:
    return stored_lsn(capture.connect.offsets(capture.definition.name))


def test_registering_again_changes_nothing(captured: Capture) -> None:
    done = apply(captured.connect, captured.definition, captured.slot)
    assert done.step.action is Action.NONE
    assert done.status.running


def test_a_changed_setting_is_applied_and_the_new_task_runs(captured: Capture) -> None:
    changed = Definition(captured.definition.name, {**captured.definition.config, "max.queue.size": "4096"})
    done = apply(captured.connect, changed, captured.slot)
    assert (done.step.action, done.step.differing) == (Action.UPDATE, ("max.queue.size",))
    assert done.status.running
    add_policy(captured, "after-update")
    captured.await_changes("policies", "after-update", 1)
    assert apply(captured.connect, captured.definition, captured.slot).step.action is Action.UPDATE


def test_no_secret_is_stored_in_connect(captured: Capture, stack: Settings) -> None:
    answer = httpx.get(f"{stack.connect_url}/connectors?expand=info&expand=status", timeout=30)
    assert answer.json()[captured.definition.name]["info"]["config"]["database.password"] == "${env:POSTGRES_CDC_PASSWORD}"
    assert stack.postgres_cdc_password.get_secret_value() not in answer.text


def test_the_stored_position_moves_while_nothing_is_written(captured: Capture) -> None:
    before = until(lambda: stored(captured), 60, "a stored offset")
    until(lambda: (stored(captured) or 0) > before, 60, "the heartbeat to move the stored offset")


def test_a_cut_replication_connection_is_made_anew_and_nothing_is_lost(captured: Capture) -> None:
    (slot,) = (captured.definition.config["slot.name"],)
    for number in range(3):
        ((pid,),) = until(
            lambda: captured.execute("SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s AND active_pid IS NOT NULL", slot), 60, "a walsender"
        )
        captured.execute("SELECT pg_terminate_backend(%s)", pid)
        add_policy(captured, f"cut-{number}")
    for number in range(3):
        captured.await_changes("policies", f"cut-{number}", 1, seconds=90)
    until(lambda: state(captured).running, 60, "the connector to run")


def test_a_new_column_arrives_with_a_new_schema_and_without_a_restart(own_capture: Capture) -> None:
    pid = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s"
    slot = own_capture.definition.config["slot.name"]
    add_policy(own_capture, "old")
    (old,) = own_capture.await_changes("policies", "old", 1)
    before = own_capture.execute(pid, slot)
    own_capture.execute("ALTER TABLE policies ADD COLUMN added text")
    own_capture.execute("INSERT INTO policies (policy_id, title, added) VALUES ('new', 't', '새 값')")
    (new,) = own_capture.await_changes("policies", "new", 1)
    assert "added" not in old.value["after"]
    assert new.value["after"]["added"] == "새 값"
    assert old.value_bytes is not None
    assert new.value_bytes is not None
    assert old.value_bytes[1:5] != new.value_bytes[1:5]  # another schema id
    versions = httpx.get(f"{own_capture.registry_url}/subjects/{own_capture.subject('policies')}/versions", timeout=30).json()
    assert len(versions) == 2
    assert own_capture.execute(pid, slot) == before


def test_an_incompatible_change_stops_the_task_and_the_watcher_starts_it_when_the_cause_is_gone(own_capture: Capture) -> None:
    add_policy(own_capture, "before")
    own_capture.await_changes("policies", "before", 1)
    own_capture.execute("ALTER TABLE policies ALTER COLUMN is_active DROP DEFAULT, ALTER COLUMN is_active TYPE text USING 'yes'")
    own_capture.execute("ALTER TABLE policies ALTER COLUMN is_active SET DEFAULT 'yes'")
    add_policy(own_capture, "kept")
    failures = until(lambda: state(own_capture).failures, 60, "the task to fail")
    assert "ompatib" in failures[0] or "Rule" in failures[0]

    own_connect = OnlyOne(own_capture)
    watcher = Watcher(own_connect, Policy(first_pause_seconds=0.1))  # type: ignore[arg-type]
    assert watcher.round() == {own_capture.definition.name: Verdict.RESTART}
    until(lambda: state(own_capture).failures, 60, "the task to fail again: the cause is still there")

    rule = httpx.put(f"{own_capture.registry_url}/config/{own_capture.subject('policies')}", json={"compatibility": "NONE"}, timeout=30)
    rule.raise_for_status()

    def runs_again() -> bool:
        watcher.round()
        return state(own_capture).running

    until(runs_again, 60, "the watcher to bring the task back", interval=0.5)
    (kept,) = own_capture.await_changes("policies", "kept", 1)
    assert kept.value["after"]["is_active"] == "yes"


class OnlyOne:
    """Connect as the watcher sees it, with one connector: the others are none of this test's business."""

    def __init__(self, capture: Capture) -> None:
        self._name = capture.definition.name
        self.status = capture.connect.status
        self.restart = capture.connect.restart

    def names(self) -> tuple[str, ...]:
        return (self._name,)


def test_a_missing_slot_is_refused_until_everything_is_read_anew(own_capture: Capture) -> None:
    add_policy(own_capture, "first")
    own_capture.await_changes("policies", "first", 1)
    until(lambda: stored(own_capture), 60, "a stored offset")
    stop(own_capture)
    own_capture.execute("SELECT pg_drop_replication_slot(%s)", own_capture.definition.config["slot.name"])
    add_policy(own_capture, "in-the-gap")

    with pytest.raises(PossibleLoss, match="--snapshot-again"):
        apply(own_capture.connect, own_capture.definition, own_capture.slot)
    assert state(own_capture).state == "STOPPED"

    own_capture.connect.resume(own_capture.definition.name)  # past Aegis, as Connect does by itself after a restart
    failures = until(lambda: state(own_capture).failures, 60, "the task to refuse too")
    assert "no longer available on the server" in failures[0]

    forget_offset(own_capture.connect, own_capture.definition, 60)
    assert apply(own_capture.connect, own_capture.definition, own_capture.slot, deadline_seconds=60).status.running
    (gap,) = own_capture.await_changes("policies", "in-the-gap", 1)
    assert gap.op == "r"
    assert [logged.op for logged in own_capture.await_changes("policies", "first", 2)] == ["c", "r"]


def test_a_slot_ahead_of_the_stored_offset_is_refused_by_aegis_and_by_the_task_itself(own_capture: Capture) -> None:
    add_policy(own_capture, "first")
    own_capture.await_changes("policies", "first", 1)
    until(lambda: stored(own_capture), 60, "a stored offset")
    stop(own_capture)
    add_policy(own_capture, "skipped")
    slot = own_capture.definition.config["slot.name"]
    own_capture.execute("SELECT pg_drop_replication_slot(%s)", slot)
    own_capture.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", slot)

    with pytest.raises(PossibleLoss, match="ahead of the stored offset"):
        apply(own_capture.connect, own_capture.definition, own_capture.slot)

    own_capture.connect.resume(own_capture.definition.name)  # past Aegis, as Connect does by itself after a restart
    failures = until(lambda: state(own_capture).failures, 60, "the task to refuse too")
    assert "no longer available on the server" in failures[0]


@pytest.fixture
def nowhere() -> Iterator[Connect]:
    connect = Connect("http://127.0.0.1:1", patience_seconds=0.3)
    yield connect
    connect.close()


def test_a_connect_that_is_away_is_named(nowhere: Connect) -> None:
    with pytest.raises(ConnectUnavailable, match=r"127\.0\.0\.1:1 does not answer"):
        nowhere.names()


def test_a_connector_that_cannot_start_is_reported_with_its_reason(captured: Capture) -> None:
    name = f"{captured.prefix}-broken"
    broken = Definition(name, {**captured.definition.config, "slot.name": f"{captured.prefix}_broken", "publication.name": "no_such_publication"})
    try:
        with pytest.raises(NotRunning, match="Publication autocreation is disabled"):
            apply(captured.connect, broken, captured.slot, deadline_seconds=60)
    finally:
        captured.connect.delete(name)
        until(lambda: captured.connect.status(name) is None, 60, "the broken connector to be gone")
        with psycopg.connect(captured.dsn) as connection:
            connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", (f"{captured.prefix}_broken",))


def test_a_configuration_that_connect_refuses_is_reported(captured: Capture) -> None:
    wrong = Definition(f"{captured.prefix}-wrong", {**captured.definition.config, "snapshot.mode": "sometimes", "slot.name": f"{captured.prefix}_wrong"})
    with pytest.raises(ConnectRefused, match=r"snapshot\.mode"):
        apply(captured.connect, wrong, captured.slot)
