"""What only a vector store can show: embeddings made once, filters, two collections that a crash may leave apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from pymilvus import MilvusClient

from aegis.embedding.protocol import Vectors
from aegis.errors import Code, StoreUnavailable
from aegis.record import APPLIED, Verdict
from aegis.settings import settings
from aegis.stamp import Rank, Stamp
from aegis.stores import milvus_calls
from aegis.stores.milvus import MilvusStore
from aegis.stores.milvus_schema import OtherCollection
from aegis.stores.protocol import Count
from tests.contract.open_milvus import HashEmbedder, open_milvus, open_store, vector_shapes
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert

pytestmark = pytest.mark.stack


@pytest.fixture
def unique() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def opened(unique: str) -> Iterator[Opened]:
    with open_milvus(unique) as made:
        yield made


@pytest.fixture
def store(opened: Opened) -> MilvusStore:
    assert isinstance(opened.store, MilvusStore)
    return opened.store


@pytest.fixture
def reader() -> Iterator[MilvusClient]:
    client = MilvusClient(settings().milvus_uri, timeout=60, dedicated=True)
    yield client
    client.close()


class OtherModel(HashEmbedder):
    """The same vectors under another name."""

    model = "another-model"

    def embed(self, texts: Sequence[str]) -> Vectors:
        return super().embed(texts)


def test_unchanged_text_is_never_embedded_again(opened: Opened, store: MilvusStore) -> None:
    store.apply([upsert(opened, f"P-{n}", n + 1, title=f"제목 {n}") for n in range(10)])
    assert (store.vectors.embedded, store.vectors.reused) == (10, 0)
    store.apply([upsert(opened, f"P-{n}", n + 101, title=f"제목 {n}", category="바뀐 분야") for n in range(10)])
    assert (store.vectors.embedded, store.vectors.reused) == (10, 10)
    assert store.apply([upsert(opened, "P-1", 2, title="옛 제목")])[0].verdict is Verdict.STALE
    assert store.vectors.embedded == 10
    store.apply([upsert(opened, "P-1", 200, title="새 제목"), upsert(opened, "P-2", 201, title="새 제목")])
    assert (store.vectors.embedded, store.vectors.reused) == (11, 11)


def test_a_reused_vector_is_the_vector_of_the_text(opened: Opened, store: MilvusStore, reader: MilvusClient, unique: str) -> None:
    for version, category in ((1, "금융"), (2, "기술")):
        record = upsert(opened, "P-1", version, category=category)
        store.apply([record])
    assert record.content is not None
    row = reader.get(f"{unique}_policy_embeddings", ["P-1"], output_fields=["embedding", "category"], consistency_level="Strong")[0]
    assert row["category"] == "기술"
    assert row["embedding"] == pytest.approx(HashEmbedder().embed([record.content["text"]])[0].tolist(), abs=1e-6)


def test_vectors_of_another_model_never_enter_the_collection(opened: Opened, store: MilvusStore, unique: str) -> None:
    store.apply([upsert(opened, "P-1", 1)])
    other = MilvusStore(settings().milvus_uri, vector_shapes(), OtherModel(), timeout=15, collection_prefix=f"{unique}_")
    try:
        with pytest.raises(OtherCollection, match=r"hash-of-text.+another-model.+drop"):
            other.prepare()
    finally:
        other.close()


def test_searches_are_filtered_by_scalar_fields_and_by_what_arrays_contain(opened: Opened, store: MilvusStore, reader: MilvusClient, unique: str) -> None:
    regions = {"P-1": ["11", "41"], "P-2": ["26"], "P-3": [], "P-4": ["26", "11"]}
    store.apply([upsert(opened, key, n + 1, title=key, target_regions=of, funding_amount_max=n * 1_000) for n, (key, of) in enumerate(regions.items())])
    store.apply([tombstone("P-4", 4)])
    query = HashEmbedder().embed(["아무 글"]).tolist()

    def found(condition: str) -> set[str]:
        hits = reader.search(f"{unique}_policy_embeddings", query, filter=condition, limit=10, output_fields=["title"], consistency_level="Strong")
        return {hit["entity"]["title"] for hit in hits[0]}

    assert found("") == {"P-1", "P-2", "P-3"}
    assert found('ARRAY_CONTAINS(target_regions, "26")') == {"P-2"}
    assert found('ARRAY_CONTAINS_ANY(target_regions, ["41", "26"])') == {"P-1", "P-2"}
    assert found('is_active == true and funding_amount_max >= 1000 and category == "금융"') == {"P-2", "P-3"}


def test_too_many_items_are_rejected_by_field_instead_of_being_cut(opened: Opened, store: MilvusStore) -> None:
    record, poison = upsert(opened, "P-1", 1), upsert(opened, "P-2", 2, target_industries=[f"{n:03}" for n in range(129)])
    outcomes = store.apply([record, poison])
    assert outcomes[0] == APPLIED
    assert outcomes[1].reason is not None
    assert outcomes[1].reason.code is Code.MILVUS_SYNC_FAILED
    assert "policies P-2: field target_industries: 129 items" in outcomes[1].reason.message


def test_a_key_that_is_too_long_is_rejected(opened: Opened, store: MilvusStore) -> None:
    outcomes = store.apply([upsert(opened, "긴" * 171, 1), upsert(opened, "P-1", 2)])
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REJECTED, Verdict.APPLIED]


def test_a_crash_between_tombstone_and_delete_is_seen_and_converges_at_redelivery(opened: Opened, store: MilvusStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a stored policy, WHEN the worker dies after its tombstone is written, THEN a comparison sees that, and the redelivered delete ends it."""

    def dies(*_: object) -> None:
        raise StoreUnavailable(Code.MILVUS_SYNC_FAILED, "killed by the test")

    store.apply([upsert(opened, "P-1", 1)])
    with monkeypatch.context() as patched:
        patched.setattr(milvus_calls.MilvusCalls, "delete", dies)
        with pytest.raises(StoreUnavailable):
            store.apply([tombstone("P-1", 1)])
    held = store.fetch("policies", ["P-1"])["P-1"]
    assert held.stamp == Stamp(1, Rank.DELETE)
    assert held.content is not None
    assert store.apply([upsert(opened, "P-1", 1)])[0].verdict is Verdict.STALE
    assert store.apply([tombstone("P-1", 1)]) == [APPLIED]
    assert store.fetch("policies", ["P-1"])["P-1"].content is None
    assert store.count("policies") == Count(visible=0, tombstones=1)


