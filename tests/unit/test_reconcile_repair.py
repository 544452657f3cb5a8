"""What is published for a finding, what an undo publishes, and what a report says."""

from __future__ import annotations

from typing import Any, Self, cast

import pytest

from aegis.change import Change, Operation
from aegis.correction_log import CorrectionTooLarge
from aegis.errors import Code
from aegis.inspection import NO_STAMP, Listed
from aegis.record import StoredRecord
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from batch.compare import Pair
from batch.ends import Both
from batch.finding import DriftClass
from batch.findings import Findings, Recorded
from batch.judge import Expected, Found
from batch.repair import Repairer, unchanged
from batch.report import markdown
from batch.request import Request
from batch.truth import Row
from batch.undo import Repaired, as_left, changes_of
from tests.contract.records import image
from tests.unit.test_reconcile_confirm import record

PAIR = Pair("redis", "policies")


class Rows:
    """PostgreSQL's end."""

    def __init__(self, versions: dict[str, int]) -> None:
        self.current = versions

    def rows(self, table: str, keys: list[str]) -> dict[str, Row]:
        return {key: Row(version, image("policies", key, version)) for key, version in self.current.items() if key in keys}

    def rejected(self, table: str, keys: list[str]) -> set[tuple[str, int]]:
        return set()

    def drawn(self) -> int:
        return 100


class Session:
    """What is audited, and in which order against what is published. `too_large`: keys whose corrections fit no message."""

    def __init__(self, too_large: frozenset[str] = frozenset()) -> None:
        self.too_large = too_large
        self.changes: list[Change] = []
        self.touched: list[str] = []
        self.done: list[str] = []
        self.audited: list[dict[str, Any]] = []

    def transaction(self) -> Session:
        return self

    cursor = transaction

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def executemany(self, _query: str, rows: list[dict[str, Any]]) -> None:
        self.done.append("audited")
        self.audited += rows

    def publish(self, changes: list[Change]) -> None:
        if any(change.key in self.too_large for change in changes):
            raise CorrectionTooLarge(Code.COLD_PATH_FAILED, "too large")
        self.done.append("published")
        self.changes += changes

    def execute(self, _query: str, values: dict[str, Any]) -> Session:
        self.touched += values["keys"]
        return self

    def fetchall(self) -> list[dict[str, Any]]:
        return [{"key": key, "version": 99} for key in self.touched]

    def published(self, numbers: list[int]) -> None:
        self.done.append("recorded")
        self.numbers = numbers


def repaired(rows: dict[str, int], stored: dict[str, int], *findings: Recorded, too_large: frozenset[str] = frozenset()) -> tuple[Session, Repairer]:
    store = MemoryStore(frozenset({"policies"}), name="redis")
    store.apply([record(key, version) for key, version in stored.items()])
    session = Session(too_large)
    repairer = Repairer("RUN", cast("Any", session), cast("Any", Rows(rows)), {"redis": store}, session, lambda _table, key: key.encode())
    repairer.repair(cast("Findings", session), findings, PAIR)
    return session, repairer


def test_a_stale_record_gets_the_row_as_it_is_now_at_repair_rank_and_for_its_store_alone() -> None:
    session, _ = repaired({"a": 9}, {"a": 8}, Recorded(1, "a", DriftClass.STALE, 9, Stamp(8, Rank.UPSERT).packed, ""))
    [change] = session.changes
    assert (change.stamp, change.targets, change.operation, change.key_bytes) == (Stamp(9, Rank.REPAIR), frozenset({"redis"}), Operation.WRITE, b"a")
    assert change.after == image("policies", "a", 9)
    assert "RUN" in change.cause


def test_an_orphan_gets_a_delete_at_its_own_version() -> None:
    session, _ = repaired({}, {"a": 8}, Recorded(1, "a", DriftClass.ORPHAN, None, Stamp(8, Rank.UPSERT).packed, ""))
    [change] = session.changes
    assert (change.stamp, change.after) == (Stamp(8, Rank.DELETE), None)


def test_a_repair_is_audited_with_what_was_there_before_it_is_published() -> None:
    session, _ = repaired({"a": 9, "b": 4}, {"a": 8}, *(Recorded(n, k, DriftClass.STALE, v, s, "") for n, k, v, s in [(1, "a", 9, 32), (2, "b", 4, None)]))
    assert session.done == ["audited", "published", "recorded"]
    before = {row["key"]: row["before"] for row in session.audited}
    assert isinstance(before["a"].obj, StoredRecord)
    assert before["b"] is None
    assert {row["run_id"] for row in session.audited} == {"RUN"}


