"""What the contract suite needs to know about a store beside the protocol: one `open_<name>.py` per store makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aegis.record import Content, Record
from aegis.stores.protocol import Store


def nothing() -> None:
    """What `settle` is for a store that holds nothing back."""


@dataclass(frozen=True)
class Opened:
    """A prepared store under names of its own, which its opener removes at the end. Its timeout is a few seconds."""

    store: Store
    projected_as: str
    """Whose projections make its contents: a name of `aegis.derivations.STORES`."""
    again: Callable[[], Store]
    """A second store object under the same names, with connections of its own; the test closes it."""
    poison: Callable[[Record], Record]
    """The same record with content that this store can never hold."""
    readers_see: Callable[[str, str], bool]
    """Whether a reader finds (table, key), in the way readers look, after whatever makes writes visible to them."""
    settle: Callable[[], None] = nothing
    """Makes the server do what it would do with time: refresh, flush, merge, forget real deletes."""
    server: tuple[str, int] | None = None
    """Where the real server listens; None where there is none."""
    at: Callable[[int], Store] | None = None
    """The store under the same names, not prepared, with its server on 127.0.0.1 at this port and a timeout of about 2 s; the test closes it."""
    stray: Callable[[str, str], None] | None = None
    """Writes, behind the store's back, something that readers see under (table, key) and that has no bookkeeping; None where nothing can be astray."""
    examples: int = 25
    """How many generated histories are affordable."""

    def stored(self, table: str, content: Content) -> Content:
        """What fetch gives back for `content`."""
        return self.store.stored_form(table, content)
