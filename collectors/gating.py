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

REMEDY = "nothing of it was written: look at what the source sends, mend the mapping, or pass it once with --force-gate"
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

    def passed(self, pages: Iterable[Staged], beforehand: Callable[[], Iterable[Staged]] | None = None) -> Iterator[Staged]:
        """The pages that pass. Raises `SourceFailed` at the first that does not, and for a whole listing that does not.

        `beforehand` gives the same pages once more, where they are known already: then the whole listing is judged before its first page is handed on.
        A listing that passed whole is what the next one is held against; nothing is remembered in a dry run.
        """
        last = self._last()
        if beforehand is not None:
            self._judge_beforehand(last, beforehand())
        shape = NOTHING
        for page in pages:
            this = shape_of_page(page)
            self._expect(refusals(last, this, whole=False))
            shape += this
            yield page
        self._expect(refusals(last, shape, whole=True))
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

    def _judge_beforehand(self, last: Shape, pages: Iterable[Staged]) -> None:
        shapes: list[Shape] = []
        is_whole = False
        with suppress(SourceFailed):  # the pages themselves raise it again, at their place
            shapes.extend(shape_of_page(page) for page in pages)
            is_whole = True
        self._expected(last, shapes, is_whole=is_whole)

    def _expected(self, last: Shape, pages: Sequence[Shape], *, is_whole: bool) -> Shape:
        for shape in pages:
            self._expect(refusals(last, shape, whole=False))
        listing = sum(pages, start=NOTHING)
        if is_whole:
            self._expect(refusals(last, listing, whole=True))
        return listing

    def _expect(self, found: tuple[Refusal, ...]) -> None:
        if not found:
            return
        named = "; ".join(map(str, found[:MOST_NAMED])) + (f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")
        log.warning("collect.gate", source=self.name, forced=self.force, columns=[each.column for each in found])
        if not self.force:
            raise GateClosed(found[0], f"the quality gate is closed: {named}")

    def _last(self) -> Shape:
        row = self.connection.execute(queries("shapes")["last"], {"name": self._key}).fetchone()
        return NOTHING if row is None else Shape.from_document(row[0])

    @property
    def _key(self) -> str:
        return f"collect.{self.name}.shape"


class GateClosed(SourceFailed):
    """A page, or a listing, that is not let through."""

    def __init__(self, first: Refusal, reason: str) -> None:
        super().__init__(Verdict(first.code, Handling.FATAL, REMEDY), reason)
