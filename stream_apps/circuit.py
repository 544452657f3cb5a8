"""The circuit breaker in front of a sink, and the pauses between attempts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pybreaker
import structlog
from tenacity.wait import wait_base, wait_random_exponential

from aegis.telemetry.metrics import Circuit, show_circuit
from stream_apps.sink import TRANSIENT

log = structlog.get_logger(__name__)

FAILURES_TO_OPEN = 5
HALF_OPEN_AFTER_SECONDS = 2.0
"""Short: only this worker's one batch asks, and a store that is back shall be found quickly. The design's 60 s would be 60 s of staleness."""
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3.0

STATES = {pybreaker.STATE_CLOSED: Circuit.CLOSED, pybreaker.STATE_HALF_OPEN: Circuit.HALF_OPEN, pybreaker.STATE_OPEN: Circuit.OPEN}

T = TypeVar("T")


def pauses() -> wait_base:
    """Exponential with full jitter, so that workers do not come back all at once."""
    return wait_random_exponential(multiplier=FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS)


class CircuitOpen(Exception):
    """The store was not asked: it did not answer lately."""


class Breaker:
    """Opens after `FAILURES_TO_OPEN` transient errors in a row, and lets one call try after `HALF_OPEN_AFTER_SECONDS`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES_TO_OPEN,
            reset_timeout=HALF_OPEN_AFTER_SECONDS,
            exclude=[lambda error: not isinstance(error, TRANSIENT)],
            listeners=[_Shown(name)],
            throw_new_error_on_trip=False,
        )
        show_circuit(name, Circuit.CLOSED)

    @property
    def state(self) -> Circuit:
        """Closed, half-open or open."""
        return STATES[self._breaker.current_state]

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)`. Raises what it raises, or CircuitOpen without asking."""
        try:
            answer: T = self._breaker.call(function, *args)
        except pybreaker.CircuitBreakerError as error:
            raise CircuitOpen(f"{self._name} did not answer {FAILURES_TO_OPEN} times in a row") from error
        return answer


class _Shown(pybreaker.CircuitBreakerListener):
    """Shows each change of state in metrics and logs."""

    def __init__(self, name: str) -> None:
        self._name = name

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        state = STATES[new_state.name]
        show_circuit(self._name, state)
        log.warning("circuit.changed", store=self._name, state=state.name.lower(), before=None if old_state is None else old_state.name)
