"""Leaves what a collection received, and what became of it, as two Parquet files for analysts.

`raw/<source>/<source>_<time>.parquet` has the records as received, `processed/<source>/…` the drafts and refusals made of them; each row of the latter names
the raw file and the row in it. Files are a by-product: where they cannot be written, the collection goes on and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import structlog

from aegis.errors import AegisError
from aegis.files.catalogue import Catalogue, CataloguedFile
from aegis.files.parquet import COMPRESSION, ParquetRows, parquet_rows
from aegis.files.schemas import PROCESSED, RAW
from aegis.files.storage import Sink, Storage
from aegis.korea import KOREA
from collectors.draft import Accepted, Document, Outcome, Rejected
from collectors.staging import Staged

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Where the files of one source go, and the catalogue that they are entered in."""

    storage: Storage
    connection: psycopg.Connection[Any]
    source: str

    def kept(self, pages: Iterable[Staged]) -> Iterator[Staged]:
        """`pages`, each written down before it is handed on. What `pages` raises passes, after what was received until then is kept as not whole."""
        files = _Files(self.storage, self.source, datetime.now(UTC))
        try:
            for page in pages:
                files.add(page)
                yield page
        except BaseException:
            self._finish(files, is_whole=False)
            raise
        self._finish(files, is_whole=True)

    def _finish(self, files: _Files, *, is_whole: bool) -> None:
        made = files.finished(is_whole=is_whole)
        if made is None:
            return
        try:
            Catalogue(self.connection).register(made, [(made[0].file_id, made[1].file_id)])
        except psycopg.Error as error:
            log.warning("files.unregistered", source=self.source, paths=[file.path for file in made], error=type(error).__name__)


class _Files:
    """The two files of one run. After a failure nothing more is written, and nothing is left."""

    def __init__(self, storage: Storage, source: str, at: datetime) -> None:
        name = f"{source}_{at.astimezone(KOREA):%Y%m%d_%H%M%S}_{uuid4().hex[:6]}.parquet"
        self._storage, self._source = storage, source
        self._paths = (f"raw/{source}/{name}", f"processed/{source}/{name}")
        self._open = ExitStack()
        self._sinks: tuple[Sink, ...] = ()
        self._rows: tuple[ParquetRows, ...] = ()
        self._pages = 0
        self._failed = False

    def add(self, page: Staged) -> None:
        if self._failed:
            return
        try:
            self._write(page)
        except (AegisError, OSError, pa.ArrowException) as error:
            self._fail(error)

    def finished(self, *, is_whole: bool) -> tuple[CataloguedFile, CataloguedFile] | None:
        """What was written; None where nothing was, or where writing failed."""
        if self._failed or not self._rows:
            return None
        try:
            self._open.close()
        except (AegisError, OSError, pa.ArrowException) as error:
            self._fail(error)
            return None
        raw, processed = (
            CataloguedFile(
                kind=path.partition("/")[0],
                source=self._source,
                path=path,
                format="parquet",
                compression=COMPRESSION,
                row_count=rows.row_count,
                byte_count=sink.byte_count,
                sha256=sink.sha256,
                is_whole=is_whole,
            )
            for path, rows, sink in zip(self._paths, self._rows, self._sinks, strict=True)
        )
        return raw, processed

    def _write(self, page: Staged) -> None:
        self._pages += 1
        outcomes: list[Outcome] = [*page.accepted, *page.rejected]
        if not outcomes:  # of a feed that did not change, the newest file is the one before
            return
        if not self._rows:
            self._begin()
        raw, processed = self._rows
        first = raw.row_count
        raw.add([_raw(first + number, self._pages, outcome.document) for number, outcome in enumerate(outcomes)])
        processed.add([{"raw_file": self._paths[0], "raw_row": first + number, **_processed(outcome)} for number, outcome in enumerate(outcomes)])

    def _begin(self) -> None:
        self._sinks = tuple(self._open.enter_context(self._storage.writing(path)) for path in self._paths)
        schemas = (RAW, PROCESSED)
        self._rows = tuple(self._open.enter_context(parquet_rows(sink, schema)) for sink, schema in zip(self._sinks, schemas, strict=True))

    def _fail(self, error: Exception) -> None:
        self._failed = True
        with suppress(AegisError, OSError, pa.ArrowException):  # leaving the writers with an error discards both files, and may tell the error once more
            self._open.__exit__(type(error), error, error.__traceback__)
        log.warning("files.failed", source=self._source, error=str(error) if isinstance(error, AegisError) else type(error).__name__)


def _raw(row: int, page: int, document: Document) -> Mapping[str, Any]:
    return {
        "row": row,
        "page": page,
        "source": document.source,
        "source_id": document.source_id or None,
        "content_hash": document.content_hash,
        "body": document.body,
    }


def _processed(outcome: Outcome) -> Mapping[str, Any]:
    match outcome:
        case Accepted(draft=draft):
            return {"outcome": "accepted", "policy_id": draft.policy_id, **draft.model_dump()}
        case Rejected(problems=problems, document=document):
            said = [str(problem) for problem in problems]
            return {"outcome": "rejected", "problems": said, "source": document.source, "source_id": document.source_id or None}
