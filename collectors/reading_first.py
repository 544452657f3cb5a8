"""A listing that is read to its end before anything becomes of it, so that the quality gate can judge it whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from collectors.failures import SourceFailed
from collectors.last_good import LastGood
from collectors.portals.portal import Page
from collectors.shape import Shape, shape_of


@dataclass(slots=True)
class ReadFirst:
    """`pages`, the first of them asked for at `begun`. They lie aside in `good` meanwhile; those that cannot be written there are held in memory."""

    good: LastGood
    pages: Iterable[Page]
    begun: float
    _held: list[Page] = field(default_factory=list)
    _failure: SourceFailed | None = None

    def shapes(self) -> Iterator[Shape]:
        """Read the listing; the shape of each page. Raises `SourceFailed`."""
        try:
            for page in self.good.receiving(self.pages, self.begun):
                if not self.good.lies_aside:
                    self._held.append(page)
                yield shape_of(page.records)
        except SourceFailed as error:
            self._failure = error
            raise

    def again(self) -> Iterator[Page]:
        """The pages that were read, ending as the listing did. Raises `SourceFailed`."""
        yield from self.good.received()
        yield from self._held
        if self._failure is not None:
            raise self._failure
