"""From where a replay reads, as people say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from batch.whence import At, Since, UnknownPlace, at, since

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 1w ", timedelta(days=7)),
    ],
)
def test_a_relative_time_is_so_long_ago(text: str, ago: timedelta) -> None:
    assert since(text, NOW) == Since(NOW - ago)


@pytest.mark.parametrize(
    ("text", "moment", "assumed"),
    [
        ("2026-11-21T03:00:00Z", datetime(2026, 11, 21, 3, 0, tzinfo=UTC), False),
        ("2026-11-21T03:00:00+09:00", datetime(2026, 11, 20, 18, 0, tzinfo=UTC), False),
        ("2026-11-21T03:00", datetime(2026, 11, 20, 18, 0, tzinfo=UTC), True),
        ("2026-11-21", datetime(2026, 11, 20, 15, 0, tzinfo=UTC), True),
    ],
)
def test_a_time_without_a_zone_is_koreas_and_says_so(text: str, moment: datetime, assumed: bool) -> None:
    found = since(text, NOW)
    assert (found.moment, found.assumed_zone) == (moment, assumed)
    assert ("Asia/Seoul" in str(found)) is assumed


@pytest.mark.parametrize("text", ["", "yesterday", "2 h", "h", "-2h", "2026-13-01", "2026-11-21T06:00:01Z", "2026-11-21T15:00:01", "9999999999w"])
def test_what_is_no_time_of_the_past_is_refused(text: str) -> None:
    with pytest.raises(UnknownPlace, match=r"is no time|lies in the future|before all time"):
        since(text, NOW)


def test_offsets_are_read_by_partition() -> None:
    assert at("t", ["3:1200", " 0:0 "]) == At("t", {3: 1200, 0: 0})


@pytest.mark.parametrize(
    ("texts", "reason"), [(["3"], "is no offset"), (["3:-1"], "is no offset"), (["a:1"], "is no offset"), (["1:5", "1:6"], "partition 1 is named twice")]
)
def test_what_is_no_offset_is_refused(texts: list[str], reason: str) -> None:
    with pytest.raises(UnknownPlace, match=reason):
        at("t", texts)
