"""CSV and its kin, row by row. The encoding and the separator are found out where the mapping does not say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes

from collectors.files.folder import RAGGED
from collectors.files.mapping import FolderMapping
from collectors.files.unreadable import expect_columns, unreadable

SEPARATORS = ",;\t|"
LONGEST_FIELD = 16 * 1024 * 1024
"""Characters; Python's own limit of 131,072 is below a long notice."""
_SAMPLE_BYTES = 4 * 1024 * 1024
_CHUNK = 1024 * 1024


def text_rows(path: Path, mapping: FolderMapping) -> Iterator[dict[str, Any]]:
    """Header → text of each row. Raises `SourceFailed` where the file as a whole cannot be read; a row of too many or too few fields says so in itself."""
    encoding = mapping.encoding or encoding_of(path)
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding, newline="") as lines:
            above = [lines.readline() for _ in range(mapping.header - 1)]
            first = lines.readline()
            reader = csv.reader(chain([first], lines), delimiter=mapping.delimiter or separator_of(first), strict=True)
            header = [name.strip() for name in next(reader, [])]
            expect_columns(header, mapping.columns)
            for number, cells in enumerate(reader, start=len(above) + 2):
                if any(cells):
                    yield _row(header, cells, number)
    except UnicodeDecodeError as error:
        raise unreadable(f"it is not {encoding} ({error.reason})", "give the right encoding in mapping.yaml, or write the file again") from error
    except csv.Error as error:
        raise unreadable(f"it is no CSV: {error}") from error


def encoding_of(path: Path) -> str:
    """UTF-8 or CP949 where the whole file is that, else what its beginning looks like. Raises `SourceFailed` where nothing fits."""
    for encoding in ("utf-8", "cp949"):
        if _is(path, encoding):
            return encoding
    with path.open("rb") as file:
        guess = from_bytes(file.read(_SAMPLE_BYTES)).best()
    if guess is None:
        raise unreadable("it is text in no known encoding", "give the encoding in mapping.yaml")
    return guess.encoding


def separator_of(header: str) -> str:
    """The separator that stands most often in the header outside quotes; a comma where there is none."""
    outside = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def _is(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as text:
            while text.read(_CHUNK):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _row(header: list[str], cells: list[str], number: int) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(header, cells, strict=False))
    if len(cells) != len(header):
        row[RAGGED] = f"row {number} has {len(cells)} fields, the header {len(header)}"
        row.update({f"(field {position})": cell for position, cell in enumerate(cells[len(header) :], start=len(header) + 1)})
    return row
