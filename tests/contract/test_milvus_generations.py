"""Building Milvus' collections anew beside those in use, and switching to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from pymilvus import MilvusClient

from aegis.errors import AegisError, Code, StoreUnavailable
from aegis.record import APPLIED, STALE
from aegis.settings import settings
from aegis.stores.milvus import MilvusStore, generations
from aegis.stores.milvus_generations import MilvusGenerations
from aegis.stores.protocol import Count
from tests.contract.open_milvus import HashEmbedder, open_milvus, vector_shapes
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack
NAME, TOMBSTONES = "policy_embeddings", "policy_embeddings_tombstones"


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}_"


@pytest.fixture
def own(prefix: str) -> Iterator[Opened]:
    with open_milvus(prefix.removesuffix("_")) as opened:
        yield opened


@pytest.fixture
def of(own: Opened, prefix: str) -> Iterator[MilvusGenerations]:
    found = generations(settings().milvus_uri, vector_shapes(), HashEmbedder(), collection_prefix=prefix)
    yield found
    found.close()


@pytest.fixture
def built(own: Opened, prefix: str) -> Iterator[MilvusStore]:
    store = MilvusStore(settings().milvus_uri, vector_shapes(), HashEmbedder(), collection_prefix=prefix, building=True)
    yield store
    store.close()


@pytest.fixture
def reader() -> Iterator[MilvusClient]:
    client = MilvusClient(settings().milvus_uri, timeout=60, dedicated=True)
    yield client
    client.close()


@pytest.fixture
def collections(reader: MilvusClient, prefix: str) -> Callable[[], set[str]]:
    """What is there under the prefix, without it."""
    return lambda: {name.removeprefix(prefix) for name in reader.list_collections() if name.startswith(prefix)}


def both(number: int) -> set[str]:
    """The collections of a generation."""
    return {f"{NAME}_v{number}", f"{TOMBSTONES}_v{number}"}


def versions(store: MilvusStore | Opened) -> dict[str, int]:
    """Key → version, of everything that is stored."""
    held = store.store.scan("policies") if isinstance(store, Opened) else store.scan("policies")
    return {one.key: one.stamp.version for one in held}


def test_what_is_built_and_what_is_in_use_do_not_touch_each_other(
    own: Opened, of: MilvusGenerations, built: MilvusStore, collections: Callable[[], set[str]]
) -> None:
    own.store.apply([upsert(own, "P-1", 9), tombstone("P-2", 9)])
    of.build()
    assert collections() == both(1) | both(2)
    assert (built.count("policies"), versions(built)) == (Count(0, 0), {})
    built.prepare()

    assert built.apply([upsert(own, "P-1", 3), upsert(own, "P-3", 4)]) == [APPLIED, APPLIED]
    assert built.apply([upsert(own, "P-1", 2)]) == [STALE]
    assert (built.vectors.embedded, built.vectors.reused) == (1, 1), "equal texts of the batch share a vector; none comes from the generation in use"
    own.store.apply([upsert(own, "P-4", 12)])
    own.store.prepare()
    assert versions(own) == {"P-1": 9, "P-2": 9, "P-4": 12}
    assert versions(built) == {"P-1": 3, "P-3": 4}
    assert (own.store.sums("policies").records, built.sums("policies").records) == (2, 2)
    assert [own.readers_see("policies", key) for key in ("P-1", "P-3", "P-4")] == [True, False, True]
    assert built.forget("policies", {"P-1": 12}) == 1
    assert set(own.store.inspect("policies", ["P-1"])) == {"P-1"}


def test_after_the_switch_readers_and_stores_opened_before_it_have_the_new_generation(
    own: Opened, of: MilvusGenerations, built: MilvusStore, collections: Callable[[], set[str]]
) -> None:
    own.store.apply([upsert(own, "P-1", 9)])
    of.build()
    built.apply([upsert(own, "P-2", 3), tombstone("P-3", 4)])
    of.switch()
    assert collections() == both(2)
    assert [own.readers_see("policies", key) for key in ("P-1", "P-2", "P-3")] == [False, True, False]
    assert own.store.apply([upsert(own, "P-1", 5), upsert(own, "P-2", 2)]) == [APPLIED, STALE]
    assert versions(own) == {"P-1": 5, "P-2": 3, "P-3": 4}
    own.store.prepare()
    assert collections() == both(2)
    assert own.again().count("policies") == Count(visible=2, tombstones=1)


def test_generations_follow_each_other(own: Opened, of: MilvusGenerations, built: MilvusStore, collections: Callable[[], set[str]]) -> None:
    for number in (2, 3):
        of.build()
        built.apply([upsert(own, f"P-{number}", number)])
        of.switch()
        assert collections() == both(number)
        assert versions(own) == {f"P-{number}": number}


def test_what_was_left_half_built_is_removed_by_building_again_and_by_abandoning(
    own: Opened, of: MilvusGenerations, built: MilvusStore, collections: Callable[[], set[str]]
) -> None:
    own.store.apply([upsert(own, "P-1", 9)])
    of.build()
    built.apply([upsert(own, "P-2", 3)])
    of.build()
    assert built.count("policies") == Count(0, 0)
    for _ in range(2):
        of.abandon()
    assert collections() == both(1)
    assert own.readers_see("policies", "P-1")


def test_a_collection_of_before_generations_stays_in_use_until_a_switch(prefix: str, reader: MilvusClient, collections: Callable[[], set[str]]) -> None:
    with open_milvus(prefix.removesuffix("_")) as own:
        own.store.apply([upsert(own, "P-1", 9), tombstone("P-2", 9)])
        for name in (NAME, TOMBSTONES):
            reader.drop_alias(prefix + name)
            reader.rename_collection(f"{prefix}{name}_v1", prefix + name)
        own.store.prepare()
        assert collections() == {NAME, TOMBSTONES}
        assert own.store.apply([upsert(own, "P-3", 10)]) == [APPLIED]
        assert versions(own) == {"P-1": 9, "P-2": 9, "P-3": 10}
        of = generations(settings().milvus_uri, vector_shapes(), HashEmbedder(), collection_prefix=prefix)
        built = MilvusStore(settings().milvus_uri, vector_shapes(), HashEmbedder(), collection_prefix=prefix, building=True)
        of.build()
        built.apply([upsert(own, "P-1", 11)])
        assert versions(own) == {"P-1": 9, "P-2": 9, "P-3": 10}
        of.switch()
        assert collections() == both(1)
        assert (versions(own), own.readers_see("policies", "P-3")) == ({"P-1": 11}, False)
        of.close()
        built.close()


def test_a_switch_that_died_between_its_steps_leaves_a_store_that_works(
    own: Opened, of: MilvusGenerations, built: MilvusStore, monkeypatch: pytest.MonkeyPatch, collections: Callable[[], set[str]]
) -> None:
    """GIVEN a built generation, WHEN the switch dies after the readers' alias, THEN stamps still hold, and clearing up keeps what is in use."""
    own.store.apply([tombstone("P-1", 9)])
    of.build()
    built.apply([upsert(own, "P-2", 3), tombstone("P-1", 9)])

    def dies(name: str, collection: str) -> None:
        if name.endswith("_tombstones"):
            raise StoreUnavailable(Code.MILVUS_SYNC_FAILED, "killed by the test")
        give(name, collection)

    give = of._give
    with monkeypatch.context() as patched:
        patched.setattr(of, "_give", dies)
        with pytest.raises(StoreUnavailable):
            of.switch()
    of.abandon()
    assert collections() == {f"{NAME}_v2", f"{TOMBSTONES}_v1"}
    assert own.store.apply([upsert(own, "P-1", 8), upsert(own, "P-2", 2)]) == [STALE, STALE]
    assert versions(own) == {"P-1": 9, "P-2": 3}
    of.build()
    of.switch()
    assert collections() == {f"{NAME}_v3", f"{TOMBSTONES}_v2"}


def test_a_take_over_that_died_before_the_alias_is_ended_by_the_next_start(
    own: Opened, of: MilvusGenerations, reader: MilvusClient, prefix: str, collections: Callable[[], set[str]]
) -> None:
    own.store.apply([upsert(own, "P-1", 9)])
    of.build()
    for name in (NAME, TOMBSTONES):
        reader.drop_alias(prefix + name)
    own.store.prepare()
    of.abandon()
    assert collections() == both(1)
    assert own.readers_see("policies", "P-1")


def test_nothing_is_switched_where_nothing_was_built(own: Opened, of: MilvusGenerations, built: MilvusStore) -> None:
    with pytest.raises(ValueError, match="build it first"):
        of.switch()
    with pytest.raises(AegisError, match="begin the rebuild again") as caught:
        built.prepare()
    assert not isinstance(caught.value, StoreUnavailable)
    assert own.store.apply([upsert(own, "P-1", 9)]) == [APPLIED]
