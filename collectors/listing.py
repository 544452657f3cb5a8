"""What has been read of a portal's listing, whether it is complete, and what may be archived because of it. Pure.

Archiving is the one thing that a collector does because something is *not* there, so it takes a listing that is known to be whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from collectors.portals.portal import Page

MOST_LOST = 0.5
"""Share of a source's known policies that a believable listing may lack."""
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The pages read so far."""

    pages: int = 0
    rows: int = 0
    """Records read, those without a usable identifier included."""
    seen: frozenset[str] = frozenset()
    totals: frozenset[int] = frozenset()
    """Every total that the portal stated."""
    exact: bool = True
    """Whether a stated total is how many records there are; else there are at least as many."""
    ended: bool = False
    twice: int = 0
    """Records whose identifier the listing had before."""

    def with_page(self, page: Page, ids: Iterable[str]) -> Listing:
        """This listing and one more page, whose records with a usable identifier have `ids`."""
        return self.with_records(len(page.records), page.total, ids, is_least=page.is_least, is_last=page.is_last)

    def with_records(
        self, records: int, total: int | None, ids: Iterable[str], *, is_least: bool = False, is_last: bool = False, strangers: int = 0
    ) -> Listing:
        """This listing and one more page, by what counts of it: how many records it has, the total that it states, the usable identifiers, and how many records
        have none.

        A short page does not end a listing: a portal may cap the page size that it is asked for. The stated total does, or a page with nothing new.
        A total that is the least there is ends it together with a short page: either alone may be wrong.
        """
        fresh = frozenset(ids)
        totals = self.totals if total is None else self.totals | {total}
        repeats = bool(fresh) and fresh <= self.seen  # the portal answers every page number with the same page
        if not records or repeats:
            return replace(self, pages=self.pages + 1, totals=totals, ended=True)
        rows = self.rows + records
        reached = total is not None and rows >= total and (is_last or not is_least)
        ended, twice = reached or self.pages + 1 >= MOST_PAGES, self.twice + records - strangers - len(fresh - self.seen)
        return Listing(self.pages + 1, rows, self.seen | fresh, totals, self.exact and not is_least, ended, twice)

    @property
    def gap(self) -> str | None:
        """Why this listing is not known to be whole; None where it is."""
        if not self.ended:
            return f"it was left after {self.pages} pages"
        if len(self.totals) > 1:
            return f"the portal changed it while it was read: totals of {', '.join(map(str, sorted(self.totals)))}"
        if self.totals and (self.rows < (total := next(iter(self.totals))) or (self.exact and self.rows > total)):
            return f"the portal states {total} records and listed {self.rows}"
        return f"it has more than {MOST_PAGES} pages" if self.pages >= MOST_PAGES else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What PostgreSQL has of a source beside a listing."""

    known: int
    """Policies that were not archived when the run began: those that it stored itself say nothing about what the portal lost."""
    absent: int
    """Those of them that the listing lacks."""
    strangers: int = 0
    """Listed records without a usable identifier that were not there before: any of them may be a policy that seems absent."""


def refusal_to_archive(listing: Listing, standing: Standing, *, force: bool = False, most_lost: float = MOST_LOST) -> str | None:
    """Why nothing may be archived, with the remedy; None where the absent policies may be. `force` overrides everything but an incomplete listing."""
    if listing.gap:
        return f"the listing is not complete ({listing.gap}): nothing is archived; run again"
    if standing.absent == 0 or force:
        return None
    if not listing.rows:
        return (
            f"the listing is empty while {standing.known} policies are known: nothing is archived; look at the portal, then use --force-archive if it is true"
        )
    if standing.absent > most_lost * standing.known:
        return (
            f"the listing lacks {standing.absent} of {standing.known} known policies, more than {most_lost:.0%}: nothing is archived; "
            "look at the portal, then use --force-archive if it is true"
        )
    if listing.twice:
        return (
            f"{listing.twice} records came twice, so that the listing may have moved while it was read, and lack others: nothing is archived in this run; "
            "use --force-archive if the portal lists them twice always"
        )
    if standing.strangers:
        return f"{standing.strangers} listed records newly lack a usable identifier and may be policies that seem absent: nothing is archived in this run"
    return None
