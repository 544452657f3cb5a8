"""Raw records into Parquet page by page, as a collection leaves them, and back: against pyarrow on the same records in one piece."""

from __future__ import annotations

import io
import os
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

import pyarrow as pa
import pyarrow.parquet as pq

from aegis.files.parquet import COMPRESSION, parquet_rows
from aegis.files.schemas import RAW
from aegis.files.storage import Storage
from bench.generated import policies

ROWS = int(os.environ.get("AEGIS_BENCH_FILE_ROWS", "50000"))
PAGE = 1_000
ROUNDS = 5

Rows = list[dict[str, object]]


def _records() -> Rows:
    return [
        {"row": number, "page": number // PAGE, "source": "bench", "source_id": row["source_id"], "content_hash": f"{number:064x}", "body": str(row)}
        for number, row in enumerate(policies(ROWS, "bench-files-"))
    ]


def _ours(storage: Storage, rows: Rows) -> float:
    began = monotonic()
    with storage.writing("raw/bench.parquet") as sink, parquet_rows(sink, RAW) as file:
        for start in range(0, len(rows), PAGE):
            file.add(rows[start : start + PAGE])
    return monotonic() - began


def _plain(folder: Path, rows: Rows) -> float:
    began = monotonic()
    pq.write_table(pa.Table.from_pylist(rows, schema=RAW), folder / "plain.parquet", compression=COMPRESSION)
    return monotonic() - began


def _read(storage: Storage) -> tuple[float, float]:
    """Seconds of our reading, and of pyarrow's of the same bytes in memory; every value is made."""
    began = monotonic()
    with storage.reading("raw/bench.parquet") as file:
        ours = sum(batch.num_rows for batch in pq.ParquetFile(file).iter_batches(batch_size=5_000) if batch.to_pydict())
    middle = monotonic()
    with storage.reading("raw/bench.parquet") as file:
        whole = io.BytesIO(file.read())
    again = monotonic()
    table = pq.read_table(whole)
    assert table.to_pydict()
    assert ours == table.num_rows == ROWS
    return middle - began, monotonic() - again


def run() -> None:
    """Print the ratios and the parts."""
    rows = _records()
    with TemporaryDirectory() as folder:
        storage = Storage(folder)
        writes = [(_ours(storage, rows), _plain(Path(folder), rows)) for _ in range(ROUNDS)]
        reads = [_read(storage) for _ in range(ROUNDS)]
        sizes = [(Path(folder) / name).stat().st_size for name in ("raw/bench.parquet", "plain.parquet")]
    for what, pairs in (("write, a page at a time, with checksum and rename", writes), ("read, 5,000 rows at a time", reads)):
        ours, plain = (median(pair[index] for pair in pairs) for index in (0, 1))
        print(f"   {what}: ratio {plain / ours:.2f} of plain pyarrow in one piece: {ROWS / ours:,.0f} rows/s against {ROWS / plain:,.0f}")
    print(f"   size: {sizes[0] / sizes[1]:.2f} of one row group's ({sizes[0] / ROWS:.0f} bytes a record)")