def test_a_crash_between_reinsert_and_forgetting_the_tombstone_converges_at_redelivery(
    opened: Opened, store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise StoreUnavailable(Code.MILVUS_SYNC_FAILED, "killed by the test")

    store.apply([tombstone("P-1", 1)])
    with monkeypatch.context() as patched:
        patched.setattr(milvus_calls.MilvusCalls, "delete", dies)
        with pytest.raises(StoreUnavailable):
            store.apply([upsert(opened, "P-1", 2)])
    assert store.count("policies") == Count(visible=1, tombstones=0)
    assert store.apply([upsert(opened, "P-1", 2)]) == [APPLIED]
    assert [(held.stamp, held.content is None) for held in store.scan("policies")] == [(Stamp(2, Rank.UPSERT), False)]


def test_listing_splits_ranges_until_no_answer_can_have_been_cut(opened: Opened, store: MilvusStore, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {f"P-{n}" for n in range(40)}
    store.apply([tombstone(key, n + 1) if n % 4 == 0 else upsert(opened, key, n + 1) for n, key in enumerate(sorted(keys))])
    for bound in ("ROWS_PER_READ", "ROWS_OF_LITE"):
        monkeypatch.setattr(milvus_calls, bound, 8)
    listed = [held.key for held in store.scan("policies")]
    assert sorted(listed) == sorted(keys)
    assert store.count("policies") == Count(visible=30, tombstones=10)


def test_a_second_store_prepares_the_same_collections_and_reads_them(opened: Opened, store: MilvusStore, unique: str) -> None:
    store.apply([upsert(opened, "P-1", 1)])
    other = open_store(f"{unique}_")
    try:
        other.prepare()
        assert set(other.fetch("policies", ["P-1"])) == {"P-1"}
    finally:
        other.close()
