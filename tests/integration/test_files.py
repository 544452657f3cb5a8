"""What a collection leaves for analysts, and exports of it, with a real PostgreSQL and the simulated portals."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg.conninfo import make_conninfo

from aegis.files.catalogue import Catalogue, CataloguedFile
from aegis.files.storage import Storage
from aegis.settings import Settings
from batch.exporting.export import Exporter, Wanted
from batch.exporting.formats import Format
from collectors.keeping import Keeper
from collectors.summary import Summary
from infra.local.portals.generated import PER_PORTAL
from infra.local.portals.shelf import Fault
from tests.support.collecting import Collecting

pytestmark = pytest.mark.stack
AT = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@pytest.fixture
def catalogue(world: Collecting) -> Iterator[Catalogue]:
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        yield Catalogue(connection)


@pytest.fixture
def exporter(stack: Settings, collect_database: str, storage: Storage) -> Iterator[Exporter]:
    reader, validator = (make_conninfo(dsn.get_secret_value(), dbname=collect_database) for dsn in (stack.postgres_reader_dsn, stack.postgres_validator_dsn))
    with psycopg.connect(reader) as reading, psycopg.connect(validator, autocommit=True) as writing:
        yield Exporter(storage, reading, writing)


def _collected(world: Collecting, storage: Storage, source: str = "gov24") -> Summary:
    with psycopg.connect(world.collector_dsn, autocommit=True) as connection:
        return world.run(source, keep=Keeper(storage, connection, source).kept)


def _of(catalogue: Catalogue, kind: str) -> CataloguedFile:
    [file] = catalogue.files(kind=kind)
    return file


def test_a_collection_leaves_its_records_and_what_became_of_them(world: Collecting, storage: Storage, catalogue: Catalogue) -> None:
    world.simulator.gov24.change(None, {"서비스명": ""})
    summary = _collected(world, storage)
    raw, processed = _of(catalogue, "raw"), _of(catalogue, "processed")
    assert (raw.row_count, processed.row_count) == (summary.fetched, summary.fetched)
    assert [storage.sha256(file.path) for file in (raw, processed)] == [raw.sha256, processed.sha256]
    bodies = {row["row"]: row for row in _rows(storage, raw)}
    outcomes = _rows(storage, processed)
    assert {row["raw_file"] for row in outcomes} == {raw.path}
    assert all(bodies[row["raw_row"]]["source_id"] == row["source_id"] for row in outcomes)
    assert {row["policy_id"] for row in outcomes if row["outcome"] == "accepted"} == {row["policy_id"] for row in world.policies().values()}
    [refused] = [row for row in outcomes if row["outcome"] == "rejected"]
    assert "DP_2001 서비스명" in refused["problems"][0]
    assert [(each.steps, each.path) for each in catalogue.lineage(processed.file_id)] == [(-1, raw.path)]


def test_what_came_before_a_portals_failure_is_kept_as_not_whole(world: Collecting, storage: Storage, catalogue: Catalogue) -> None:
    world.simulator.gov24.fault = Fault("server_error", times=10, from_page=2)
    assert _collected(world, storage).status == "failure"
    raw = _of(catalogue, "raw")
    assert not raw.is_whole
    assert 0 < raw.row_count < PER_PORTAL


def test_a_place_that_cannot_be_written_costs_the_collection_nothing(world: Collecting, catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    assert _collected(world, Storage(str(tmp_path / "taken"))).new == PER_PORTAL
    assert catalogue.files() == []


def test_an_export_of_policies_has_the_rows_of_one_moment_and_says_what_it_was_made_of(world: Collecting, exporter: Exporter, storage: Storage) -> None:
    world.run("gov24")
    world.run("bizinfo")
    made = exporter.policies(Wanted(Format.CSV, AT, sources=("gov24",)))
    assert made.path == "export/policies_20261121_183000.csv"
    assert (made.origin["table"], made.origin["filters"]) == ("policies", {"sources": ["gov24"]})
    with Path(storage.where(made.path)).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    stored = {row["policy_id"]: row for row in world.policies().values() if row["source"] == "gov24"}
    assert len(rows) == made.row_count == len(stored)
    assert {row["policy_id"]: int(row["version"]) for row in rows} == {key: row["version"] for key, row in stored.items()}


def test_an_export_of_processed_files_descends_from_them(world: Collecting, exporter: Exporter, storage: Storage, catalogue: Catalogue) -> None:
    _collected(world, storage, "gov24")
    _collected(world, storage, "bizinfo")
    made = exporter.processed(Wanted(Format.PARQUET, AT))
    assert made.row_count == 2 * PER_PORTAL
    assert {row["source"] for row in _rows(storage, made)} == {"gov24", "bizinfo"}
    assert sorted((each.steps, each.kind) for each in catalogue.lineage(made.file_id)) == [(-2, "raw")] * 2 + [(-1, "processed")] * 2


def test_without_a_collection_there_is_nothing_processed_to_export(world: Collecting, exporter: Exporter) -> None:
    with pytest.raises(LookupError, match="aegis collect run"):
        exporter.processed(Wanted(Format.CSV, AT, sources=("bizinfo",)))


def _rows(storage: Storage, file: CataloguedFile) -> list[dict[str, object]]:
    with storage.reading(file.path) as opened:
        return pq.ParquetFile(opened).read().to_pylist()
