from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aegis.claim import claim_of
from aegis.cli.observing.side_by_side import Fault
from aegis.cli.tracing import Arrival, arrival, shown_in, way
from aegis.position import SourcePosition, lsn_text
from aegis.record import StoredRecord
from aegis.stamp import Rank, Stamp
from tests.support import debezium

COMMITTED = datetime(2026, 11, 21, 3, 0, 0, tzinfo=UTC)
PLACE = ("aegis.public.policies", 3, 7)


def stored(version: int, rank: Rank = Rank.UPSERT, content: dict[str, Any] | None = None, applied_after: float = 0.05) -> StoredRecord:
    position = SourcePosition(*PLACE, lsn=0x1_0000_00AB, transaction_id=9, committed_at=COMMITTED)
    return StoredRecord("policies", "p", Stamp(version, rank), content, position, COMMITTED + timedelta(seconds=applied_after), claim_of("p", version))


SHOWN = {"title": "t"}


@pytest.mark.parametrize(
    ("version", "found", "expected"),
    [
        (5, stored(5, content=SHOWN), Arrival.CURRENT),
        (5, stored(5, Rank.REPAIR, SHOWN), Arrival.CURRENT),
        (5, stored(5, Rank.COMPENSATION, SHOWN), Arrival.COMPENSATED),
        (5, stored(4, content=SHOWN), Arrival.WAITING),
        (5, stored(4, Rank.DELETE), Arrival.WAITING),
        (5, None, Arrival.WAITING),
        (5, stored(6, content=SHOWN), Arrival.AHEAD),
        (5, stored(5, Rank.DELETE), Arrival.AHEAD),
        (None, stored(5, Rank.DELETE), Arrival.DELETED),
        (None, stored(5, Rank.DELETE, SHOWN), Arrival.WAITING),
        (None, None, Arrival.DELETED),
        (None, stored(5, content=SHOWN), Arrival.WAITING),
        (None, stored(5), Arrival.WAITING),
        (5, Fault("connection refused"), Arrival.UNKNOWN),
        (None, Fault("connection refused"), Arrival.UNKNOWN),
    ],
)
def test_where_a_store_stands_follows_from_the_rows_version_and_its_stamp(version: int | None, found: Any, expected: Arrival):
    assert arrival(version, found, shown=version is not None) is expected


@pytest.mark.parametrize("rank", [Rank.UPSERT, Rank.REPAIR])
@pytest.mark.parametrize(
    ("shown", "content", "expected"),
    [
        (False, None, Arrival.WITHDRAWN),
        (False, SHOWN, Arrival.WAITING),  # Milvus writes the tombstone first, then takes the record away
        (True, None, Arrival.WAITING),
        (None, None, Arrival.WITHDRAWN),
        (None, SHOWN, Arrival.CURRENT),
    ],
)
def test_a_record_of_the_rows_version_has_arrived_where_readers_see_what_they_shall(rank: Rank, shown: bool | None, content: Any, expected: Arrival):
    assert arrival(5, stored(5, rank, content), shown) is expected


def test_what_a_store_shall_show_follows_from_the_projection_of_the_row():
    row = debezium.row("policies", "p", 5)
    assert shown_in("policies", row) == dict.fromkeys(("milvus", "neo4j", "elasticsearch", "redis"), True)
    assert shown_in("policies", row | {"status": "rejected"}) == dict.fromkeys(("milvus", "neo4j", "elasticsearch", "redis"), False)
    assert shown_in("users", None) == {"neo4j": False, "redis": False}
    assert shown_in("users", debezium.row("users", "u", 5, created_at=None)) == {"neo4j": None, "redis": None}


def _way(stores: dict[str, Any], version: int | None = 5, letters: tuple[dict[str, Any], ...] = ()) -> Any:
    row = None if version is None else {"version": version, "updated_at": COMMITTED}
    return way("policies", "p", row, dict.fromkeys(stores, row is not None), stores, published={PLACE: COMMITTED + timedelta(seconds=0.02)}, letters=letters)


def test_delays_are_taken_from_commit_to_log_to_store():
    (step,) = _way({"redis": stored(5, content=SHOWN)}).steps
    assert (step.commit_to_log, step.log_to_store, step.total) == pytest.approx((0.02, 0.03, 0.05))


def test_delays_are_unknown_where_the_log_has_expired():
    found = way("policies", "p", None, {"redis": False}, {"redis": stored(5)}, published={}, letters=())
    assert (found.steps[0].commit_to_log, found.steps[0].log_to_store) == (None, None)
    assert found.steps[0].total == pytest.approx(0.05)


def test_a_way_is_settled_once_every_store_says_what_postgresql_says():
    assert _way({"redis": stored(5, content=SHOWN), "neo4j": stored(5, Rank.COMPENSATION)}).settled
    assert not _way({"redis": stored(5, content=SHOWN), "neo4j": stored(4, content=SHOWN)}).settled
    assert not _way({"redis": stored(5, content=SHOWN), "neo4j": Fault("down")}).settled


def test_a_key_that_nobody_ever_heard_of_is_not_known():
    assert not _way({"redis": None, "neo4j": None}, None).known
    assert _way({"redis": stored(5, Rank.DELETE), "neo4j": None}, None).known


def test_stores_that_hold_the_key_are_named():
    letters = ({"store": "neo4j", "held": True}, {"store": "neo4j", "held": True}, {"store": "redis", "held": False})
    assert _way({"redis": None}, letters=letters).held_by == ("neo4j",)


def test_an_lsn_is_shown_in_postgresqls_own_form():
    assert (lsn_text(0x1_0000_00AB), lsn_text(None)) == ("1/AB", "")
