"""Starts programs in the order of what they need, each as soon as that is ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from infra.local.program import Program
from infra.local.progress import say
from infra.local.readiness import NOT_READY, Probe
from infra.local.supervisor_client import ProcessState, Supervisor

READY_SECONDS = 300.0
_POLL_SECONDS = 0.2


class StartError(RuntimeError):
    """A server that did not become ready; the message says where to look."""


def failure(states: Sequence[ProcessState]) -> str | None:
    """Why waiting longer is of no use, None while it may be."""
    for state in states:
        if state.state == "FATAL":
            return f"{state.name} failed to start {state.spawn_error or 'again and again'}"
    return None


def _await_ready(program: Program, probe: Probe, settle: Probe | None, supervisor: Supervisor) -> None:
    begun = time.monotonic()
    cause: Exception | None = None
    while time.monotonic() - begun < READY_SECONDS:
        given_up = failure([state for state in supervisor.states() if state.group == program.name])
        if given_up:
            raise StartError(f"{given_up}: see `make logs SERVICE={program.name}`")
        try:
            if settle is not None:
                settle()
            probe()
        except NOT_READY as error:
            cause = error
            time.sleep(_POLL_SECONDS)
        else:
            say(f"{program.name} is ready ({time.monotonic() - begun:.1f} s)")
            return
    raise StartError(f"{program.name} was not ready after {READY_SECONDS:.0f} s ({cause}): see `make logs SERVICE={program.name}`") from cause


def start_in_order(programs: Sequence[Program], probes: Mapping[str, Probe], settle: Mapping[str, Callable[[], None]], supervisor: Supervisor) -> None:
    """Start every program and wait until each is ready. `settle` holds what must be done to a server before it counts as ready. Raises StartError.

    Independent programs start together; a program whose needs failed is not started.
    """
    started: dict[str, Future[None]] = {}

    def bring_up(program: Program) -> None:
        for need in program.needs:
            started[need].result()
        supervisor.start(program.name)
        if program.name in probes:
            _await_ready(program, probes[program.name], settle.get(program.name), supervisor)

    with ThreadPoolExecutor(max_workers=len(programs)) as pool:
        for program in programs:  # needs come before those who need them
            started[program.name] = pool.submit(bring_up, program)
    for future in started.values():
        future.result()
