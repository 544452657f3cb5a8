"""Keeps a library that repeats itself from filling the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

PAUSE_SECONDS = 10.0


class Sparing(logging.Filter):
    """Lets each message template of the loggers under `prefix` through once every `PAUSE_SECONDS`: aiokafka logs 60 lines a second while no broker answers."""

    def __init__(self, prefix: str, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._prefix = prefix
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is logged."""
        if not f"{record.name}.".startswith(f"{self._prefix}."):
            return True
        what, now = (record.name, str(record.msg)), self._clock()
        if now - self._said.get(what, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return False
        self._said[what] = now
        return True
