"""What a run may cost. A request reserves the most that it can cost before it is sent, so that no number of threads exceeds the ceiling."""

from __future__ import annotations

from decimal import Decimal
from threading import Lock

from aegis.errors import AegisError, Code
from batch.cleaning.task import Prices, Task

CHARACTERS_PER_TOKEN = 1
"""At least so many, on average; Korean has fewer than two. An estimate that is too high stops early, one that is too low pays too much."""


class CeilingReached(AegisError):
    """The next request could cost more than is left."""


def most(task: Task, text: str, prices: Prices) -> Decimal:
    """Dollars that one request can cost at most."""
    characters = len(task.system_message) + len(text) + len(str(task.output_schema))
    return prices.of(characters // CHARACTERS_PER_TOKEN, task.max_tokens)


class Budget:
    """Safe for several threads."""

    def __init__(self, ceiling: Decimal) -> None:
        self._ceiling = ceiling
        self._reserved = Decimal(0)
        self._lock = Lock()
        self.spent = Decimal(0)

    def reserve(self, dollars: Decimal) -> None:
        """Set `dollars` aside. Raises `CeilingReached`."""
        with self._lock:
            if self.spent + self._reserved + dollars > self._ceiling:
                told = f"${self.spent:.4f} is spent and the next request may cost ${dollars:.4f}, which would exceed ${self._ceiling}"
                raise CeilingReached(Code.BATCH_ERROR, f"{told}: run again with a higher --max-cost; what was answered is kept and not paid twice")
            self._reserved += dollars

    def settle(self, reserved: Decimal, cost: Decimal) -> None:
        """Give `reserved` back, and count what it cost in truth."""
        with self._lock:
            self._reserved -= reserved
            self.spent += cost
