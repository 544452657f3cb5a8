"""The brake on dead letters: where a store rejects most of what comes, the fault is not in the rows.

Without it, one wrong mapping would withdraw every row from every store, compensation by compensation.
Source of the idea: the dead-letter policy of getsentry/arroyo.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW = 1_000
"""Changes that are looked back on."""
RATIO = 0.5


class TooManyRejections(Exception):
    """The worker stops without acknowledging. The message says what to do."""


@dataclass(slots=True)
class Brake:
    """Counts what a worker was given and what was rejected of it, over the last `WINDOW` changes."""

    least: int
    """So many rejections are always let through; 0 takes the brake off."""
    _batches: deque[tuple[int, int]] = field(default_factory=deque)

    def check(self, store: str, changes: int, rejections: int) -> None:
        """Before anything of a batch is published. Raises TooManyRejections; then the batch is not remembered."""
        window = [*self._batches, (changes, rejections)]
        while len(window) > 1 and sum(of for of, _ in window) > WINDOW:
            window.pop(0)
        of, rejected = (sum(counts) for counts in zip(*window, strict=True))
        if self.least and rejected > self.least and rejected > of * RATIO:
            raise TooManyRejections(
                f"{store} rejected {rejected} of the last {of} changes: rather a fault of the store or of a projection than of the rows. "
                "Mend it; or, if the rows really are to be held, raise AEGIS_BRAKE_REJECTIONS (0: no brake) and restart the app"
            )
        self._batches = deque(window)
