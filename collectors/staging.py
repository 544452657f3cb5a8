"""Pages of a listing, and what becomes of their records. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aegis.errors import Code
from collectors.draft import Accepted, Outcome, Problem, Rejected
from collectors.fetch import Fetcher
from collectors.listing import Listing
from collectors.pages.site import Site
from collectors.portals.portal import Page, Portal
from collectors.source import Source
from collectors.validation import usable_id, validate


@dataclass(frozen=True, slots=True)
class Order:
    """What to collect, and from where."""

    portal: Portal
    url: str
    api_key: str = field(repr=False)
    page_size: int
    dry_run: bool = False
    force_archive: bool = False
    force_gate: bool = False

    @property
    def source(self) -> Source:
        """What judges the records."""
        return self.portal


@dataclass(frozen=True, slots=True)
class Visit:
    """A site to go through."""

    site: Site
    dry_run: bool = False
    force_archive: bool = False
    force_gate: bool = False

    @property
    def source(self) -> Source:
        """What judges the records."""
        return self.site

    @property
    def url(self) -> str:
        """Where the site is."""
        return self.site.description.list.url


@dataclass(frozen=True, slots=True)
class Staged:
    """The records of one page by what becomes of them; what the listing had before, word for word, is in neither."""

    records: int
    """How many the page had."""
    total: int | None
    """How many records the whole listing has, where the portal says so."""
    accepted: tuple[Accepted, ...]
    rejected: tuple[Rejected, ...]
    ids: frozenset[str]
    """Usable identifiers, of accepted and rejected records."""
    unidentified: frozenset[str]
    """Content hashes of the records that have none."""
    is_least: bool = False
    """As the page's: the listing may have more records than `total`."""
    is_last: bool = False
    """As the page's: no page follows."""


def fetched(order: Order, fetcher: Fetcher) -> Iterator[Page]:
    """Page after page, until the listing ends; each is asked for when it is wanted. Raises `SourceFailed`."""
    listing = Listing()
    while not listing.ended:
        page = fetcher.page(order.portal, order.portal.request(order.url, order.api_key, listing.pages + 1, order.page_size))
        listing = listing.with_page(page, usable_ids(order.portal, page))
        yield page
    fetcher.stored()  # whoever asks beyond the last page has dealt with it


def staged(source: Source, pages: Iterable[Page]) -> Iterator[Staged]:
    """Each page, mapped and validated. Raises what `pages` raises."""
    before: dict[str, str] = {}
    for page in pages:
        yield sort(source, page, before)


def usable_ids(source: Source, page: Page) -> frozenset[str]:
    """The identifiers of a page's records that can be a policy's."""
    return frozenset(source_id for raw in page.records if (source_id := usable_id(source, raw)) is not None)


def sort(source: Source, page: Page, before: dict[str, str]) -> Staged:
    """Validate a page. `before` maps the identifiers met in this run to the hash of their record, and is added to.

    A second record under an identifier is a duplicate (DP_2003) unless it says the same: which of the two is right, the portal has to say.
    """
    accepted, rejected, unidentified = [], [], set()
    for raw in page.records:
        outcome = validate(source, raw)
        source_id, content_hash = usable_id(source, raw), outcome.document.content_hash
        if source_id is None:
            unidentified.add(content_hash)
        else:
            first = before.get(source_id)
            if first == content_hash:
                continue
            before.setdefault(source_id, content_hash)
            outcome = outcome if first is None else _duplicate(source, outcome)
        if isinstance(outcome, Accepted):
            accepted.append(outcome)
        else:
            rejected.append(outcome)
    ids = usable_ids(source, page)
    return Staged(len(page.records), page.total, tuple(accepted), tuple(rejected), ids, frozenset(unidentified), page.is_least, page.is_last)


def _duplicate(source: Source, outcome: Outcome) -> Rejected:
    reason = "another record of the same listing has this identifier and says something else; the first one is kept"
    return Rejected((Problem(Code.DUPLICATE, source.id_field, reason, "have the portal tell them apart"),), outcome.document)
