"""Kafka Connect's REST interface: what Aegis asks of it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

_CONFLICT = 409  # a rebalance is under way: the same request will be answered in a moment
_NOT_FOUND = 404


class ConnectUnavailable(Exception):
    """Kafka Connect does not answer, or is busy rebalancing: ask again later."""


class ConnectRefused(Exception):
    """Kafka Connect answered that it will not do this; the message is its own."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a connector. `trace` is the stack trace of a FAILED one."""

    number: int
    state: str
    trace: str = ""

    @property
    def reason(self) -> str:
        """The innermost cause of the trace, one line."""
        causes = [line for line in self.trace.splitlines() if line.startswith("Caused by: ")]
        return (causes[-1].removeprefix("Caused by: ") if causes else self.trace.partition("\n")[0]).strip()


@dataclass(frozen=True, slots=True)
class Status:
    """State of a connector and of its tasks, in Connect's words (RUNNING, FAILED, PAUSED, STOPPED, UNASSIGNED, RESTARTING)."""

    name: str
    state: str
    tasks: tuple[Task, ...]
    trace: str = ""

    @property
    def running(self) -> bool:
        """Whether the connector and each of its tasks run; a connector without tasks does not."""
        return self.state == "RUNNING" and bool(self.tasks) and all(task.state == "RUNNING" for task in self.tasks)

    @property
    def failures(self) -> tuple[str, ...]:
        """Why what failed has failed, one line each."""
        own = (f"connector: {Task(-1, self.state, self.trace).reason}",) if self.state == "FAILED" else ()
        return own + tuple(f"task {task.number}: {task.reason}" for task in self.tasks if task.state == "FAILED")


class Connect:
    """Client of one Connect cluster. Each method asks again for `patience_seconds` while Connect is away or rebalancing, then raises ConnectUnavailable."""

    def __init__(self, url: str, *, timeout_seconds: float = 30.0, patience_seconds: float = 30.0) -> None:
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=timeout_seconds)
        self._retrying = Retrying(
            retry=retry_if_exception_type(ConnectUnavailable),
            wait=wait_exponential_jitter(multiplier=0.2, max=3),
            stop=stop_after_delay(patience_seconds),
            reraise=True,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def names(self) -> tuple[str, ...]:
        """Names of all registered connectors."""
        return tuple(sorted(self._ask("GET", "/connectors")))

    def config(self, name: str) -> dict[str, str] | None:
        """The stored configuration; None where no such connector is registered."""
        found = self._ask("GET", f"/connectors/{name}/config", absent=True)
        return None if found is None else dict(found)

    def status(self, name: str) -> Status | None:
        """State of the connector and its tasks; None where it is not registered (or was registered a moment ago)."""
        found = self._ask("GET", f"/connectors/{name}/status", absent=True)
        if found is None:
            return None
        tasks = tuple(Task(task["id"], task["state"], task.get("trace", "")) for task in found["tasks"])
        return Status(name, found["connector"]["state"], tasks, found["connector"].get("trace", ""))

    def put(self, name: str, config: Mapping[str, str]) -> None:
        """Register or reconfigure. Idempotent."""
        self._ask("PUT", f"/connectors/{name}/config", json=dict(config))

    def create_stopped(self, name: str, config: Mapping[str, str]) -> None:
        """Register without starting."""
        self._ask("POST", "/connectors", json={"name": name, "config": dict(config), "initial_state": "STOPPED"})

    def pause(self, name: str) -> None:
        """Stop capturing, keep the tasks."""
        self._ask("PUT", f"/connectors/{name}/pause")

    def stop(self, name: str) -> None:
        """Stop capturing and end the tasks; offsets can be changed then."""
        self._ask("PUT", f"/connectors/{name}/stop")

    def resume(self, name: str) -> None:
        """Capture again after pause or stop."""
        self._ask("PUT", f"/connectors/{name}/resume")

    def restart(self, name: str, *, only_failed: bool) -> None:
        """Restart the connector and its tasks, or those that failed."""
        self._ask("POST", f"/connectors/{name}/restart", params={"includeTasks": "true", "onlyFailed": str(only_failed).lower()})

    def delete(self, name: str) -> None:
        """Forget the connector. Its stored offsets and its slot remain."""
        self._ask("DELETE", f"/connectors/{name}", absent=True)

    def offsets(self, name: str) -> list[dict[str, Any]]:
        """Stored source offsets, as partition and offset pairs."""
        found = self._ask("GET", f"/connectors/{name}/offsets", absent=True)
        return [] if found is None else list(found["offsets"])

    def delete_offsets(self, name: str) -> None:
        """Forget the stored source offsets. The connector must be stopped."""
        self._ask("DELETE", f"/connectors/{name}/offsets")

    def _ask(self, method: str, path: str, *, absent: bool = False, **request: Any) -> Any:
        return self._retrying(self._once, method, path, absent=absent, **request)

    def _once(self, method: str, path: str, *, absent: bool, **request: Any) -> Any:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise ConnectUnavailable(f"Kafka Connect at {self._url} does not answer: {type(error).__name__}: {error}; see make status") from error
        if answer.status_code == _NOT_FOUND and absent:
            return None
        if answer.status_code == _CONFLICT:
            raise ConnectUnavailable(f"Kafka Connect at {self._url} is busy: {answer.text}")
        if answer.is_error:
            raise ConnectRefused(f"{method} {path}: {answer.status_code} {_message(answer)}")
        return answer.json() if answer.content else None


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", answer.text))
    except ValueError:
        return answer.text
