"""How far a run is: whoever runs it may want to see it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how far a run is."""

    def phase(self, name: str, /) -> None:
        """A new phase begins, e.g. sums, listing, content, confirm, repair, verify."""
        ...

    def step(self, what: str, done: int, of: int, /) -> None:
        """`done` of `of` parts of it; `of` 0: `done` are left, and nobody knows of how many."""
        ...


class Silent:
    """Tells nobody."""

    def phase(self, name: str) -> None:
        """Nothing."""

    def step(self, what: str, done: int, of: int) -> None:
        """Nothing."""
