"""What a run of a collector did, in counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from collectors.store import Stored

_WORDS = frozenset({"source", "dry_run", "withheld", "error", "error_code", "is_down", "instead"})


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one run. `fetched` is the sum of new, changed, unchanged, repeated and quarantined."""

    source: str
    dry_run: bool = False
    """Then new, changed and archived are what a run would do."""
    pages: int = 0
    fetched: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    """Records that the same listing had before, word for word."""
    archived: int = 0
    quarantined: int = 0
    complete: bool = False
    """Whether the whole listing was read."""
    withheld: str | None = None
    """Why absent policies were not archived."""
    error: str | None = None
    """What ended the run before its time."""
    error_code: str | None = None
    is_down: bool = False
    """Whether that may pass by itself, so that something may stand in for the source."""
    instead: str | None = None
    """What stood in for a source that was down, and why."""

    def with_page(self, *, fetched: int, accepted: int, quarantined: int, stored: Stored) -> Summary:
        """This summary and one more page."""
        return replace(
            self,
            pages=self.pages + 1,
            fetched=self.fetched + fetched,
            new=self.new + stored.new,
            changed=self.changed + stored.changed,
            unchanged=self.unchanged + accepted - stored.new - stored.changed,
            repeated=self.repeated + fetched - accepted - quarantined,
            quarantined=self.quarantined + quarantined,
        )

    @property
    def status(self) -> str:
        """`success`, `partial` (records or absent policies need a look) or `failure`."""
        if self.error:
            return "failure"
        return "partial" if self.quarantined or self.withheld or self.instead else "success"

    @property
    def failure(self) -> str:
        """What ended the run, with its code where it has one."""
        return f"{self.error_code}: {self.error}" if self.error_code else self.error or ""

    def counts(self) -> dict[str, Any]:
        """The numbers, by name."""
        return {name: value for name, value in asdict(self).items() if name not in _WORDS}
