"""Names of one table's indices and aliases.

{readers}             alias that shows live records only
{readers}-records     alias of everything, tombstones included: what Aegis reads and writes
{readers}-next        alias of the generation that is being built, where one is
{readers}-v1, -v2, …  the indices; one is in use, the next may stand beside it
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """All names, from the alias that readers search."""

    readers: str

    @property
    def records(self) -> str:
        """Moves to the next generation together with the readers' alias, so that a store need not know which generation is in use."""
        return f"{self.readers}-records"

    @property
    def next(self) -> str:
        """Is on no index while nothing is being built."""
        return f"{self.readers}-next"

    @property
    def every_generation(self) -> str:
        """A pattern; `number` tells its matches from indices that only look alike."""
        return f"{self.readers}-v*"

    def generation(self, number: int) -> str:
        """The index of a generation."""
        return f"{self.readers}-v{number}"

    def number(self, index: str) -> int | None:
        """The generation of an index; None where it is none of these."""
        found = re.fullmatch(r"-v([1-9]\d*)", index.removeprefix(self.readers))
        return int(found[1]) if found else None
