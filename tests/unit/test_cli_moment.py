from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from aegis.cli.moment import MOMENT


@pytest.mark.parametrize(
    ("text", "ago"), [("30s", timedelta(seconds=30)), ("2h", timedelta(hours=2)), (" 3d ", timedelta(days=3)), ("1d12h", timedelta(hours=36))]
)
def test_a_moment_is_told_by_how_long_ago_it_was(text: str, ago: timedelta):
    before = datetime.now(UTC) - ago
    assert before <= MOMENT.convert(text, None, None) <= datetime.now(UTC) - ago


def test_a_moment_is_told_in_iso_8601_in_seoul_where_no_zone_is_given():
    assert MOMENT.convert("2026-11-21T06:00:00+09:00", None, None) == datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert MOMENT.convert("2026-11-21", None, None) == datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "2 h", "h", "2026-13-01", ""])
def test_what_is_no_moment_is_refused_with_an_example(text: str):
    with pytest.raises(click.BadParameter, match=r"ISO 8601 .* 2h"):
        MOMENT.convert(text, None, None)
