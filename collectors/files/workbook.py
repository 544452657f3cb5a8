"""How far the sheets of a workbook reach. Its reader sets room aside for every cell up to the last one, and ends the process where there is none."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

_CELL = re.compile(rb"""<(?:\w{1,20}:)?c\b[^>]{0,200}?\br=["']([A-Z]{1,3})([0-9]{1,7})["'][^>/]{0,200}>""")
"""A cell with something in it; one that only has a format ends with />."""
_LONGEST_TAG = 500
_PIECE = 1 << 20


def reach(path: Path) -> int:
    """Cells up to the last one that says something, of the sheet with most; 0 where it is no workbook of this kind, for its reader to refuse."""
    try:
        with ZipFile(path) as parts:
            return max((_reach(parts, name) for name in parts.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")), default=0)
    except (BadZipFile, OSError, EOFError, RuntimeError, zlib.error):
        return 0


def _reach(parts: ZipFile, name: str) -> int:
    columns, rows, rest = b"", 0, b""
    with parts.open(name) as sheet:
        while piece := sheet.read(_PIECE):
            found = _CELL.findall(rest + piece)
            columns = max([columns, *{column.rjust(3) for column, _ in found}])
            rows = max([rows, *(int(row) for _, row in found)])
            rest = (rest + piece)[-_LONGEST_TAG:]
    return _number(columns) * rows


def _number(column: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in column.strip():
        number = 26 * number + letter - ord("A") + 1
    return number
