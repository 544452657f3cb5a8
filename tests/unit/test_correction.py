from __future__ import annotations

from dataclasses import replace

import pytest

from aegis.change import Change
from aegis.correction import CORRECTIONS_SUBJECT, correction_of, correction_record
from aegis.errors import Undecodable
from aegis.position import SourcePosition
from aegis.stamp import Rank, Stamp
from tests.support import debezium

CHANGE = Change(
    "policies",
    "P-1",
    Stamp(8, Rank.COMPENSATION),
    None,
    {"policy_id": "P-1", "title": "제목", "tags": ["가", None], "interest_rate": "2.96"},
    SourcePosition("aegis.public.policies", 2, 77, 4242, 700, debezium.COMMITTED_AT),
    b"key",
    frozenset({"redis", "neo4j"}),
    "elasticsearch rejected it",
)


def test_a_correction_comes_back_as_it_was_published_but_for_its_place() -> None:
    message = debezium.correction(CHANGE, offset=5)
    change = correction_of(message, debezium.codec().decode(message.value))
    assert replace(change, position=CHANGE.position) == CHANGE
    assert (str(change.position), change.position.lsn, change.position.committed_at) == ("aegis.corrections[0]@5", 4242, debezium.COMMITTED_AT)


def test_no_targets_means_all_stores() -> None:
    message = debezium.correction(replace(CHANGE, targets=None))
    change = correction_of(message, debezium.codec().decode(message.value))
    assert change.targets is None
    assert change.concerns("milvus")


@pytest.mark.parametrize("broken", [{"table": "nothing"}, {"before": "[1]"}, {"after": "{"}, {"version": 0}], ids=["table", "image", "json", "version"])
def test_a_correction_that_names_nothing_is_undecodable(broken: dict[str, object]) -> None:
    record = correction_record(CHANGE, debezium.COMMITTED_AT) | broken
    decoded = debezium.codec().decode(debezium.encoder(CORRECTIONS_SUBJECT).encode(record))
    with pytest.raises(Undecodable):
        correction_of(debezium.correction(CHANGE), decoded)
