"""What a replay will read, and what the log no longer has of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from batch.kafka_log import kept_since
from batch.reach import Partition, chart
from batch.whence import At, Beginning, Since, UnknownPlace

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACE = ("t", 0)
EMPTY = Partition(PLACE, 0, 0)
WHOLE = Partition(PLACE, 0, 100, NOW - 5 * HOUR)
CUT = Partition(PLACE, 40, 100, NOW - 5 * HOUR, NOW - 7 * HOUR)
EXPIRED = Partition(PLACE, 100, 100, None, NOW - 7 * HOUR)
BY_SIZE = Partition(PLACE, 40, 100, NOW - 5 * HOUR, None)


@pytest.mark.parametrize(
    ("whence", "partition", "committed", "at_moment", "start"),
    [
        (Beginning(), WHOLE, 100, None, 0),
        (Beginning(), CUT, 100, None, 40),
        (Beginning(), EMPTY, None, None, 0),
        (Since(NOW - HOUR), WHOLE, 100, 70, 70),
        (Since(NOW - HOUR), WHOLE, 30, 70, 30),  # it would skip what it never applied
        (Since(NOW - HOUR), WHOLE, None, 70, 0),  # a group without a commit has applied nothing
        (Since(NOW - HOUR), WHOLE, 100, None, 100),
        (At("t", {0: 70}), WHOLE, 100, None, 70),
        (At("t", {0: 70}), WHOLE, 30, None, 30),
        (At("t", {0: 10}), CUT, 100, None, 40),
        (Since(NOW - HOUR), WHOLE, 5000, 70, 70),
        (At("t", {0: 100}), WHOLE, 5000, None, 100),  # the topic was made anew: beyond the end a worker would wait in silence
        (At("t", {0: 70}), CUT, 10, None, 40),
    ],
)
def test_a_group_is_moved_back_never_ahead_and_never_outside_of_the_log(whence, partition, committed, at_moment, start) -> None:
    course = chart(whence, [partition], {} if committed is None else {PLACE: committed}, {} if at_moment is None else {PLACE: at_moment})
    assert course.starts == {PLACE: start}
    assert course.ends == {PLACE: partition.end}
    assert course.messages == partition.end - start


@pytest.mark.parametrize(
    ("whence", "partition", "missing"),
    [
        (Beginning(), WHOLE, ""),
        (Beginning(), EMPTY, ""),
        (Beginning(), CUT, "t partition 0: offsets 0 to 39 are gone"),
        (Beginning(), EXPIRED, "t partition 0: offsets 0 to 99 are gone"),
        (Since(NOW - 9 * HOUR), WHOLE, ""),
        (Since(NOW - 4 * HOUR), BY_SIZE, ""),
        (Since(NOW - 6 * HOUR), BY_SIZE, "t partition 0: the earliest kept message is of 2026-11-21T01:00:00+00:00, and 40 before it are gone"),
        (Since(NOW - 6 * HOUR), CUT, ""),  # younger than what retention takes away
        (Since(NOW - 8 * HOUR), CUT, "t partition 0: the earliest kept message is of 2026-11-21T01:00:00+00:00, and 40 before it are gone"),
        (Since(NOW - 6 * HOUR), EXPIRED, ""),
        (Since(NOW - 8 * HOUR), EXPIRED, "t partition 0: nothing is kept, and 100 before it are gone"),
        (At("t", {0: 40}), CUT, ""),
        (At("t", {0: 39}), CUT, "t partition 0: offsets 39 to 39 are gone"),
    ],
)
def test_what_the_log_no_longer_has_is_said(whence, partition, missing) -> None:
    assert chart(whence, [partition], {}, {}).gaps == ([missing] if missing else [])


def test_offsets_leave_other_partitions_and_topics_alone() -> None:
    partitions = [Partition((topic, number), 0, 10) for topic in ("t", "u") for number in range(3)]
    committed = {partition.place: 10 for partition in partitions}
    assert chart(At("t", {1: 4, 2: 10}), partitions, committed, {}).starts == {("t", 1): 4, ("t", 2): 10}


@pytest.mark.parametrize(
    ("offsets", "reason"), [({7: 0}, "t has no partition 7; there are 0"), ({0: 101}, "offset 101 lies beyond the end of t partition 0, which is 100")]
)
def test_an_offset_that_no_message_can_have_is_refused(offsets: dict[int, int], reason: str) -> None:
    with pytest.raises(UnknownPlace, match=reason):
        chart(At("t", offsets), [WHOLE], {}, {})


def test_progress_counts_what_lies_between_the_start_and_the_end_of_each_partition() -> None:
    course = chart(Beginning(), [Partition(("t", number), 10, 30) for number in range(4)], {("t", number): 30 for number in range(4)}, {})
    assert course.done({("t", 0): 10, ("t", 1): 25, ("t", 2): 99}) == 15 + 20
    assert course.done({}) == 0


@pytest.mark.parametrize(
    ("configuration", "kept"),
    [
        ({"cleanup.policy": "delete", "retention.bytes": "-1", "retention.ms": "3600000"}, NOW - HOUR),
        ({"cleanup.policy": "delete", "retention.bytes": "1000", "retention.ms": "3600000"}, None),
        ({"cleanup.policy": "compact", "retention.bytes": "-1", "retention.ms": "3600000"}, None),
        ({"cleanup.policy": "delete", "retention.bytes": "-1", "retention.ms": "-1"}, datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_only_retention_by_time_alone_says_what_is_still_kept(configuration: dict[str, str], kept: datetime | None) -> None:
    assert kept_since(configuration, NOW) == kept
