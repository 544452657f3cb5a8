"""One file into PostgreSQL: all of it in one transaction, or nothing; and each content once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from aegis.queries import queries
from collectors.files.drop import FAILED, TAKEN, Look, content_hash, has_reader, put_away, settled
from collectors.files.folder import FileFolder, is_ragged
from collectors.files.readers import BATCH_ROWS, form_of, rows
from collectors.gating import Gate
from collectors.portals.portal import Page
from collectors.run import Keep, Report, Writing, write
from collectors.shape import shape_of
from collectors.staging import Staged, staged
from collectors.store import PolicyStore
from collectors.summary import Summary
from collectors.wording import storable

log = structlog.get_logger(__name__)
MOST_PAGE_CHARACTERS = 16 * 1024 * 1024
"""PostgreSQL takes a page as one JSON document, of at most 256 MB."""


class Fate(StrEnum):
    """What became of a file."""

    TAKEN = "taken"
    KNOWN = "known"
    """Its content had been taken before."""
    FAILED = "failed"
    """It cannot be read, or lost the shape that the last good one had; nothing of it is stored."""
    LEFT = "left"
    """It stays where it is until somebody does something about it."""
    WAITING = "waiting"
    """Somebody still writes to it: it is looked at again in the next round."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file and what became of it."""

    name: str
    fate: Fate
    note: str = ""
    """Why, and what to do."""
    summary: Summary | None = None

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        counts = None if self.summary is None else {**asdict(self.summary), "status": self.summary.status}
        return {"name": self.name, "fate": str(self.fate), "note": self.note, "summary": counts}


class _Withdrawn(Exception):
    """Undoes the transaction of a file."""


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes files of one folder. `settle_seconds`: for so long nobody may have written to a file. `moves`: whether files are put away afterwards.

    `force_gate`: take a file even where its columns are not those of the last good one.
    """

    source: FileFolder
    store: PolicyStore
    keep: Keep = lambda pages: pages
    dry_run: bool = False
    moves: bool = True
    settle_seconds: float = 2.0
    force_gate: bool = False
    sleep: Callable[[float], None] = time.sleep

    def take(self, path: Path, report: Report = lambda _summary, _total: None) -> Outcome:
        """What became of one file. Raises `AlreadyRunning`, and psycopg's errors, and leaves the file then."""
        if not has_reader(path):
            return Outcome(storable(path.name), Fate.LEFT, f"nobody reads {path.suffix or 'files without an ending'}: write CSV, Excel, JSON, XML or Parquet")
        look = settled(path, self.settle_seconds, self.sleep)
        if look is None:
            return Outcome(storable(path.name), Fate.WAITING, "it is still being written")
        try:
            digest = content_hash(path)
            outcome = self._known(path, digest) or self._taken(path, look, digest, report)
        except OSError as error:
            return Outcome(storable(path.name), Fate.LEFT, f"it cannot be opened ({error.strerror}): give the collector the right to read it")
        log.info("files.outcome", source=self.source.name, fate=str(outcome.fate), content_hash=digest)
        return self._put_away(path, digest, outcome)

    def _known(self, path: Path, digest: str) -> Outcome | None:
        parameters = {"source": self.source.name, "content_hash": digest}
        row = self.store.connection.execute(queries("taken_files")["known"], parameters).fetchone()
        return None if row is None else Outcome(storable(path.name), Fate.KNOWN, f"its content was taken as {row[0]} on {row[1]:%F %T %Z}")

    def _taken(self, path: Path, look: Look, digest: str, report: Report) -> Outcome:
        begun, outcome = time.time(), Outcome(storable(path.name), Fate.WAITING, "it was written to while it was read")
        writing = Writing(self.source.name, self.dry_run, newest_only=True)
        with suppress(_Withdrawn), self.store.connection.transaction():
            summary = write(writing, self.keep(self._sound_pages(path)), self.store, report)
            if Look.at(path) != look:
                raise _Withdrawn
            if summary.error:
                outcome = Outcome(storable(path.name), Fate.FAILED, f"{summary.error_code}: {summary.error}", summary)
                raise _Withdrawn
            if not self.dry_run:
                self._remember(path, look, digest, summary)
            outcome = Outcome(storable(path.name), Fate.TAKEN, "", summary)
        if outcome.fate is Fate.FAILED:
            self._record_failure(path, begun, outcome)
        return outcome

    def _sound_pages(self, path: Path) -> Iterator[Staged]:
        """The records of a file that goes through to its last row and passes the quality gate. Raises `SourceFailed` for another before its first page: nothing
        is begun for it, not even the files for analysts.

        Ragged rows go to the quarantine and say nothing of the columns.
        """
        gate = Gate(self.store.connection, f"{self.source.name}.{form_of(path)}", self.force_gate, self.dry_run)
        shape = gate.judged(shape_of(row for row in page.records if not is_ragged(row)) for page in self._pages(path))
        yield from staged(self.source, self._pages(path))
        gate.remember(shape)

    def _pages(self, path: Path) -> Iterator[Page]:
        return paged(rows(path, self.source.mapping))

    def _record_failure(self, path: Path, begun: float, failed: Outcome) -> None:
        if failed.summary is not None and not self.dry_run:
            self.store.record("failure", {"fetched": 0}, time.time() - begun, failed.summary.error_code, f"{storable(path.name)}: {failed.summary.error}")

    def _remember(self, path: Path, look: Look, digest: str, summary: Summary) -> None:
        self.store.connection.execute(
            queries("taken_files")["take"],
            {
                "source": self.source.name,
                "content_hash": digest,
                "name": storable(path.name),
                "byte_count": look.byte_count,
                "records": summary.fetched,
                "quarantined": summary.quarantined,
            },
        )

    def _put_away(self, path: Path, digest: str, outcome: Outcome) -> Outcome:
        """The outcome, with the file moved; where it cannot be moved it stays, and its content is known all the same."""
        if outcome.fate in {Fate.LEFT, Fate.WAITING} or self.dry_run or not self.moves:
            return outcome
        try:
            put_away(path, FAILED if outcome.fate is Fate.FAILED else TAKEN, digest, outcome.note if outcome.fate is Fate.FAILED else "")
        except OSError as error:
            note = f"{outcome.note}; " if outcome.note else ""
            return Outcome(outcome.name, outcome.fate, f"{note}it stays where it is, for it cannot be moved ({error.strerror})", outcome.summary)
        return outcome


def paged(found: Iterator[dict[str, Any]]) -> Iterator[Page]:
    """Rows of a file in pages, fewer to a page where their texts are long. Raises what `found` raises."""
    batch: list[dict[str, Any]] = []
    size = 0
    for row in found:
        batch.append(row)
        size += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(batch) == BATCH_ROWS or size >= MOST_PAGE_CHARACTERS:
            yield Page(tuple(batch), None)
            batch, size = [], 0
    if batch:
        yield Page(tuple(batch), None)
