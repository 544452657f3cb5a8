"""When a failed connector is restarted: soon, then with growing pauses, and never more often than a cap per hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectors.rest import Status

HOUR_SECONDS = 3600.0


class Verdict(StrEnum):
    """What to do now."""

    HEALTHY = "healthy"
    RESTART = "restart"
    WAIT = "wait"
    GIVE_UP = "give_up"
    """The cap is reached: a person has to look. Restarts go on when the hour has passed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Pauses double from `first_pause_seconds` with each restart of the last hour, up to `longest_pause_seconds`."""

    cap_per_hour: int = 10
    first_pause_seconds: float = 5.0
    longest_pause_seconds: float = 300.0


def decide(policy: Policy, status: Status | None, restarts: Sequence[float], now: float) -> Verdict:
    """What to do with a connector in `status` (None: not registered) after `restarts` (times in seconds, ascending) at `now`."""
    if status is None or not status.failures:
        return Verdict.HEALTHY
    recent = [at for at in restarts if now - at < HOUR_SECONDS]
    if not recent:
        return Verdict.RESTART
    if len(recent) >= policy.cap_per_hour:
        return Verdict.GIVE_UP
    pause = min(policy.first_pause_seconds * 2 ** (len(recent) - 1), policy.longest_pause_seconds)
    return Verdict.RESTART if now - recent[-1] >= pause else Verdict.WAIT
