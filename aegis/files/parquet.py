"""Parquet, written in batches: one row group each, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aegis.files.storage import Sink

COMPRESSION = "snappy"


@dataclass(slots=True)
class ParquetRows:
    """Rows on their way into one file."""

    schema: pa.Schema
    writer: Any
    row_count: int = field(default=0)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows: column → value; a column that a row lacks is null. Raises pyarrow's errors for a value that its column cannot hold."""
        if rows:
            self.add_table(pa.Table.from_pylist([dict(row) for row in rows], schema=self.schema))

    def add_table(self, table: pa.Table) -> None:
        """Append a table of the same columns."""
        self.writer.write_table(table.cast(self.schema))
        self.row_count += table.num_rows


@contextmanager
def parquet_rows(sink: Sink, schema: pa.Schema) -> Iterator[ParquetRows]:
    """Rows of `schema` into `sink`; the file is finished when the block is left."""
    with pq.ParquetWriter(sink, schema, compression=COMPRESSION) as writer:
        yield ParquetRows(schema, writer)
