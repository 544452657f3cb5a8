"""The watcher: restarts what failed, since Connect itself never does, and reports what it did."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from prometheus_client import Counter, Gauge

from connectors.rest import Connect, ConnectRefused, ConnectUnavailable, Status
from connectors.restarts import HOUR_SECONDS, Policy, Verdict, decide

log = structlog.get_logger(__name__)

connector_restarts = Counter("connector_restarts", "Restarts of failed connectors and tasks by the watcher, by result.", ["connector", "status"])
"""Exposed as connector_restarts_total. status: requested; refused where Connect would not; capped where the hourly cap held one back; possible_loss where
starting could lose changes."""
connector_up = Gauge("connector_up", "1 while the connector and all its tasks run.", ["connector"])


Guard = Callable[[str], str | None]
"""Name of a connector → why starting it could lose changes; None where it cannot, or where nobody can tell now."""


def no_guard(_connector: str) -> str | None:
    """Lets every restart pass."""
    return None


class Watcher:
    """Looks at every registered connector once a round. A round never raises for what Connect does: it may be away for as long as it likes."""

    def __init__(self, connect: Connect, policy: Policy, guard: Guard = no_guard, clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._policy = policy
        self._guard = guard
        self._clock = clock
        self._restarts: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=policy.cap_per_hour))
        self._capped: set[str] = set()
        self.reachable = True
        self.running: dict[str, bool] = {}

    def round(self) -> Mapping[str, Verdict]:
        """One look at every connector, with what follows from it."""
        try:
            verdicts = {name: self._look(name) for name in self._connect.names()}
        except (ConnectUnavailable, ConnectRefused) as error:
            if self.reachable:
                log.warning("connect.unreachable", error=str(error))
            self.reachable = False
            self.running = dict.fromkeys(self.running, False)
            return {}
        if not self.reachable:
            log.info("connect.reachable", connectors=len(verdicts))
        self.reachable = True
        return verdicts

    def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Ready while Connect answers and every connector runs."""
        return self.reachable and all(self.running.values()), {"connect": self.reachable, "connectors": dict(self.running)}

    def _look(self, name: str) -> Verdict:
        status = self._connect.status(name)
        now = self._clock()
        verdict = decide(self._policy, status, tuple(self._restarts[name]), now)
        self.running[name] = status is not None and status.running
        connector_up.labels(name).set(self.running[name])
        if verdict is Verdict.RESTART and status is not None:
            self._restart(status, now)
        elif verdict is Verdict.GIVE_UP and status is not None and name not in self._capped:
            self._capped.add(name)
            connector_restarts.labels(name, "capped").inc()
            log.error("connect.restart_capped", connector=name, cap_per_hour=self._policy.cap_per_hour, failures=status.failures)
        if verdict is not Verdict.GIVE_UP:
            self._capped.discard(name)
        return verdict

    def _restart(self, status: Status, now: float) -> None:
        history = self._restarts[status.name]
        history.append(now)
        recent = sum(now - at < HOUR_SECONDS for at in history)
        if reason := self._guard(status.name):
            connector_restarts.labels(status.name, "possible_loss").inc()
            log.error("connect.restart_withheld", connector=status.name, reason=reason)
            return
        try:
            self._connect.restart(status.name, only_failed=True)
        except ConnectRefused as error:
            connector_restarts.labels(status.name, "refused").inc()
            log.error("connect.restart_refused", connector=status.name, error=str(error), restarts_this_hour=recent)  # noqa: TRY400
            return
        connector_restarts.labels(status.name, "requested").inc()
        log.warning("connect.restarted", connector=status.name, failures=status.failures, restarts_this_hour=recent)