@pytest.mark.parametrize(
    ("rows", "stored"),
    [({"a": 10}, {"a": 8}), ({}, {"a": 8}), ({"a": 9}, {"a": 9}), ({"a": 9}, {})],
    ids=["the row has a new version", "the row is gone", "it has arrived meanwhile", "the record is gone"],
)
def test_a_finding_that_was_overtaken_is_not_repaired(rows: dict[str, int], stored: dict[str, int]) -> None:
    session, repairer = repaired(rows, stored, Recorded(1, "a", DriftClass.STALE, 9, Stamp(8, Rank.UPSERT).packed, ""))
    assert session.changes == []
    assert repairer.skipped == [1]


def test_a_finding_is_unchanged_only_with_the_same_versions_and_stamp() -> None:
    both = Both({"a": Found(Listed("a", 32, visible=True), None)}, {"a": Expected(9, None)}, frozenset(), 100, placeholders=False)
    one = Recorded(1, "a", DriftClass.STALE, 9, 32, "")
    assert unchanged(one, both, Row(9, {}))
    assert not unchanged(one, both, Row(10, {}))
    assert not unchanged(Recorded(1, "a", DriftClass.STALE, 9, 36, ""), both, Row(9, {}))


def test_a_row_that_no_correction_can_carry_is_touched_and_its_neighbours_are_repaired() -> None:
    lost = [Recorded(1, "huge", DriftClass.MISSING, 9, None, ""), Recorded(2, "small", DriftClass.MISSING, 4, None, "")]
    session, _ = repaired({"huge": 9, "small": 4}, {}, *lost, too_large=frozenset({"huge"}))
    assert [change.key for change in session.changes] == ["small"]
    assert session.touched == ["huge"]


def test_an_undo_forgets_what_the_repair_left_and_puts_back_what_was_there() -> None:
    stamp = Stamp(9, Rank.REPAIR).packed
    forget, restore = changes_of(Repaired(1, "redis", "policies", "a", {"value": "x"}, stamp, touched=False), "RUN", b"a")
    assert (forget.operation, forget.expected) == (Operation.FORGET, stamp)
    assert (restore.operation, restore.restored) == (Operation.RESTORE, '{"value":"x"}')
    assert {change.targets for change in (forget, restore)} == {frozenset({"redis"})}


def test_an_undo_of_a_record_that_was_missing_takes_it_away_again() -> None:
    [change] = changes_of(Repaired(1, "redis", "policies", "a", None, 38, touched=False), "RUN", b"a")
    assert change.operation is Operation.FORGET


def test_an_undo_of_a_stray_that_was_taken_away_only_puts_it_back() -> None:
    [change] = changes_of(Repaired(1, "redis", "policies", "a", {"value": "x"}, None, touched=False), "RUN", b"a")
    assert change.operation is Operation.RESTORE


def test_only_what_is_as_the_repair_left_it_is_undone() -> None:
    store = MemoryStore(frozenset({"policies"}), name="redis")
    store.apply([record("same", 9), record("newer", 12)])
    stamp = Stamp(9, Rank.UPSERT).packed
    page = [Repaired(n, "redis", "policies", key, None, left, touched) for n, (key, left, touched) in enumerate(
        [("same", stamp, False), ("newer", stamp, False), ("gone", None, False), ("back", stamp, False), ("same", stamp, True)]
    )]  # fmt: skip
    assert [one.key for one in as_left(page, lambda _: store)] == ["same", "gone"]


def test_what_is_compared_is_every_table_in_every_store_that_holds_it() -> None:
    assert len(Request().pairs()) == 9
    assert Request().complete
    assert Request(tables=("users",)).pairs() == (Pair("neo4j", "users"), Pair("redis", "users"))
    assert not Request(stores=("redis",)).complete
    with pytest.raises(ValueError, match="holds nothing"):
        Request(stores=("milvus",), tables=("users",)).pairs()
    with pytest.raises(ValueError, match="no captured table is named nobody"):
        Request(tables=("nobody",)).pairs()


def test_the_report_for_people_names_every_finding() -> None:
    finding = {"store": "redis", "table": "policies", "key": "a|b", "class": "content_differs", "row_version": 9, "stored_stamp": NO_STAMP, "detail": "title"}
    pair = {"store": "redis", "table": "policies", "rows": 10, "records": 9, "contents_compared": 10, "found": {"content_differs": 1}}
    text = markdown(
        {
            "run_id": "RUN", "verdict": "drift_left", "meaning": "There is drift.", "message": "Stopped.", "rounds": [{"pairs": [pair]}],
            "repairs_published": 0, "sequence_moved_to": 7, "findings": [finding] * 201, "left": [], "seconds": {"sums": 0.1},
        }
    )  # fmt: skip
    assert "# Reconciliation RUN: drift left" in text
    assert "a\\|b | content differs | 9 | 0 | title |" in text
    assert "and 1 more" in text
    assert "Stopped." in text
