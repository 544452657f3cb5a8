"""Building Elasticsearch's indices anew beside those in use, and switching to them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from aegis.errors import AegisError, StoreUnavailable
from aegis.record import APPLIED, STALE
from aegis.settings import settings
from aegis.stores.elasticsearch import ElasticsearchStore, generations
from aegis.stores.elasticsearch_calls import READ_RECORDS
from aegis.stores.elasticsearch_generations import ElasticsearchGenerations
from aegis.stores.opening import open_generations, open_store
from aegis.stores.protocol import Count
from tests.contract.open_elasticsearch import SHAPES, open_elasticsearch
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def own(prefix: str) -> Iterator[Opened]:
    with open_elasticsearch(prefix) as opened:
        yield opened


@pytest.fixture
def of(own: Opened, prefix: str) -> Iterator[ElasticsearchGenerations]:
    found = generations(settings().elasticsearch_url, SHAPES, prefix=f"{prefix}-")
    yield found
    found.close()


@pytest.fixture
def built(own: Opened, prefix: str) -> Iterator[ElasticsearchStore]:
    store = ElasticsearchStore(settings().elasticsearch_url, SHAPES, prefix=f"{prefix}-", building=True)
    yield store
    store.close()


@pytest.fixture
def reader() -> Iterator[Elasticsearch]:
    with Elasticsearch(settings().elasticsearch_url, request_timeout=20) as client:
        yield client


def indices(reader: Elasticsearch, prefix: str) -> set[str]:
    """The indices of both tables, without the prefix."""
    return {name.removeprefix(f"{prefix}-") for name in reader.indices.get(index=f"{prefix}-*")}


BOTH = {"policies", "business_rules"}


@pytest.mark.stack
def test_what_is_built_and_what_is_in_use_do_not_touch_each_other(
    own: Opened, of: ElasticsearchGenerations, built: ElasticsearchStore, reader: Elasticsearch, prefix: str
) -> None:
    own.store.apply([upsert(own, "P-1", 9), tombstone("P-2", 9)])
    of.build()
    assert indices(reader, prefix) == {f"{table}-{generation}" for table in BOTH for generation in ("v1", "v2")}
    assert (built.count("policies"), list(built.scan("policies"))) == (Count(0, 0), [])
    built.prepare()

    assert built.apply([upsert(own, "P-1", 3), upsert(own, "P-3", 4)]) == [APPLIED, APPLIED]
    assert built.apply([upsert(own, "P-1", 2)]) == [STALE]
    own.store.apply([upsert(own, "P-4", 12)])
    own.store.prepare()
    assert {held.key: held.stamp.version for held in own.store.scan("policies")} == {"P-1": 9, "P-2": 9, "P-4": 12}
    assert {held.key: held.stamp.version for held in built.scan("policies")} == {"P-1": 3, "P-3": 4}
    assert (own.store.sums("policies").records, built.sums("policies").records) == (2, 2)
    assert [own.readers_see("policies", key) for key in ("P-1", "P-3", "P-4")] == [True, False, True]
    assert built.forget("policies", {"P-1": 12}) == 1
    assert set(own.store.inspect("policies", ["P-1"])) == {"P-1"}


@pytest.mark.stack
def test_after_the_switch_readers_and_stores_opened_before_it_have_the_new_generation(
    own: Opened, of: ElasticsearchGenerations, built: ElasticsearchStore, reader: Elasticsearch, prefix: str
) -> None:
    own.store.apply([upsert(own, "P-1", 9)])
    of.build()
    built.apply([upsert(own, "P-2", 3), tombstone("P-3", 4)])
    of.switch()
    assert indices(reader, prefix) == {f"{table}-v2" for table in BOTH}
    assert [own.readers_see("policies", key) for key in ("P-1", "P-2", "P-3")] == [False, True, False]
    assert own.store.apply([upsert(own, "P-1", 5), upsert(own, "P-2", 2)]) == [APPLIED, STALE]
    assert {held.key: held.stamp.version for held in own.store.scan("policies")} == {"P-1": 5, "P-2": 3, "P-3": 4}
    assert own.readers_see("policies", "P-1")
    own.store.prepare()
    assert indices(reader, prefix) == {f"{table}-v2" for table in BOTH}
    assert own.again().count("policies") == Count(visible=2, tombstones=1)


@pytest.mark.stack
def test_generations_follow_each_other(own: Opened, of: ElasticsearchGenerations, built: ElasticsearchStore, reader: Elasticsearch, prefix: str) -> None:
    for number in (2, 3, 4):
        of.build()
        built.apply([upsert(own, f"P-{number}", number)])
        of.switch()
        assert indices(reader, prefix) == {f"{table}-v{number}" for table in BOTH}
        assert [held.key for held in own.store.scan("policies")] == [f"P-{number}"]


@pytest.mark.stack
def test_what_was_left_half_built_is_removed_by_building_again_and_by_abandoning(
    own: Opened, of: ElasticsearchGenerations, built: ElasticsearchStore, reader: Elasticsearch, prefix: str
) -> None:
    own.store.apply([upsert(own, "P-1", 9)])
    of.build()
    built.apply([upsert(own, "P-2", 3)])
    reader.indices.delete(index=f"{prefix}-business_rules-v2")
    of.build()
    assert built.count("policies") == Count(0, 0)
    for _ in range(2):
        of.abandon()
    assert indices(reader, prefix) == {f"{table}-v1" for table in BOTH}
    assert own.readers_see("policies", "P-1")


@pytest.mark.stack
def test_nothing_is_switched_where_a_table_was_not_built(own: Opened, of: ElasticsearchGenerations, reader: Elasticsearch, prefix: str) -> None:
    with pytest.raises(ValueError, match="build it first"):
        of.switch()
    of.build()
    reader.indices.delete(index=f"{prefix}-policies-v2")
    with pytest.raises(ValueError, match="policies"):
        of.switch()
    assert {f"{table}-v1" for table in BOTH} <= indices(reader, prefix)
    assert own.store.apply([upsert(own, "P-1", 9)]) == [APPLIED]


@pytest.mark.stack
def test_a_store_that_builds_says_so_when_nothing_is_being_built(own: Opened, of: ElasticsearchGenerations, built: ElasticsearchStore) -> None:
    for refused in (built.prepare, lambda: built.apply([upsert(own, "P-1", 1)])):
        with pytest.raises(AegisError, match="begin the rebuild again") as caught:
            refused()
        assert not isinstance(caught.value, StoreUnavailable)
    of.build()
    assert built.apply([upsert(own, "P-1", 1)]) == [APPLIED]


@pytest.mark.stack
def test_an_index_in_use_that_was_taken_away_is_made_again_beside_the_next_one(
    own: Opened, of: ElasticsearchGenerations, built: ElasticsearchStore, reader: Elasticsearch, prefix: str
) -> None:
    of.build()
    built.apply([upsert(own, "P-2", 3)])
    reader.indices.delete(index=f"{prefix}-policies-v1")
    own.store.prepare()
    assert own.store.apply([upsert(own, "P-1", 1)]) == [APPLIED]
    assert [held.key for held in built.scan("policies")] == ["P-2"]
    of.switch()
    assert [held.key for held in own.store.scan("policies")] == ["P-2"]


@pytest.mark.stack
def test_a_scan_whose_index_is_switched_away_says_that_it_may_be_repeated(own: Opened, of: ElasticsearchGenerations) -> None:
    own.store.apply([upsert(own, f"P-{n}", n + 1) for n in range(READ_RECORDS + 1)])
    scan = own.store.scan("policies")
    next(scan)
    of.build()
    of.switch()
    with pytest.raises(StoreUnavailable):
        list(scan)
    assert list(own.store.scan("policies")) == []


@pytest.mark.stack
@pytest.mark.parametrize("change", ["forget", "restore"])
def test_forgetting_and_putting_back_make_an_index_again_that_was_taken_away_and_reading_does_not(
    own: Opened, reader: Elasticsearch, prefix: str, change: str
) -> None:
    own.store.apply([upsert(own, "P-1", 1)])
    images = own.store.images("policies", ["P-1"])
    reader.indices.delete(index=f"{prefix}-policies-v1")
    for read in (own.store.sums, own.store.count, lambda table: own.store.inspect(table, ["P-1"]), lambda table: list(own.store.scan(table))):
        with pytest.raises(StoreUnavailable, match="is gone"):
            read("policies")
    assert indices(reader, prefix) == {"business_rules-v1"}

    call = {"forget": lambda: own.store.forget("policies", {"P-1": 4}), "restore": lambda: own.store.restore("policies", images)}[change]
    with pytest.raises(StoreUnavailable, match="has been created empty"):
        call()
    assert call() == (0 if change == "forget" else 1)


@pytest.mark.stack
def test_an_image_that_the_mapping_no_longer_takes_is_left_out(own: Opened) -> None:
    own.store.apply([upsert(own, "P-1", 1)])
    images = dict(own.store.images("policies", ["P-1"]))
    images["P-2"] = {"version": 8, "source": {"unheard_of": 1}}
    own.store.forget("policies", {"P-1": 4})
    assert own.store.restore("policies", images) == 1
    assert set(own.store.inspect("policies", ["P-1", "P-2"])) == {"P-1"}


@pytest.mark.stack
def test_an_index_from_before_the_second_alias_gets_it(own: Opened, reader: Elasticsearch, prefix: str) -> None:
    own.store.apply([upsert(own, "P-1", 1)])
    reader.indices.delete_alias(index=f"{prefix}-policies-v1", name=f"{prefix}-policies-records")
    own.store.prepare()
    assert own.store.apply([upsert(own, "P-1", 2)]) == [APPLIED]
    assert own.store.count("policies") == Count(visible=1, tombstones=0)


@pytest.mark.parametrize("name", ["neo4j", "redis"])
def test_a_store_without_generations_cannot_be_built_beside_itself(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has no generations"):
        open_store(name, settings(), building=True)
    with pytest.raises(ValueError, match=f"{name} has no generations"):
        open_generations(name, settings())
