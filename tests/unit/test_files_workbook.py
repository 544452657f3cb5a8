"""A cell far below a table would take all memory there is, and the process with it: such a workbook is refused before it is read."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from collectors.failures import SourceFailed
from collectors.files.mapping import FolderMapping
from collectors.files.readers import MOST_CELLS, rows
from collectors.files.workbook import reach
from tests.support.workbook import write_workbook

MAPPING = FolderMapping(source="x", fields={"source_id": ("번호",), "title": ("이름",)})
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
ONLY_FORMATTED = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'


def workbook(folder: Path, more: str = "") -> Path:
    """A table of two rows, with `more` rows below it."""
    sound, path = folder / "sound.xlsx", folder / "a.xlsx"
    write_workbook(sound, {"대장": [["번호", "이름"], ["1", "가"]]})
    with ZipFile(sound) as parts, ZipFile(path, "w") as file:
        for name in parts.namelist():
            file.writestr(name, parts.read(name).replace(b"</sheetData>", f"{more}</sheetData>".encode()))
    return path


def test_a_workbook_that_reaches_too_far_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"reaches over 17,179,869,184 cells.* delete what stands far below"):
        list(rows(workbook(tmp_path, FAR), MAPPING))


def test_cells_that_have_nothing_but_a_format_do_not_count(tmp_path: Path) -> None:
    path = workbook(tmp_path, ONLY_FORMATTED)
    assert reach(path) == 4
    assert list(rows(path, MAPPING)) == [{"번호": "1", "이름": "가"}]


@pytest.mark.parametrize(("place", "cells"), [("Z1", 26 * 2), ("AA3", 27 * 3), ("A9", 2 * 9), ("ZZ2", 702 * 2)])
def test_a_sheet_reaches_to_its_last_column_and_its_last_row(tmp_path: Path, place: str, cells: int) -> None:
    assert reach(workbook(tmp_path, f"<!--{'x' * 3_000_000}--><c r='{place}'><v>1</v></c>")) == cells < MOST_CELLS


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 cut short", b"\xd0\xcf\x11\xe0 an older format"])
def test_what_is_no_such_workbook_is_left_to_its_reader(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.xls").write_bytes(body)
    assert reach(tmp_path / "a.xls") == 0
