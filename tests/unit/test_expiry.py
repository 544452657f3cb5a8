"""The proof that a tombstone may go: a case for each condition, so that none can be left out unseen."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aegis.claim import claim_of
from aegis.codec import Codec, Encoder
from aegis.connect_status import in_snapshot
from aegis.correction import CORRECTIONS_SUBJECT, CORRECTIONS_TOPIC, correction_record
from aegis.envelope import table_topic
from aegis.position import SourcePosition
from aegis.record import StoredRecord
from aegis.registry import committed_schema
from aegis.stamp import Rank, Stamp
from batch.expiry import LogView, Reason, is_of_a_delete, may_go
from batch.log_view import readers_of
from batch.mentions import MentionedRows, hash_of, note
from batch.purge import forgetting
from batch.reach import Partition

TOPIC = table_topic("policies")
DELETED = datetime(2026, 11, 1, tzinfo=UTC)
"""When the delete was applied."""
BEFORE = DELETED + timedelta(days=7)
SECOND = timedelta(seconds=1)
GROUPS = frozenset({"aegis-redis", "aegis-neo4j"})

TOMBSTONE = StoredRecord(
    "policies", "p-1", Stamp(7, Rank.DELETE), None, SourcePosition(TOPIC, 0, 99, lsn=500, committed_at=DELETED), DELETED, claim_of("p-1", 7)
)
CORRECTED = replace(TOMBSTONE, position=SourcePosition(CORRECTIONS_TOPIC, 1, 49))
"""A tombstone that the cold path made of an orphan: it has no place in the WAL."""


def partition(topic: str, number: int, beginning: int, end: int, first_at: datetime | None = DELETED + SECOND) -> Partition:
    return Partition((topic, number), beginning, end, first_at)


def view(**changes: Any) -> LogView:
    """A log in which everything speaks for the tombstones to go, but for `changes`; `partitions` are added to its own."""
    kept = [partition(TOPIC, 0, 100, 200), partition(TOPIC, 1, 0, 0, None), partition(CORRECTIONS_TOPIC, 1, 50, 60)]
    committed = {group: {(TOPIC, 0): 100, (CORRECTIONS_TOPIC, 1): 50} for group in GROUPS}
    parts: dict[str, Any] = {
        "partitions": {one.place: one for one in [*kept, *changes.pop("partitions", [])]},
        "committed": committed,
        "readers": {TOPIC: GROUPS, CORRECTIONS_TOPIC: GROUPS},
        "stored_lsn": 501,
        "captured_until": DELETED + SECOND,
        "snapshot_pending": False,
        "corrected": set(),
    }
    return LogView(**(parts | changes))


@pytest.mark.parametrize("tombstone", [TOMBSTONE, CORRECTED])
def test_a_tombstone_that_nothing_can_undo_may_go(tombstone: StoredRecord):
    assert may_go(tombstone, view(), BEFORE) is None


@pytest.mark.parametrize(
    ("tombstone", "log", "reason"),
    [
        (replace(TOMBSTONE, applied_at=BEFORE), view(captured_until=BEFORE + SECOND), Reason.YOUNG),
        (replace(TOMBSTONE, position=SourcePosition(TOPIC, 9, 99, lsn=500)), view(), Reason.STRANGE_PLACE),
        (replace(TOMBSTONE, position=SourcePosition(TOPIC, 0, 200, lsn=500)), view(), Reason.STRANGE_PLACE),
        (TOMBSTONE, view(partitions=[partition(TOPIC, 0, 99, 200)]), Reason.IN_LOG),
        (TOMBSTONE, view(partitions=[partition(TOPIC, 0, 100, 200, DELETED)]), Reason.OLDER_IN_LOG),
        (TOMBSTONE, view(partitions=[partition(TOPIC, 2, 5, 6, DELETED - SECOND)]), Reason.OLDER_IN_LOG),
        (TOMBSTONE, view(partitions=[partition(TOPIC, 2, 5, 6, None)]), Reason.OLDER_IN_LOG),
        (TOMBSTONE, view(partitions=[partition(CORRECTIONS_TOPIC, 3, 5, 6, DELETED - SECOND)]), Reason.OLDER_IN_LOG),
        (CORRECTED, view(partitions=[partition(TOPIC, 0, 100, 200, DELETED)]), Reason.OLDER_IN_LOG),
        (TOMBSTONE, view(committed={"aegis-redis": {(TOPIC, 0): 100}, "aegis-neo4j": {(TOPIC, 0): 99}}), Reason.GROUP_BEHIND),
        (TOMBSTONE, view(committed={"aegis-redis": {(TOPIC, 0): 100}, "aegis-neo4j": {(TOPIC, 1): 100}}), Reason.GROUP_BEHIND),
        (TOMBSTONE, view(committed={"aegis-redis": {(TOPIC, 0): 100}}), Reason.GROUP_BEHIND),
        (TOMBSTONE, view(stored_lsn=500), Reason.CAPTURE_BEHIND),
        (TOMBSTONE, view(stored_lsn=None), Reason.CAPTURE_BEHIND),
        (CORRECTED, view(captured_until=DELETED), Reason.CAPTURE_BEHIND),
        (CORRECTED, view(captured_until=None), Reason.CAPTURE_BEHIND),
        (TOMBSTONE, view(snapshot_pending=True), Reason.SNAPSHOT),
        (TOMBSTONE, view(corrected={("policies", "p-1")}), Reason.CORRECTED),
    ],
)
def test_a_tombstone_is_kept_while_anything_could_bring_an_older_change_back(tombstone: StoredRecord, log: LogView, reason: Reason):
    assert may_go(tombstone, log, BEFORE) is reason


def test_another_table_and_a_correction_of_another_row_keep_nothing():
    others = [partition(table_topic("users"), 0, 0, 9, DELETED - SECOND)]
    assert may_go(TOMBSTONE, view(partitions=others, corrected={("users", "p-1"), ("policies", "p-2")}), BEFORE) is None


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (TOMBSTONE, True),
        (replace(TOMBSTONE, stamp=Stamp(7, Rank.UPSERT)), False),
        (replace(TOMBSTONE, stamp=Stamp(7, Rank.COMPENSATION)), False),
        (replace(TOMBSTONE, content={}), False),
    ],
)
def test_only_what_a_delete_left_is_looked_at(stored: StoredRecord, expected: bool):
    assert is_of_a_delete(stored) is expected


def test_every_group_that_ever_read_a_topic_is_its_reader():
    readers = readers_of([table_topic("users"), TOPIC], {"aegis-building-redis": {(TOPIC, 0): 1}, "aegis-redis": {}})
    assert readers[table_topic("users")] == {"aegis-neo4j", "aegis-redis"}
    assert readers[TOPIC] == {"aegis-milvus", "aegis-neo4j", "aegis-elasticsearch", "aegis-redis", "aegis-building-redis"}


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ({"lsn": 7, "txId": 1}, False),
        ({"lsn": 7, "snapshot": "INITIAL", "snapshot_completed": False}, True),
        ({"lsn": 7, "snapshot": "INITIAL"}, True),
        ({"lsn": 7, "snapshot": "INITIAL", "snapshot_completed": True}, False),
        ({"lsn": 7, "incremental_snapshot_collections": '[{"incremental_snapshot_collections_id":"public.policies"}]'}, True),
        ({"lsn": 7, "incremental_snapshot_primary_key": "aced"}, True),
        ({"lsn": 7, "incremental_snapshot_collections": None}, False),
    ],
)
def test_a_snapshot_is_seen_in_the_stored_source_offset(offset: dict[str, Any], expected: bool):
    assert in_snapshot(offset) is expected


def test_corrections_mention_their_rows_but_not_what_they_take_away_for_good():
    schema = committed_schema(CORRECTIONS_SUBJECT)
    encoder, codec = Encoder(1, schema), Codec(lambda _: schema)
    takes_away = forgetting(TOMBSTONE, "redis", b"k", "run")
    writes = replace(takes_away, key="p-2", operation=type(takes_away.operation).WRITE)
    hashes: array[int] = array("Q")
    for change in (takes_away, writes):
        note(encoder.encode(correction_record(change, DELETED)), codec, hashes)
    for value in (None, b"\xffno avro"):
        note(value, codec, hashes)
    rows = MentionedRows(hashes)
    assert (("policies", "p-1") in rows, ("policies", "p-2") in rows, ("users", "p-2") in rows) == (False, True, False)
    assert len(rows) == 1


def test_no_corrections_mention_no_rows():
    assert ("policies", "p-1") not in MentionedRows(array("Q"))
    assert hash_of("a", "bc") != hash_of("ab", "c")


def test_a_forgetting_correction_is_for_one_store_and_one_stamp():
    change = forgetting(TOMBSTONE, "redis", b"k", "run")
    assert (change.targets, change.expected, change.after) == ({"redis"}, TOMBSTONE.stamp.packed, None)
