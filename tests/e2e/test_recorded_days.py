"""gov24's recorded change days through the whole stack: portal → collector → PostgreSQL → Debezium → Kafka → stream apps → four stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from aegis.embedding.factory import open_embedder
from aegis.settings import Settings
from tests.e2e.portal_days import UNCHANGED, PortalDays, forget, portal_days
from tests.support.equality import assert_equal_everywhere
from tests.support.servers import REPOSITORY
from tests.support.vectors import wrong_vectors

DATA = REPOSITORY.parent / "shared" / "data"
ARRIVAL_SECONDS = 180
SAMPLE = 40

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "gov24").is_dir(), reason=f"no recorded records at {DATA}"),
]


@pytest.fixture
def recorded(stack: Settings) -> Iterator[PortalDays]:
    with portal_days(stack, DATA) as days:
        yield days


def test_after_every_recorded_day_all_four_stores_equal_postgresql(stack: Settings, recorded: PortalDays):
    first = recorded.collect(recorded.days[0] - timedelta(days=1))
    assert first.new >= UNCHANGED
    assert first.error is None
    changed = archived = 0
    for day in recorded.days:
        summary = recorded.collect(day)
        assert (summary.error, summary.withheld) == (None, None)
        changed += summary.changed + summary.new
        archived += summary.archived
    assert changed >= 300
    assert archived >= 10

    assert_equal_everywhere(stack, seconds=ARRIVAL_SECONDS)
    keys = recorded.keys()
    shown = {key for key, status in keys.items() if status == "pending_validation"}
    assert len(shown) == recorded.listed()
    embedder = open_embedder(stack.embedding_backend, stack.embedding_model_dir)
    assert wrong_vectors(stack, embedder, sorted(shown)[:SAMPLE]) == []

    forget(stack)
    assert_equal_everywhere(stack, seconds=ARRIVAL_SECONDS)
