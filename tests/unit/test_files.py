"""Files for analysts: whole or not at all, and right in a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from aegis.files.parquet import parquet_rows
from aegis.files.schemas import POLICIES, PROCESSED, RAW
from aegis.files.storage import FilesUnavailable, Sink, Storage
from batch.exporting.formats import MOST_CELL_CHARACTERS, Format, write
from collectors.draft import Document, Rejected
from collectors.keeping import Keeper
from collectors.staging import Staged

NO_CATALOGUE = Mock(spec=psycopg.Connection)
"""Where nothing is entered."""
ROW = {"row": 0, "page": 1, "source": "gov24", "source_id": "000000465790", "content_hash": "a", "body": "{}"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An S3-compatible server on loopback, with a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(name, value)
        import s3fs

        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("analysts")
        yield "s3://analysts/aegis"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "files") if request.param == "folder" else request.getfixturevalue("bucket"))


def test_a_file_is_read_as_it_was_written_and_its_checksum_is_that_of_its_bytes(storage: Storage) -> None:
    with storage.writing("raw/gov24/a.parquet") as sink, parquet_rows(sink, RAW) as rows:
        rows.add([ROW])
        rows.add([ROW | {"row": 1}])
    with storage.reading("raw/gov24/a.parquet") as file:
        data = file.read()
    assert pq.read_table(io.BytesIO(data)).to_pylist() == [ROW, ROW | {"row": 1}]
    assert pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0).compression == "SNAPPY"
    assert (sink.sha256, sink.byte_count, rows.row_count) == (hashlib.sha256(data).hexdigest(), len(data), 2)
    assert storage.sha256("raw/gov24/a.parquet") == sink.sha256


def test_of_a_file_that_fails_in_the_middle_nothing_is_left(storage: Storage) -> None:
    def fail() -> None:
        with storage.writing("raw/half.bin") as sink:
            sink.write(b"half")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    with pytest.raises(FileNotFoundError):
        storage.sha256("raw/half.bin")


def test_local_files_can_be_read_by_nobody_else(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "files"))
    with storage.writing("raw/a.bin") as sink:
        sink.write(b"officials")
    assert (tmp_path / "files/raw/a.bin").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "files/raw").iterdir()] == ["a.bin"]


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    storage = Storage(str(tmp_path / "taken"))
    with pytest.raises(FilesUnavailable, match="AEGIS_FILES_URL"), storage.writing("raw/a.bin"):
        pass


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A bucket where nobody answers. Filesystems are cached by their addresses, whatever the environment says since."""
    known = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    yield Storage("s3://analysts/nobody")
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_storage_that_does_not_answer_is_named_with_the_remedy(nobody: Storage) -> None:
    with pytest.raises(FilesUnavailable, match="AEGIS_FILES_URL") as failed, nobody.writing("raw/a.bin") as sink:
        sink.write(b"x")
    assert "s3cret" not in failed.value.message


def test_a_storage_that_does_not_answer_holds_up_no_collection(nobody: Storage) -> None:
    page = Staged(1, 1, (), (Rejected((), Document("gov24", "1", "a", "{}")),), frozenset({"1"}), frozenset())
    assert list(Keeper(nobody, NO_CATALOGUE, "gov24").kept([page])) == [page]


def test_a_collection_without_records_leaves_no_files(tmp_path: Path) -> None:
    unchanged = Staged(0, 0, (), (), frozenset(), frozenset())
    assert list(Keeper(Storage(str(tmp_path)), NO_CATALOGUE, "korea.policy").kept([unchanged])) == [unchanged]
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_no_known_kind_is_refused() -> None:
    with pytest.raises(FilesUnavailable, match="s3://bucket/prefix"):
        Storage("gopher://files")


def _policy(**fields: object) -> dict[str, object]:
    return {"policy_id": "p-1", "source": "gov24", "source_id": "1", "title": "청년 지원", "target_regions": ["11", "26"], **fields}


def _csv(rows: list[dict[str, object]], *, verbatim: bool = False) -> tuple[bytes, list[dict[str, str]]]:
    target = io.BytesIO()
    batches = [pa.Table.from_pylist([row], schema=POLICIES) for row in rows]
    assert write(iter(batches), POLICIES, Format.CSV, Sink(target), verbatim=verbatim) == len(rows)
    data = target.getvalue()
    return data, list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_csv_has_one_bom_one_header_and_lists_as_text() -> None:
    data, rows = _csv([_policy(), _policy(policy_id="p-2", title='그는 "네", 했다\n다음 줄', interest_rate=Decimal("2.5000"))])
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\xef\xbb\xbf") == 1
    assert [row["policy_id"] for row in rows] == ["p-1", "p-2"]
    assert (rows[0]["target_regions"], rows[0]["interest_rate"]) == ("11, 26", "")
    assert (rows[1]["title"], rows[1]["interest_rate"]) == ('그는 "네", 했다\n다음 줄', "2.5000")
    assert list(rows[0]) == POLICIES.names


def test_an_empty_export_still_has_its_columns() -> None:
    assert _csv([])[0].decode("utf-8-sig").strip().split(",") == POLICIES.names


@pytest.mark.parametrize("text", ["=1+1", "- 지원대상", "@today", "+82"])
def test_what_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe_unless_verbatim(text: str) -> None:
    assert _csv([_policy(content=text)])[1][0]["content"] == f"'{text}"
    assert _csv([_policy(content=text)], verbatim=True)[1][0]["content"] == text


@pytest.mark.parametrize(
    ("text", "cell"), [("00", "'00"), ("000000465790", "'000000465790"), ("20260101005400210024", "'20260101005400210024"), ("11", "11"), ("0", "0")]
)
def test_digits_that_a_spreadsheet_would_change_get_an_apostrophe_unless_verbatim(text: str, cell: str) -> None:
    assert _csv([_policy(source_id=text)])[1][0]["source_id"] == cell
    assert _csv([_policy(source_id=text)], verbatim=True)[1][0]["source_id"] == text


def test_a_text_that_fits_no_cell_is_cut_and_says_so_unless_verbatim() -> None:
    long = "가" * 100_000
    cut = _csv([_policy(content=long)])[1][0]["content"]
    assert len(cut) <= MOST_CELL_CHARACTERS
    assert cut.endswith("(cut: 100000 characters in all)")
    csv.field_size_limit(200_000)
    assert _csv([_policy(content=long)], verbatim=True)[1][0]["content"] == long


@pytest.mark.parametrize("form", [Format.PARQUET, Format.JSONL])
def test_other_formats_keep_every_row(form: Format) -> None:
    target = io.BytesIO()
    batches = [pa.Table.from_pylist([{"raw_file": "a", "raw_row": row, "outcome": "rejected", "problems": ["x"]}], schema=PROCESSED) for row in range(3)]
    assert write(iter(batches), PROCESSED, form, Sink(target)) == 3
    import polars as pl

    target.seek(0)
    frame = pl.read_parquet(target) if form is Format.PARQUET else pl.read_ndjson(target)
    assert frame["raw_row"].to_list() == [0, 1, 2]
    assert frame["problems"].to_list() == [["x"]] * 3
