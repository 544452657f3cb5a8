"""Rows to clean, in chunks: policies as they are now, or a file of an analyst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg.rows import dict_row

from aegis.errors import AegisError, Code
from aegis.queries import queries

CHUNK_ROWS = 10_000
"""Most rows in memory at once."""
PAGE_ROWS = 1_000

Row = Mapping[str, Any]


class UnreadableInput(AegisError):
    """A file of rows cannot be used."""


def policies(connection: psycopg.Connection[Any], sources: Sequence[str], statuses: Sequence[str]) -> Iterator[Row]:
    """Rows of `policies`, in the order of their keys, a page at a time; `connection` in autocommit, so that no transaction waits for a model."""
    parameters = {"sources": list(sources) or None, "statuses": list(statuses) or None, "most": PAGE_ROWS}
    after: str | None = ""
    while after is not None:
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(queries("files")["policies_after"], {**parameters, "after": after}).fetchall()
        after = rows[-1]["policy_id"] if len(rows) == PAGE_ROWS else None
        yield from rows


def in_file(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of a Parquet or CSV file (UTF-8, with or without a BOM) with policy_id and `columns`. Raises `UnreadableInput`."""
    wanted = ["policy_id", *(name for name in columns if name != "policy_id")]
    try:
        with ExitStack() as stack:
            for batch in _batches(path, stack):
                if missing := [name for name in wanted if name not in batch.schema.names]:
                    raise UnreadableInput(Code.INVALID_FORMAT, f"{path}: column {missing[0]} is missing: the task needs {', '.join(wanted)}")
                yield from batch.select(wanted).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise UnreadableInput(Code.INVALID_FORMAT, f"{path}: {' '.join(str(error).split())[:200]}; give a Parquet or CSV file") from error


def chunks(rows: Iterator[Row], limit: int | None) -> Iterator[list[Row]]:
    """`rows` by `CHUNK_ROWS`, no more than `limit` in all."""
    left = islice(rows, limit)
    while chunk := list(islice(left, CHUNK_ROWS)):
        yield chunk


def _batches(path: Path, stack: ExitStack) -> Iterator[pa.RecordBatch]:
    if path.suffix == ".parquet":
        yield from stack.enter_context(pq.ParquetFile(path)).iter_batches(batch_size=1_000)
    else:
        text = pa.csv.ConvertOptions(column_types={"policy_id": pa.string(), "source_id": pa.string()}, strings_can_be_null=True)
        lines = pa.csv.ParseOptions(newlines_in_values=True)
        yield from stack.enter_context(pa.csv.open_csv(path, convert_options=text, parse_options=lines))
