"""A file that cannot be taken as a whole."""

from __future__ import annotations

from aegis.errors import Code
from collectors.failures import Handling, SourceFailed, Verdict

WRITE_AGAIN = "write the file again, or compare it with mapping.yaml, and drop it once more"


def unreadable(reason: str, remedy: str = WRITE_AGAIN) -> SourceFailed:
    """The failure of a file (DP_1004): nothing of it is stored."""
    return SourceFailed(Verdict(Code.INVALID_FORMAT, Handling.FATAL, remedy), reason)


def expect_columns(found: list[str], wanted: frozenset[str]) -> None:
    """Raise where columns that the mapping names are not among those of a file, or where two have one name."""
    if missing := sorted(wanted - set(found)):
        raise unreadable(f"no column is called {', '.join(map(repr, missing))}; there are {', '.join(map(repr, found[:40]))}")
    if twice := sorted({name for name in found if name in wanted and found.count(name) > 1}):
        raise unreadable(f"several columns are called {', '.join(map(repr, twice))}")
