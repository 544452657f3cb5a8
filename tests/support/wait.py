"""Waits for an event, with a deadline: the only way in which tests let time pass."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

PATIENCE = float(os.environ.get("AEGIS_TEST_PATIENCE", "4"))
"""Deadlines are written for a quiet machine. A shared one can be several times slower, and a wait that ends with its event costs nothing more."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """A falsy answer that says why: it is part of the complaint when time is over."""

    why: str

    def __bool__(self) -> bool:
        return False


def patient(seconds: float) -> float:
    """`seconds` of a quiet machine, as a deadline on any."""
    return seconds * PATIENCE


def until(condition: Callable[[], T], seconds: float, what: str, interval: float = 0.05) -> T:
    """The first truthy answer of `condition`, asked every `interval` seconds. Raises AssertionError naming `what` after `seconds` times `PATIENCE`."""
    seconds = patient(seconds)
    deadline, pause = monotonic() + seconds, Event()
    while True:
        answer = condition()
        if answer:
            return answer
        if monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}; last answer: {answer!r}")
        pause.wait(interval)
