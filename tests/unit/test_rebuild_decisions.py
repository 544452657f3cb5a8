"""Whether the log alone fills a store, where a rebuild begins to read, and when a snapshot is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aegis.correction import CORRECTIONS_TOPIC
from aegis.envelope import table_topic
from batch.completeness import First, Rows, Standing, first_of, lacking
from batch.reach import Partition
from batch.rebuild import Rebuilding, course_of, extended
from batch.replay import worse
from batch.runs import Verdict
from batch.snapshot import SourceOffset, read_offset
from tests.support import debezium

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOPIC = table_topic("users")


def users(beginning: int, end: int, number: int = 0) -> Partition:
    return Partition((TOPIC, number), beginning, end)


@pytest.mark.parametrize(
    ("rows", "partitions", "first", "reason"),
    [
        (Rows(0, None), [users(0, 0)], None, ""),
        (Rows(3, NOW), [users(0, 2), users(0, 2, 1)], First(NOW - HOUR, of_snapshot=False), ""),
        (Rows(3, NOW), [users(0, 5)], First(NOW, of_snapshot=False), ""),
        (Rows(3, NOW), [users(0, 5), users(1, 2, 1)], First(NOW - HOUR, of_snapshot=False), f"1 messages of {TOPIC} are gone"),
        (Rows(3, NOW), [users(0, 2)], First(NOW - HOUR, of_snapshot=False), f"{TOPIC} has 2 messages for 3 rows"),
        (Rows(3, NOW), [users(0, 0)], None, f"{TOPIC} has 0 messages for 3 rows"),
        # the topic was made anew: what is older never came into it, unless a snapshot read it again
        (
            Rows(3, NOW - HOUR),
            [users(0, 5)],
            First(NOW, of_snapshot=False),
            f"{TOPIC} begins at 2026-11-21T06:00:00+00:00 without a snapshot, and there are rows of 2026-11-21T05:00:00+00:00",
        ),
        (Rows(3, NOW - HOUR), [users(0, 5)], First(NOW, of_snapshot=True), ""),
    ],
)
def test_the_log_has_every_row_or_it_is_said_why_not(rows, partitions, first, reason) -> None:
    assert lacking("users", rows, partitions, first) == reason


def plan(**reasons: str) -> Rebuilding:
    return Rebuilding("redis", (), {table: Standing(10, 20, reason) for table, reason in reasons.items()}, beside=False)


def test_what_the_log_has_is_read_from_the_beginning_and_the_rest_from_where_the_snapshot_will_come() -> None:
    partitions = [Partition((topic, 0), 5, 50) for topic in (TOPIC, table_topic("policies"), CORRECTIONS_TOPIC)]
    course = course_of(plan(users="gone", policies=""), partitions, {(TOPIC, 0): 40, (table_topic("policies"), 0): 50, (CORRECTIONS_TOPIC, 0): 50})
    assert course.starts == {(TOPIC, 0): 40, (table_topic("policies"), 0): 5, (CORRECTIONS_TOPIC, 0): 5}
    assert course.gaps == []


def test_a_group_of_its_own_begins_a_snapshot_at_the_end() -> None:
    course = course_of(plan(users="gone"), [Partition((TOPIC, 0), 5, 50), Partition((CORRECTIONS_TOPIC, 0), 0, 7)], {})
    assert course.starts == {(TOPIC, 0): 50, (CORRECTIONS_TOPIC, 0): 0}
    assert extended(course, {(TOPIC, 0): (5, 80), (CORRECTIONS_TOPIC, 0): (0, 7)}).messages == 30 + 7


def test_a_rebuild_counts_the_rows_that_a_snapshot_reads() -> None:
    assert (plan(users="gone", policies="", business_rules="gone").anew, plan(users="gone", policies="").rows_anew) == (("users", "business_rules"), 10)


@pytest.mark.parametrize(
    ("offset", "over"),
    [
        (SourceOffset(None), False),
        (SourceOffset(99), False),
        (SourceOffset(100), True),
        (SourceOffset(200, tables_left="[users]"), False),
        (SourceOffset(200), True),
    ],
)
def test_a_snapshot_is_over_when_an_offset_past_its_signal_names_no_table(offset: SourceOffset, over: bool) -> None:
    assert offset.past(100) is over


def test_the_newest_of_the_stored_offsets_counts() -> None:
    assert read_offset([{}, {"lsn": 5}, {"lsn": 9, "incremental_snapshot_collections": "[…]", "incremental_snapshot_primary_key": "k"}]) == SourceOffset(
        9, "[…]", "k"
    )
    assert read_offset([]) == SourceOffset(None)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (None, Verdict.CLEAN, Verdict.CLEAN),
        (Verdict.REPAIRED, Verdict.CLEAN, Verdict.REPAIRED),
        (Verdict.CLEAN, Verdict.DRIFT_LEFT, Verdict.DRIFT_LEFT),
        (Verdict.FAILED, Verdict.CLEAN, Verdict.FAILED),
    ],
)
def test_two_comparisons_are_as_good_as_the_worse_of_them(one, other, together) -> None:
    assert worse(one, other) is together


def test_the_row_of_a_topics_first_message_is_no_older_than_that_message() -> None:
    codec, key = debezium.codec(), "P-1"
    at = datetime.fromisoformat("2026-11-21T08:00:00+00:00")
    row = debezium.row("policies", key, 1)
    began = datetime.fromisoformat(row["updated_at"])
    assert began < at, "the transaction began before Kafka heard of it"
    assert first_of(debezium.create("policies", key, 1).value, at, codec) == First(began, of_snapshot=False)
    assert first_of(debezium.delete("policies", key, 1).value, at, codec) == First(at, of_snapshot=False)
    assert first_of(b"nonsense", at, codec) == First(at, of_snapshot=False)
