"""Rows of a file, whatever its format, one after the other and bounded in memory where the format allows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO
from xml.etree.ElementTree import ParseError

import fastexcel
import pyarrow as pa
import pyarrow.parquet as pq
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from collectors.answer import json_value
from collectors.files.mapping import FolderMapping
from collectors.files.text_table import encoding_of, text_rows
from collectors.files.unreadable import expect_columns, unreadable
from collectors.files.workbook import reach
from collectors.markup import PIECE, record

BATCH_ROWS = 500
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")
MOST_BYTES_IN_MEMORY = 256 * 1024 * 1024
"""JSON and Excel are read as a whole."""
MOST_CELLS = 40_000_000
"""Of a sheet: a million rows of forty columns, each taking some tens of bytes."""

Rows = Iterator[dict[str, Any]]


def rows(path: Path, mapping: FolderMapping) -> Rows:
    """The rows of a file by its ending. Raises `SourceFailed` (DP_1004) where it cannot be read, also in the middle."""
    return READERS[path.suffix.lower()](path, mapping)


def form_of(path: Path) -> str:
    """`table`, `json`, `xml` or `parquet`: in tables every value is a text, in the others a number may be one. What has a form has a reader."""
    return _FORMS.get(path.suffix.lower(), "table")


def _excel(path: Path, mapping: FolderMapping) -> Rows:
    """Every cell as text: a column that holds numbers and words would lose one of the two as a typed one."""
    _expect_small(path)
    if (cells := reach(path)) > MOST_CELLS:
        raise unreadable(f"a sheet reaches over {cells:,} cells, more than {MOST_CELLS:,}", "delete what stands far below or beside the table, or write CSV")
    try:
        book = fastexcel.read_excel(path)
        sheet = book.load_sheet(mapping.sheet or 0, header_row=mapping.header - 1, dtypes="string")
        frame = sheet.to_polars()
    except fastexcel.FastExcelError as error:
        raise unreadable(f"it is no workbook, or has no such sheet ({_first_line(error)})") from error
    expect_columns(frame.columns, mapping.columns)
    for row in frame.iter_rows(named=True):
        if any(value not in (None, "") for value in row.values()):
            yield row


def _parquet(path: Path, mapping: FolderMapping) -> Rows:
    try:
        with pq.ParquetFile(path) as file:
            expect_columns(file.schema_arrow.names, mapping.columns)
            for batch in file.iter_batches(BATCH_ROWS):
                yield from ({name: _plain(value) for name, value in row.items()} for row in batch.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise unreadable(f"it is no whole Parquet file ({_first_line(error)})") from error


def _json(path: Path, mapping: FolderMapping) -> Rows:
    _expect_small(path)
    try:
        value = json_value(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise unreadable(f"it is no JSON in UTF-8 ({_first_line(error)})") from error
    for name in mapping.rows.split(".") if mapping.rows else ():
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise unreadable(f"there is no list of records at {mapping.rows or 'its top'}", "say in mapping.yaml where they stand: rows: result.items")
    yield from _objects(value, mapping)


def _json_lines(path: Path, mapping: FolderMapping) -> Rows:
    def lines() -> Iterator[Any]:
        with path.open(encoding="utf-8-sig") as file:
            yield from (json_value(line) for line in file if line.strip())

    try:
        yield from _objects(lines(), mapping)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"a line of it is no JSON in UTF-8 ({_first_line(error)})") from error


def _xml(path: Path, mapping: FolderMapping) -> Rows:
    """Each element called `rows` is a record, its children the columns."""
    wanted = mapping.rows or "item"

    def elements() -> Iterator[Any]:
        with path.open(encoding=encoding_of(path)) as text:
            for _, element in iterparse(_Undeclared(text), events=("end",), forbid_dtd=True):
                if element.tag.rpartition("}")[2] == wanted:
                    yield {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for name, value in record(element).items()}
                    element.clear()

    try:
        yield from _objects(elements(), mapping)
    except DefusedXmlException as error:
        raise unreadable(f"it declares a document type or entities ({type(error).__name__}), which no record needs") from error
    except (ParseError, ValueError, RecursionError) as error:
        raise unreadable(f"it is no whole XML ({_first_line(error)})") from error


def _objects(values: Iterator[Any] | list[Any], mapping: FolderMapping) -> Rows:
    """The objects among values. What a file of one shape calls differently in its first record, it calls so in all: then it is the file that is wrong."""
    key = mapping.fields["source_id"][0]
    for number, value in enumerate(values, start=1):
        if not isinstance(value, dict):
            raise unreadable(f"record {number} is a {type(value).__name__}, not an object")
        if number == 1 and key not in value:
            raise unreadable(f"the first record has no {key!r}; it has {', '.join(map(repr, list(value)[:40]))}")
        yield {**value, key: _plain(value.get(key))}


def _expect_small(path: Path) -> None:
    if (size := path.stat().st_size) > MOST_BYTES_IN_MEMORY:
        raise unreadable(f"it has {size:,} bytes, and a {path.suffix} is read as a whole, up to {MOST_BYTES_IN_MEMORY:,}", "split it, or write CSV or Parquet")


def _plain(value: Any) -> Any:
    """A value as JSON has it; everything else as its text. A whole number is one without a point: identifiers are numbers in tables."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


class _Undeclared:
    """A text as UTF-8 without its XML declaration: declared encodings are often wrong, and expat knows no EUC-KR."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._begun = False

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, of about `size` bytes, or of `PIECE` characters where that is more."""
        piece = self._text.read(max(size, PIECE))
        if not self._begun:
            piece = _DECLARATION.sub("", piece, count=1)
            self._begun = True
        return piece.encode()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]


READERS: dict[str, Callable[[Path, FolderMapping], Rows]] = {
    ".csv": text_rows,
    ".tsv": text_rows,
    ".xlsx": _excel,
    ".xlsm": _excel,
    ".xls": _excel,
    ".ods": _excel,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".xml": _xml,
    ".parquet": _parquet,
}
"""Ending → reader."""
_FORMS = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".xml": "xml", ".parquet": "parquet"}
