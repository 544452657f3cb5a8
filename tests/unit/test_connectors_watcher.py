"""The watcher against a Connect that is played."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import REGISTRY

from connectors.rest import ConnectRefused, ConnectUnavailable, Status, Task
from connectors.restarts import Policy, Verdict
from connectors.watcher import Watcher


class PlayedConnect:
    """Answers from a list of statuses, and remembers the restarts."""

    def __init__(self, name: str, statuses: Iterable[str]) -> None:
        self._name = name
        self._statuses = iter(statuses)
        self.restarts: list[float] = []
        self.now = 0.0
        self.refuses = False

    def names(self) -> tuple[str, ...]:
        self._state = next(self._statuses)
        if self._state == "AWAY":
            raise ConnectUnavailable("away")
        return (self._name,)

    def status(self, name: str) -> Status:
        return Status(name, "RUNNING", (Task(0, self._state, "org.x.Oops: why"),))

    def restart(self, name: str, *, only_failed: bool) -> None:
        assert only_failed
        if self.refuses:
            raise ConnectRefused("no")
        self.restarts.append(self.now)


def counted(name: str, status: str) -> float:
    return REGISTRY.get_sample_value("connector_restarts_total", {"connector": name, "status": status}) or 0.0


def watch(connect: PlayedConnect, policy: Policy, rounds: int, seconds: float = 1.0) -> list[dict[str, Verdict]]:
    watcher = Watcher(connect, policy, clock=lambda: connect.now)  # type: ignore[arg-type]
    seen = []
    for _ in range(rounds):
        seen.append(dict(watcher.round()))
        connect.now += seconds
    return seen


def test_a_failed_task_is_restarted_once_and_counted() -> None:
    connect = PlayedConnect("w1", ["RUNNING", "FAILED", "RUNNING", "RUNNING"])
    assert [round_["w1"] for round_ in watch(connect, Policy(), 4)] == [Verdict.HEALTHY, Verdict.RESTART, Verdict.HEALTHY, Verdict.HEALTHY]
    assert connect.restarts == [1.0]
    assert counted("w1", "requested") == 1


def test_a_task_that_keeps_failing_is_restarted_up_to_the_cap_and_reported_once() -> None:
    connect = PlayedConnect("w2", ["FAILED"] * 600)
    watch(connect, Policy(cap_per_hour=3, first_pause_seconds=10, longest_pause_seconds=60), 600)
    assert connect.restarts == [0.0, 10.0, 30.0]
    assert counted("w2", "capped") == 1


def test_restarts_go_on_when_the_hour_has_passed() -> None:
    connect = PlayedConnect("w3", ["FAILED"] * 80)
    watch(connect, Policy(cap_per_hour=2, first_pause_seconds=10), 80, seconds=60)
    assert connect.restarts == [0.0, 60.0, 3600.0, 3660.0]


def test_it_lives_through_connect_being_away() -> None:
    connect = PlayedConnect("w4", ["RUNNING", "AWAY", "AWAY", "FAILED"])
    watcher = Watcher(connect, Policy(), clock=lambda: connect.now)  # type: ignore[arg-type]
    ready = []
    for _ in range(4):
        watcher.round()
        ready.append(watcher.readiness()[0])
    assert ready == [True, False, False, False]
    assert len(connect.restarts) == 1


def test_a_refused_restart_is_counted_and_tried_again_later() -> None:
    connect = PlayedConnect("w5", ["FAILED"] * 20)
    connect.refuses = True
    watch(connect, Policy(first_pause_seconds=10), 20)
    assert counted("w5", "refused") == 2
    assert connect.restarts == []


def test_a_restart_that_could_lose_changes_is_withheld() -> None:
    connect = PlayedConnect("w6", ["FAILED"] * 3)
    watcher = Watcher(connect, Policy(), guard=lambda name: f"{name}: the slot is missing", clock=lambda: connect.now)  # type: ignore[arg-type]
    watcher.round()
    assert connect.restarts == []
    assert counted("w6", "possible_loss") == 1
