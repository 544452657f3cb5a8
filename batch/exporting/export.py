"""One export: rows of `policies`, or newest processed files, into one file, entered in the catalogue with what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg.rows import dict_row

from aegis.files.catalogue import Catalogue, CataloguedFile
from aegis.files.schemas import POLICIES, PROCESSED
from aegis.files.storage import Storage
from aegis.queries import queries
from batch.exporting.formats import Format, write

BATCH_ROWS = 5_000
"""Rows in memory at once."""

Progress = Callable[[int, int], None]
"""Told how many rows were read, and of how many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export."""

    form: Format
    at: datetime
    """For the file's name."""
    sources: Sequence[str] = ()
    """Empty: all."""
    statuses: Sequence[str] = ()
    """Of policies. Empty: all."""
    since: datetime | None = None
    """Policies changed since then."""
    verbatim: bool = False

    def path(self, what: str) -> str:
        """Below the storage's folder."""
        return f"export/{what}_{self.at:%Y%m%d_%H%M%S}.{self.form}"

    def filters(self) -> dict[str, Any]:
        """As the catalogue keeps them."""
        named = {"sources": list(self.sources), "statuses": list(self.statuses), "since": self.since.isoformat() if self.since else None}
        return {name: value for name, value in named.items() if value}


@dataclass(slots=True)
class Exporter:
    """Writes exports. `reader` reads policies in one transaction of its own; `connection` enters files in the catalogue."""

    storage: Storage
    reader: psycopg.Connection[Any]
    connection: psycopg.Connection[Any]
    progress: Progress = field(default=lambda _read, _of: None)

    def policies(self, wanted: Wanted) -> CataloguedFile:
        """The rows of `policies` as of one moment."""
        with self.reader.transaction():
            self.reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            [(position,)] = self.reader.execute("SELECT pg_current_wal_lsn()::text").fetchall()
            origin = {"table": "policies", "wal_position": position, "filters": wanted.filters()}
            return self._written(wanted, "policies", (POLICIES, self._policies(wanted)), origin)

    def processed(self, wanted: Wanted) -> CataloguedFile:
        """The newest processed file of each source, one after the other. Raises LookupError where there is none."""
        parents = Catalogue(self.connection).newest_processed(wanted.sources)
        if not parents:
            raise LookupError(f"no collection of {', '.join(wanted.sources) or 'any source'} has left a file yet: run `aegis collect run SOURCE`")
        origin = {"filters": wanted.filters()}
        return self._written(wanted, "processed", (PROCESSED, self._processed(parents)), origin, parents)

    def _written(
        self, wanted: Wanted, what: str, rows_of: tuple[pa.Schema, Iterator[pa.Table]], origin: dict[str, Any], parents: Sequence[CataloguedFile] = ()
    ) -> CataloguedFile:
        (schema, batches), path = rows_of, wanted.path(what)
        with self.storage.writing(path) as sink:
            rows = write(batches, schema, wanted.form, sink, verbatim=wanted.verbatim)
        sources = {parent.source for parent in parents} or set(wanted.sources)
        made = CataloguedFile(
            kind="export",
            source=sources.pop() if len(sources) == 1 else None,
            path=path,
            format=wanted.form,
            compression=wanted.form.compression,
            row_count=rows,
            byte_count=sink.byte_count,
            sha256=sink.sha256,
            is_whole=all(parent.is_whole for parent in parents),
            origin=origin,
        )
        Catalogue(self.connection).register([made], [(parent.file_id, made.file_id) for parent in parents])
        return made

    def _policies(self, wanted: Wanted) -> Iterator[pa.Table]:
        parameters = {"sources": list(wanted.sources) or None, "statuses": list(wanted.statuses) or None, "since": wanted.since}
        [(of,)] = self.reader.execute(queries("files")["count_policies"], parameters).fetchall()
        read = 0
        with self.reader.cursor("export", row_factory=dict_row) as cursor:
            cursor.execute(queries("files")["policies"], parameters)
            while rows := cursor.fetchmany(BATCH_ROWS):
                read += len(rows)
                self.progress(read, of)
                yield pa.Table.from_pylist(rows, schema=POLICIES)

    def _processed(self, parents: Sequence[CataloguedFile]) -> Iterator[pa.Table]:
        of, read = sum(parent.row_count for parent in parents), 0
        for parent in parents:
            with self.storage.reading(parent.path) as file, pq.ParquetFile(file) as parquet:
                for batch in parquet.iter_batches(batch_size=BATCH_ROWS):
                    read += batch.num_rows
                    self.progress(read, of)
                    yield pa.Table.from_batches([batch])
