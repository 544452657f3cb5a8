"""What only Elasticsearch does: Korean full-text search with highlights, refusals of its own kind, an index that was taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from aegis.errors import ChangeRejected, StoreUnavailable
from aegis.projections.shapes import SearchIndex
from aegis.record import APPLIED, STALE, Record, Verdict
from aegis.settings import settings
from aegis.stores.elasticsearch import ElasticsearchStore
from aegis.stores.protocol import Count
from tests.contract.open_elasticsearch import SHAPES, open_elasticsearch
from tests.contract.opened import Opened
from tests.contract.records import tombstone, upsert
from tests.support.wait import until

pytestmark = pytest.mark.stack


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def own(prefix: str) -> Iterator[Opened]:
    with open_elasticsearch(prefix) as opened:
        yield opened


@pytest.fixture
def reader() -> Iterator[Elasticsearch]:
    with Elasticsearch(settings().elasticsearch_url, request_timeout=20) as client:
        yield client


def hits(reader: Elasticsearch, alias: str, text: str) -> list[dict[str, Any]]:
    """What a reader finds: title and content, with highlights."""
    answer = reader.search(
        index=alias, query={"multi_match": {"query": text, "fields": ["title", "content"]}}, highlight={"fields": {"title": {}, "content": {}}}
    )
    return list(answer["hits"]["hits"])


@pytest.mark.parametrize(
    ("asked", "marked"),
    [
        ("융자", "<em>융자</em>"),
        ("소상공인", "<em>소상공인</em>"),
        ("정책 자금", "<em>정책자금</em>"),
        ("공고를", "<em>공고</em>"),
        ("지원하고", "<em>지원</em>"),
    ],
)
def test_a_search_finds_korean_words_by_their_stem_and_highlights_them(own: Opened, reader: Elasticsearch, prefix: str, asked: str, marked: str) -> None:
    own.store.apply(
        [
            upsert(own, "P-1", 1, title="소상공인 정책자금 융자 변경 공고", content="경영애로를 겪는 소상공인에게 자금을 지원합니다."),
            upsert(own, "P-2", 2, title="농촌 체험 마을", content="체험 마을을 소개한다."),
        ]
    )
    found = until(lambda: hits(reader, f"{prefix}-policies", asked), 5, "the refresh")
    assert [hit["_id"] for hit in found] == ["P-1"]
    highlighted = " ".join(text for texts in found[0]["highlight"].values() for text in texts)
    assert marked in highlighted.replace("</em><em>", "")  # parts of a compound are marked one by one


def test_what_was_written_is_found_by_a_search_within_a_second_or_so_and_a_tombstone_is_not(own: Opened, reader: Elasticsearch, prefix: str) -> None:
    own.store.apply([upsert(own, "P-1", 1), upsert(own, "P-2", 2)])
    until(lambda: len(hits(reader, f"{prefix}-policies", "소상공인")) == 2, 5, "both policies to be found")
    own.store.apply([tombstone("P-1", 1)])
    until(lambda: [hit["_id"] for hit in hits(reader, f"{prefix}-policies", "소상공인")] == ["P-2"], 5, "the deleted policy to be found no more")


def test_a_hanja_reading_finds_the_korean_word(own: Opened, reader: Elasticsearch, prefix: str) -> None:
    own.store.apply([upsert(own, "P-1", 1, title="豫算 안내", content="-")])
    assert until(lambda: hits(reader, f"{prefix}-policies", "예산"), 5, "the refresh")[0]["_id"] == "P-1"


def test_a_refusal_names_the_record_the_field_and_the_remedy_and_quotes_no_value(own: Opened) -> None:
    outcome = own.store.apply([own.poison(upsert(own, "P-1", 1))])[0]
    assert outcome.reason is not None
    assert all(words in outcome.reason.message for words in ("policies P-1", "field tags", "mend tags"))
    assert "독" not in outcome.reason.message


@pytest.mark.parametrize(
    ("field", "value"),
    [("unheard_of", "x"), ("funding_amount_max", "많음"), ("application_start_date", "다음 달"), ("is_active", "maybe")],
)
def test_content_that_does_not_fit_the_mapping_is_rejected_by_its_field(own: Opened, field: str, value: str) -> None:
    good = upsert(own, "P-2", 2)
    bad = replace(upsert(own, "P-1", 1), content={**(good.content or {}), field: value})
    outcomes = own.store.apply([bad, good])
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REJECTED, Verdict.APPLIED]
    assert outcomes[0].reason is not None
    assert f"field {field}:" in outcomes[0].reason.message
    if value != "x":
        assert value not in outcomes[0].reason.message


@pytest.mark.parametrize("key", ["", "가" * 171])
def test_a_key_that_is_no_document_id_is_rejected_before_it_is_sent(own: Opened, key: str) -> None:
    outcomes = own.store.apply([upsert(own, key, 1), upsert(own, "P-2", 2)])
    assert [outcome.verdict for outcome in outcomes] == [Verdict.REJECTED, Verdict.APPLIED]
    assert isinstance(outcomes[0].reason, ChangeRejected)
    assert "primary key" in outcomes[0].reason.message
    assert own.store.fetch("policies", [key]) == {}


def test_the_longest_document_id_is_stored(own: Opened) -> None:
    assert own.store.apply([upsert(own, "가" * 170 + "ab", 1)]) == [APPLIED]


def test_an_index_that_was_taken_away_is_made_again_with_its_mapping_and_the_batch_goes_through(own: Opened, reader: Elasticsearch, prefix: str) -> None:
    own.store.apply([upsert(own, "P-1", 1)])
    reader.indices.delete(index=f"{prefix}-policies-v1")
    with pytest.raises(StoreUnavailable, match="has been created empty"):
        own.store.apply([upsert(own, "P-2", 2)])
    assert own.store.apply([upsert(own, "P-2", 2)]) == [APPLIED]
    mapping = reader.indices.get_mapping(index=f"{prefix}-policies-v1")[f"{prefix}-policies-v1"]["mappings"]
    assert mapping["properties"]["title"]["analyzer"] == "korean"


def test_a_field_that_a_shape_has_gained_is_added_to_the_index(own: Opened, prefix: str) -> None:
    own.store.apply([upsert(own, "P-1", 1)])
    shape = SHAPES["policies"]
    wider = SearchIndex(shape.alias, {**shape.properties, "gained": {"type": "keyword"}})
    store = ElasticsearchStore(settings().elasticsearch_url, {"policies": wider}, prefix=f"{prefix}-")
    try:
        store.prepare()
        record = upsert(own, "P-1", 2)
        wide = Record("policies", "P-1", record.stamp, {**(record.content or {}), "gained": "값"}, record.position)
        assert store.apply([wide]) == [APPLIED]
        assert store.fetch("policies", ["P-1"])["P-1"].content == wide.content
    finally:
        store.close()


def test_a_scan_of_many_pages_names_every_record_once(own: Opened) -> None:
    records = [upsert(own, f"P-{n}", n + 1) for n in range(1_250)]
    assert set(own.store.apply(records)) == {APPLIED}
    assert sorted(held.key for held in own.store.scan("policies")) == sorted(record.key for record in records)


def test_a_scan_left_early_gives_its_snapshot_back(own: Opened, reader: Elasticsearch) -> None:
    own.store.apply([upsert(own, f"P-{n}", n + 1) for n in range(10)])

    def contexts() -> int:
        nodes = reader.nodes.stats(metric="indices", index_metric="search")["nodes"].values()
        return sum(node["indices"]["search"]["open_contexts"] for node in nodes)

    before, scan = contexts(), own.store.scan("policies")
    next(scan)
    assert contexts() > before
    scan.close()  # type: ignore[attr-defined]
    until(lambda: contexts() <= before, 5, "the snapshot to be given back")


def test_a_batch_larger_than_one_call_is_answered_in_order(own: Opened) -> None:
    text = "긴 공고문 " * 60_000
    records = [upsert(own, f"P-{n}", n + 1, content=text if n % 2 else "짧다") for n in range(12)]
    own.store.apply([tombstone("P-3", 50)])
    assert own.store.apply(records) == [STALE if n == 3 else APPLIED for n in range(12)]
    assert own.store.count("policies") == Count(visible=11, tombstones=1)
