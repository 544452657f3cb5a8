"""What people do to Elasticsearch's documents by hand, and what a comparison is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from aegis.claim import bucket_of
from aegis.inspection import ASTRAY, NO_STAMP, Listed, Sum
from aegis.record import APPLIED
from aegis.settings import settings
from tests.contract.mixed import recomputed, said
from tests.contract.open_elasticsearch import open_elasticsearch
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack
EVERYWHERE = range(ASTRAY, 4096)

Hand = Callable[[Elasticsearch, str], object]


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def own(prefix: str) -> Iterator[Opened]:
    with open_elasticsearch(prefix) as opened:
        yield opened


@pytest.fixture
def hand() -> Iterator[Elasticsearch]:
    with Elasticsearch(settings().elasticsearch_url, request_timeout=20) as client:
        yield client


def copied(hand: Elasticsearch, index: str) -> object:
    return hand.index(index=index, id="x", document=hand.get(index=index, id="P-1")["_source"])


BY_HAND: dict[str, tuple[Hand, bool]] = {
    "through-the-alias": (lambda hand, index: hand.index(index=index, id="x", document={"policy_id": "x", "title": "손"}), False),
    "into-the-index": (lambda hand, index: hand.index(index=f"{index}-v1", id="x", document={"policy_id": "x"}), False),
    "empty": (lambda hand, index: hand.index(index=index, id="x", document={}), False),
    "with-a-register-of-nothing": (lambda hand, index: hand.index(index=index, id="x", document={"aegis": None}), False),
    "with-half-a-register": (lambda hand, index: hand.index(index=index, id="x", document={"aegis": {"deleted": False, "stamp": 40}}), True),
    "with-no-number-for-a-stamp": (
        lambda hand, index: hand.index(index=index, id="x", document={"aegis": {"deleted": False, "stamp": [4, 8], "bucket": 1, "claim": 1}}),
        True,
    ),
    "with-a-bucket-that-is-none": (
        lambda hand, index: hand.index(index=index, id="x", document={"aegis": {"deleted": True, "stamp": 4, "bucket": 4096, "claim": 1}}),
        False,
    ),
    "as-a-copy-of-a-record": (copied, True),
}
"""How a document x comes into the index, and whether readers' alias shows it."""


@pytest.mark.parametrize(("put", "shown"), BY_HAND.values(), ids=BY_HAND)
def test_a_document_put_by_hand_is_seen_is_no_record_and_is_forgotten(own: Opened, hand: Elasticsearch, prefix: str, put: Hand, shown: bool) -> None:
    own.store.apply([upsert(own, "P-1", 7), tombstone("P-2", 8)])
    put(hand, f"{prefix}-policies")
    assert own.readers_see("policies", "x") is shown
    assert set(own.store.fetch("policies", ["P-1", "x"])) == {"P-1"}
    assert {held.key for held in own.store.scan("policies")} == {"P-1", "P-2"}
    assert own.store.count("policies").visible == 1 + shown

    found = Listed("x", NO_STAMP, visible=shown)
    assert own.store.inspect("policies", ["x"]) == {"x": found}
    assert found in list(own.store.listing("policies", EVERYWHERE))
    assert said(own.store.sums("policies")) != said(recomputed(own.store))
    assert own.store.forget("policies", dict.fromkeys(["P-1", "P-2", "x"], NO_STAMP)) == 1
    assert said(own.store.sums("policies")) == said(recomputed(own.store))
    assert own.store.apply([upsert(own, "x", 1)]) == [APPLIED]


def test_what_has_no_bookkeeping_is_summed_as_astray(own: Opened, hand: Elasticsearch, prefix: str) -> None:
    for n in range(3):
        hand.index(index=f"{prefix}-policies", id=f"x{n}", document={"aegis": {"deleted": False}} if n else {"title": "손"})
    assert own.store.sums("policies").buckets == {ASTRAY: Sum(3, 0, 2)}
    assert own.store.sums("policies").highest == NO_STAMP
    assert {one.key for one in own.store.listing("policies", [ASTRAY])} == {"x0", "x1", "x2"}


def test_a_copy_is_summed_and_listed_in_the_bucket_that_it_names(own: Opened, hand: Elasticsearch, prefix: str) -> None:
    own.store.apply([upsert(own, "P-1", 7)])
    copied(hand, f"{prefix}-policies")
    assert own.store.sums("policies").buckets[bucket_of("P-1")].records == 2
    assert {one.key for one in own.store.listing("policies", [bucket_of("P-1")])} == {"P-1", "x"}


@pytest.mark.parametrize("way", ["updated", "written-without-a-version", "emptied"])
def test_a_record_changed_by_hand_has_no_stamp_until_it_is_forgotten_and_written_again(own: Opened, hand: Elasticsearch, prefix: str, way: str) -> None:
    index, record = f"{prefix}-policies", upsert(own, "P-1", 7)
    own.store.apply([record])
    source: dict[str, Any] = dict(hand.get(index=index, id="P-1")["_source"])
    if way == "updated":
        hand.update(index=index, id="P-1", doc={"title": "손으로 고친 제목"})
    else:
        hand.index(index=index, id="P-1", document={**source, "title": "손으로 고친 제목"} if way == "written-without-a-version" else {"title": "손"})

    found = Listed("P-1", NO_STAMP, visible=way != "emptied")
    assert own.store.inspect("policies", ["P-1"]) == {"P-1": found}
    assert list(own.store.listing("policies", EVERYWHERE)) == [found]
    assert dict(own.store.fetch("policies", ["P-1"])) == {}
    assert own.store.forget("policies", {"P-1": record.stamp.packed}) == 0
    assert own.store.forget("policies", {"P-1": NO_STAMP}) == 1
    assert own.store.apply([record]) == [APPLIED]
    assert own.store.fetch("policies", ["P-1"])["P-1"].content == record.content


def test_a_poison_record_over_a_document_put_by_hand_is_rejected_and_not_called_stale(own: Opened, hand: Elasticsearch, prefix: str) -> None:
    hand.index(index=f"{prefix}-policies", id="P-1", document={"title": "손"})
    assert own.store.apply([own.poison(upsert(own, "P-1", 1))])[0].reason is not None


def test_tombstones_from_before_the_field_rank_are_summed_as_any_other_once_the_store_is_prepared(own: Opened, hand: Elasticsearch, prefix: str) -> None:
    index, records = f"{prefix}-policies-v1", [tombstone("P-1", 7), tombstone("P-2", 9), upsert(own, "P-3", 11)]
    own.store.apply(records)
    for record in records:
        source = hand.get(index=index, id=record.key)["_source"]
        del source["aegis"]["rank"]
        hand.index(index=index, id=record.key, document=source, version=record.stamp.packed, version_type="external_gte")
    own.store.apply([upsert(own, "P-2", 10)])
    own.store.prepare()
    assert said(own.store.sums("policies")) == said(recomputed(own.store))
    assert {held.key: held.stamp.packed for held in own.store.scan("policies")} == {"P-1": 31, "P-2": 40, "P-3": 44}
