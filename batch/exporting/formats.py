"""Batches of rows into one file of a format. Pure apart from the sink."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import polars as pl
import pyarrow as pa

from aegis.files.parquet import COMPRESSION, parquet_rows
from aegis.files.storage import Sink

MOST_CELL_CHARACTERS = 32_767
"""A spreadsheet's cell holds no more; what follows would spill into others."""
_FORMULA = r"^[=+\-@\t\r]"
_DIGITS = r"^(0\d+|\d{16,})$"
"""A spreadsheet makes numbers of them, without the leading zeros and with no more than 15 digits kept."""


class Format(StrEnum):
    """Kinds of export."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"

    @property
    def compression(self) -> str | None:
        """Codec inside the file."""
        return COMPRESSION if self is Format.PARQUET else None


def write(batches: Iterable[pa.Table], schema: pa.Schema, form: Format, sink: Sink, *, verbatim: bool = False) -> int:
    """Write every batch (tables of `schema`); returns how many rows. An empty export still has its columns. `verbatim`: CSV cells as they are."""
    match form:
        case Format.CSV:
            return _csv(batches, schema, sink, verbatim=verbatim)
        case Format.JSONL:
            return _jsonl(batches, sink)
        case Format.PARQUET:
            with parquet_rows(sink, schema) as rows:
                for batch in batches:
                    rows.add_table(batch)
                return rows.row_count


def _csv(batches: Iterable[pa.Table], schema: pa.Schema, sink: Sink, *, verbatim: bool) -> int:
    """With a BOM, by which spreadsheets know UTF-8; lists as comma-separated text."""
    count = 0
    for number, batch in enumerate(_at_least_one(batches, schema)):
        frame = _joined(pl.DataFrame(batch))
        sink.write((frame if verbatim else _for_spreadsheets(frame)).write_csv(include_bom=number == 0, include_header=number == 0).encode())
        count += frame.height
    return count


def _jsonl(batches: Iterable[pa.Table], sink: Sink) -> int:
    count = 0
    for batch in batches:
        sink.write(pl.DataFrame(batch).write_ndjson().encode())
        count += batch.num_rows
    return count


def _at_least_one(batches: Iterable[pa.Table], schema: pa.Schema) -> Iterable[pa.Table]:
    empty = True
    for batch in batches:
        empty = False
        yield batch
    if empty:
        yield schema.empty_table()


def _joined(frame: pl.DataFrame) -> pl.DataFrame:
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    return frame.with_columns(pl.col(name).list.join(", ") for name in lists)


def _for_spreadsheets(frame: pl.DataFrame) -> pl.DataFrame:
    """Text that a spreadsheet would take for a formula, or for a number of other digits, gets an apostrophe before it; text too long for a cell is cut,
    and says so.
    """
    texts = pl.col(pl.String)
    cut = texts.str.slice(0, MOST_CELL_CHARACTERS - 60) + pl.lit("… (cut: ") + texts.str.len_chars().cast(pl.String) + pl.lit(" characters in all)")
    shorter = frame.with_columns(pl.when(texts.str.len_chars() > MOST_CELL_CHARACTERS - 1).then(cut).otherwise(texts).name.keep())
    return shorter.with_columns(pl.when(texts.str.contains(f"{_FORMULA}|{_DIGITS}")).then(pl.lit("'") + texts).otherwise(texts).name.keep())
