"""The quality gate in the way of a collection: pages pass it before anything of them is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson
import psycopg
import structlog
from psycopg.rows import TupleRow

from aegis.queries import queries
from collectors.failures import Handling, SourceFailed, Verdict
from collectors.gate import Refusal, new_columns, refusals
from collectors.shape import NOTHING, Shape, shape_of_page
from collectors.staging import Staged

REMEDY = "look at what the source sends, mend the mapping, or pass it once with --force-gate"
MOST_NAMED = 5
MOST_LOST = 0.5
"""A listing of fewer records than this share of the last good one says too little to take its place."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one listing, with the memory of the last good one under `name`."""

    connection: psycopg.Connection[TupleRow]
    name: str
    """The source; where its listing is another's (a mirror), a name of its own."""
    force: bool = False
    dry_run: bool = False

    def passed(self, pages: Iterable[Staged], beforehand: Callable[[], Iterable[Shape]] | None = None) -> Iterator[Staged]:
        """The pages that pass. Raises `GateClosed` at the first that does not, and for a whole listing that does not.

        `beforehand` gives the shapes of the same pages, where these are known already: then the whole listing is judged before its first page is handed on.
        Otherwise it is judged before the page with which its stated total is reached, at the latest at its end.
        A listing that passed whole is what the next one is held against; nothing is remembered in a dry run.
        """
        last, shape, records = self._last(), NOTHING, 0
        is_judged = beforehand is not None
        if beforehand is not None:
            self._judge_beforehand(last, beforehand())
        for page in pages:
            this, is_begun = shape_of_page(page), records > 0
            shape, records = shape + this, records + page.records
            if beforehand is None:
                self._expect(refusals(last, this, whole=False), is_begun=is_begun)
                if is_judged := page.total is not None and not page.is_least and records >= page.total:
                    self._expect(refusals(last, shape, whole=True), is_begun=is_begun)
            yield page
        if not is_judged:
            self._expect(refusals(last, shape, whole=True), is_begun=records > 0)
        self.remember(shape)

    def judged(self, pages: Iterable[Shape]) -> Shape:
        """The shape of a listing that is known whole, by those of its pages. Raises `GateClosed` where one of them, or the whole, does not pass."""
        return self._expected(self._last(), list(pages), is_whole=True)

    def remember(self, shape: Shape) -> None:
        """Hold the next listing against this one, which passed whole. In a dry run nothing is remembered; new columns are told."""
        last = self._last()
        if added := new_columns(last, shape):
            log.warning("collect.new_columns", source=self.name, columns=added)
        if shape.records > MOST_LOST * last.records and not self.dry_run:
            self.connection.execute(queries("shapes")["keep"], {"name": self._key, "shape": orjson.dumps(shape.as_document()).decode()})

    def _judge_beforehand(self, last: Shape, pages: Iterable[Shape]) -> None:
        shapes: list[Shape] = []
        is_whole = False
        with suppress(SourceFailed):  # the pages themselves raise it again, at their place
            shapes.extend(pages)
            is_whole = True
        self._expected(last, shapes, is_whole=is_whole)

    def _expected(self, last: Shape, pages: Sequence[Shape], *, is_whole: bool) -> Shape:
        for shape in pages:
            self._expect(refusals(last, shape, whole=False))
        listing = sum(pages, start=NOTHING)
        if is_whole:
            self._expect(refusals(last, listing, whole=True))
        return listing

    def _expect(self, found: tuple[Refusal, ...], *, is_begun: bool = False) -> None:
        if not found:
            return
        named = "; ".join(map(str, found[:MOST_NAMED])) + (f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")
        log.warning("collect.gate", source=self.name, forced=self.force, columns=[each.column for each in found])
        if not self.force:
            raise GateClosed(found[0], f"the quality gate is closed: {named}", is_begun=is_begun)

    def _last(self) -> Shape:
        row = self.connection.execute(queries("shapes")["last"], {"name": self._key}).fetchone()
        return NOTHING if row is None else Shape.from_document(row[0])

    @property
    def _key(self) -> str:
        return f"collect.{self.name}.shape"


class GateClosed(SourceFailed):
    """A page, or a listing, that is not let through. `is_begun`: whether pages before it were."""

    def __init__(self, first: Refusal, reason: str, *, is_begun: bool = False) -> None:
        super().__init__(Verdict(first.code, Handling.FATAL, f"{'nothing more' if is_begun else 'nothing'} of it was written: {REMEDY}"), reason)
