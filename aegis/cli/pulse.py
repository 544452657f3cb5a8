"""Rates and lag between two moments. Pure; `aegis watch` takes the moments and prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aegis.cli.observing.kafka import Group
from aegis.cli.observing.postgres import Capture, DeadLetters


@dataclass(frozen=True, slots=True)
class Moment:
    """What was observed at `at` (seconds of a monotonic clock). A part that did not answer is None, and `faults` says why."""

    at: float
    groups: Mapping[str, Group] | None
    capture: Capture | None
    dead_letters: DeadLetters | None
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Beat:
    """One store's part of a pulse. `rate`: changes a second, None for the first moment."""

    app: str
    rate: float | None
    lag: int
    members: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The pipeline between two moments. `wal_rate`: bytes a second that PostgreSQL writes."""

    beats: tuple[Beat, ...]
    wal_rate: float | None
    capture: Capture | None
    dead_letters: DeadLetters | None
    faults: Mapping[str, str]


def pulse(before: Moment | None, now: Moment) -> Pulse:
    """The pulse at `now`, with rates since `before`."""
    return Pulse(
        tuple(_beat(app, group, before, now.at) for app, group in (now.groups or {}).items()), _wal_rate(before, now), now.capture, now.dead_letters, now.faults
    )


def _beat(app: str, group: Group, before: Moment | None, at: float) -> Beat:
    earlier = (before.groups or {}).get(app) if before else None
    # A replay moves offsets back: that is no negative rate.
    rate = max(0, group.committed - earlier.committed) / (at - before.at) if before and earlier and at > before.at else None
    return Beat(app, rate, group.lag, group.members)


def _wal_rate(before: Moment | None, now: Moment) -> float | None:
    if before is None or before.capture is None or now.capture is None or now.at <= before.at:
        return None
    return (now.capture.written - before.capture.written) / (now.at - before.at)


def plain(found: Pulse) -> str:
    """One line for pipes and logs."""
    parts = [f"{beat.app} {'-' if beat.rate is None else f'{beat.rate:.0f}'}/s lag {beat.lag} members {beat.members}" for beat in found.beats]
    if found.capture is not None:
        parts.append(f"wal {_rate(found.wal_rate)} behind {found.capture.behind_bytes if found.capture.behind_bytes is not None else 'no slot'}")
        parts.append(f"heartbeat {found.capture.heartbeat_age_seconds:.1f}s")
    if found.dead_letters is not None:
        parts.append(f"dead letters {found.dead_letters.open} held {found.dead_letters.held}")
    return " | ".join(parts + [f"{part}: {reason}" for part, reason in found.faults.items()])


def _rate(bytes_a_second: float | None) -> str:
    return "-" if bytes_a_second is None else f"{bytes_a_second / 1024:.0f} KiB/s"
