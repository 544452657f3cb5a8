from __future__ import annotations

import pytest

from aegis.envelope import captured_table, change_of, stamp_of
from aegis.errors import Undecodable
from aegis.message import Message
from aegis.stamp import Rank, Stamp
from tests.support import debezium

OLD, NEW = debezium.row("policies", "P-1", 5, title="old"), debezium.row("policies", "P-1", 8, title="new")
MESSAGE = Message("aegis.public.policies", 3, 42, b"key", b"", {"traceparent": b"00-aa-bb-01"})


@pytest.mark.parametrize(
    ("operation", "before", "after", "stamp", "shown"),
    [
        ("c", None, NEW, Stamp(8, Rank.UPSERT), "new"),
        ("r", None, NEW, Stamp(8, Rank.UPSERT), "new"),
        ("u", OLD, NEW, Stamp(8, Rank.UPSERT), "new"),
        ("d", OLD, None, Stamp(5, Rank.DELETE), None),
    ],
)
def test_an_operation_makes_a_change(operation, before, after, stamp, shown) -> None:
    change = change_of(MESSAGE, debezium.envelope(operation, before, after))
    assert change is not None
    assert (change.table, change.key, change.stamp, change.before) == ("policies", "P-1", stamp, before)
    assert (None if change.after is None else change.after["title"]) == shown
    assert (change.key_bytes, change.trace, change.targets) == (b"key", "00-aa-bb-01", None)


def test_a_change_knows_its_place_in_both_logs() -> None:
    position = change_of(MESSAGE, debezium.envelope("c", None, NEW)).position
    assert str(position) == "aegis.public.policies[3]@42"
    assert (position.lsn, position.transaction_id, position.committed_at) == (4242, 700, debezium.COMMITTED_AT)


def test_an_incremental_snapshot_has_no_place_in_the_wal() -> None:
    record = debezium.envelope("r", None, NEW)
    record["source"] |= {"lsn": None, "txId": None, "ts_us": None}
    position = change_of(MESSAGE, record).position
    assert (position.lsn, position.transaction_id) == (None, None)
    assert position.committed_at == debezium.COMMITTED_AT.replace(microsecond=678000)


@pytest.mark.parametrize("operation", ["t", "m"])
def test_an_operation_without_a_row_makes_no_change(operation: str) -> None:
    assert stamp_of(debezium.envelope(operation, None, None)) is None
    assert change_of(MESSAGE, debezium.envelope(operation, None, None)) is None


@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [("x", OLD, NEW), ("d", None, None), ("u", OLD, None), ("c", None, NEW | {"version": None}), ("c", None, {}), ("c", None, NEW | {"policy_id": None})],
)
def test_an_envelope_without_its_row_version_or_key_is_undecodable(operation, before, after) -> None:
    with pytest.raises(Undecodable):
        change_of(MESSAGE, debezium.envelope(operation, before, after))


@pytest.mark.parametrize("topic", ["aegis.public.nothing", "policies", "aegis.corrections"])
def test_a_topic_of_no_captured_table_is_refused(topic: str) -> None:
    with pytest.raises(Undecodable, match="no captured table"):
        captured_table(topic)
