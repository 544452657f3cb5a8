"""A look at all published policies: for the first time, or after normal titles changed. Each page is committed with what was found in it."""

from __future__ import annotations

from dataclasses import dataclass

from batch.duplicates.candidates import Candidates
from batch.progress import Progress

PAGE = 500


@dataclass(slots=True)
class Tally:
    """What a look came to."""

    policies: int = 0
    clusters: int = 0
    """Those that a page had a part in; one that several pages have a part in counts each time."""
    kept: int = 0
    """Memberships that were written since they are new or changed."""
    ended: int = 0


def find(candidates: Candidates, progress: Progress, *, dry_run: bool = False) -> Tally:
    """Look at every published policy; with `dry_run` everything is undone at the end. `candidates` has a connection that does not commit by itself."""
    tally = Tally()
    connection = candidates.connection
    for page in candidates.pages(PAGE):
        look = candidates.look(page)
        recorded = candidates.record(look)
        if not dry_run:
            connection.commit()
        tally.policies += len(page)
        tally.clusters += len(look.clusters)
        tally.kept += recorded.kept
        tally.ended += recorded.ended
        progress.step("policies", tally.policies, 0)
    if dry_run:
        connection.rollback()
    return tally
