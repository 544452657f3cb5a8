from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aegis.change import Change, Operation
from aegis.codec import Codec, Encoder
from aegis.correction import CORRECTIONS_SUBJECT, correction_of, correction_record
from aegis.errors import Undecodable
from aegis.position import SourcePosition
from aegis.registry import committed_schema
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


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"table": "nothing"}, "nothing, which is no captured table"),
        ({"before": "[1]"}, "image is list, not an object"),
        ({"after": "{"}, "policies P-1"),
        ({"version": 0}, "version 0 is outside"),
        ({"operation": "erase"}, "operation 'erase' is none of write, forget, restore"),
        ({"operation": "forget", "targets": []}, "operation forget names no target store"),
        ({"operation": "restore", "targets": [], "restored": "{}"}, "operation restore names no target store"),
        ({"operation": "restore"}, "operation restore without the image"),
    ],
)
def test_a_correction_that_names_nothing_is_undecodable(broken: dict[str, object], why: str) -> None:
    record = correction_record(CHANGE, debezium.COMMITTED_AT) | broken
    decoded = debezium.codec().decode(debezium.encoder(CORRECTIONS_SUBJECT).encode(record))
    with pytest.raises(Undecodable, match=why):
        correction_of(debezium.correction(CHANGE), decoded)


@pytest.mark.parametrize(
    "asked",
    [{"operation": Operation.FORGET, "expected": -(2**63)}, {"operation": Operation.RESTORE, "restored": '{"title":"제목"}'}],
    ids=["forget", "restore"],
)
def test_an_operation_comes_back_as_it_was_published(asked: dict[str, object]) -> None:
    change = replace(CHANGE, **asked)
    message = debezium.correction(change)
    assert replace(correction_of(message, debezium.codec().decode(message.value)), position=change.position) == change


def test_a_correction_of_before_the_cold_path_is_a_write() -> None:
    schema = json.loads(committed_schema(CORRECTIONS_SUBJECT))
    schema["fields"] = [field for field in schema["fields"] if field["name"] not in {"operation", "expected", "restored"}]
    record = {name: value for name, value in correction_record(CHANGE, debezium.COMMITTED_AT).items() if name not in {"operation", "expected", "restored"}}
    old = Codec(lambda _: json.dumps(schema)).decode(Encoder(1, json.dumps(schema)).encode(record))
    assert replace(correction_of(debezium.correction(CHANGE), old), position=CHANGE.position) == CHANGE
