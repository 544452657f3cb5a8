"""Building a store's content anew beside the one in use, where its engine allows it."""

from __future__ import annotations

from typing import Protocol


class Generations(Protocol):
    """The generations of a store's indices or collections: one in use, and at most one that is being built. All tables move together.

    `open_store(name, settings, building=True)` writes and reads the one that is being built. One process at a time builds.
    """

    def build(self) -> None:
        """Make the next generation, empty. One that was left half-built is removed first, so this may be repeated."""

    def switch(self) -> None:
        """Give the next generation to readers and to the ordinary store, for all tables at once, and remove the old one.

        Raises ValueError where nothing was built.
        """

    def abandon(self) -> None:
        """Remove what was half-built; nothing to remove is as good."""

    def close(self) -> None:
        """Give connections back."""
