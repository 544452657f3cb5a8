"""Talks to the supervisor over its unix socket."""

from __future__ import annotations

import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

_ALREADY_STARTED = 60
_NOT_RUNNING = 70
_ABNORMAL_TERMINATION = 40
_SPAWN_ERROR = 50
START_SECONDS = 10.0


class SupervisorDownError(RuntimeError):
    """No supervisor answers: the stack is not up."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What the supervisor says of one process."""

    group: str
    name: str
    state: str
    """STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN."""
    pid: int
    """0 when it does not run."""
    spawn_error: str
    started: int
    """Seconds since the epoch."""

    @property
    def runs(self) -> bool:
        return self.state in {"RUNNING", "STARTING", "BACKOFF"}

    @property
    def full_name(self) -> str:
        return f"{self.group}:{self.name}"


class Supervisor:
    """One supervisor, by its socket. A call that cannot reach it raises SupervisorDownError. One object per thread."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport, allow_none=True) as proxy:
                remote: Any = proxy
                for part in ("supervisor", method):
                    remote = getattr(remote, part)
                return remote(*arguments)
        except (OSError, xmlrpc.client.ProtocolError) as error:
            raise SupervisorDownError("the stack's supervisor does not answer: `make up` starts it") from error

    def answers(self) -> bool:
        """Whether a supervisor is there and works (it answers while it shuts down, too: then not)."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except SupervisorDownError:
            return False

    def states(self) -> tuple[ProcessState, ...]:
        """Every process, in the order of the configuration."""
        return tuple(
            ProcessState(each["group"], each["name"], each["statename"], each["pid"], each["spawnerr"], each["start"])
            for each in self._call("getAllProcessInfo")
        )

    def start(self, group: str) -> None:
        """Start all processes of a group that do not run; returns at once."""
        for state in self.states():
            if state.group == group and not state.runs:
                self._tolerating(_ALREADY_STARTED, "startProcess", state.full_name, False)

    def stop(self, group: str) -> None:
        """Stop all processes of a group and wait until they ended."""
        for state in self.states():
            if state.group == group and state.state not in {"STOPPED", "EXITED", "FATAL"}:
                self._tolerating(_NOT_RUNNING, "stopProcess", state.full_name, True)

    def _tolerating(self, code: int, method: str, *arguments: object) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode not in {code, _ABNORMAL_TERMINATION, _SPAWN_ERROR}:  # how a start ended is read from the state
                raise

    def reload(self) -> None:
        """Take over a changed configuration: programs that are gone are stopped, changed ones stopped and taken over (not started)."""
        added, changed, removed = self._call("reloadConfig")[0]
        for group in (*removed, *changed):
            self.stop(group)
            self._call("removeProcessGroup", group)
        for group in (*changed, *added):
            self._call("addProcessGroup", group)

    def shut_down(self) -> None:
        """End the supervisor, with whatever still runs under it."""
        self._call("shutdown")


def start_supervisor(configuration: Path, supervisor: Supervisor) -> None:
    """Start the daemon and wait until it answers. Raises RuntimeError with its output when it does not."""
    command = [str(Path(sys.executable).parent / "supervisord"), "-c", str(configuration)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    deadline = time.monotonic() + START_SECONDS
    while not supervisor.answers():
        if result.returncode or time.monotonic() > deadline:
            raise RuntimeError(f"the supervisor did not start (see {configuration.parent}/logs/supervisord.log):\n{result.stdout.strip()}")
        time.sleep(0.05)
