"""What becomes of one policy in each store, column by column."""

from __future__ import annotations

from typing import Any

import pytest

from aegis.derivations import STORES, project
from aegis.errors import STORE_CODES, ChangeRejected

ROW: dict[str, Any] = {
    "policy_id": "bizinfo:1",
    "source": "bizinfo",
    "source_id": "1",
    "title": "소상공인 융자",
    "content": "한도 7천만원",
    "issuing_organization": "중소벤처기업부",
    "operating_organization": None,
    "category": "금융",
    "target_regions": ["11", None, "41", "11"],
    "target_industries": ["C"],
    "funding_amount_min": 10_000_000,
    "funding_amount_max": 70_000_000,
    "interest_rate": "2.960",
    "application_start_date": 20_458,
    "application_end_date": None,
    "application_period_text": "예산 소진시까지",
    "detail_url": "https://example.org/1",
    "tags": ["금융"],
    "status": "active",
    "quality_score": "0.875",
    "is_active": True,
    "created_at": "2026-01-02T03:04:05.678901Z",
    "updated_at": "2026-01-02T03:04:05.678901Z",
    "version": 41,
    "a_column_added_later": "x",
}
"""As Debezium sends it: dates as days, numeric as text, array elements nullable."""

BARE: dict[str, Any] = {
    "policy_id": "gov24:2",
    "source": "gov24",
    "source_id": "2",
    "title": "냉난방비 지원",
    "content": "",
    "target_regions": None,
    "target_industries": [],
    "status": "pending_validation",
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T03:04:05Z",
    "version": 2,
}

DOCUMENT = {
    "policy_id": "bizinfo:1",
    "source": "bizinfo",
    "source_id": "1",
    "title": "소상공인 융자",
    "content": "한도 7천만원",
    "issuing_organization": "중소벤처기업부",
    "operating_organization": None,
    "category": "금융",
    "target_regions": ["11", "41", "11"],
    "target_industries": ["C"],
    "funding_amount_min": 10_000_000,
    "funding_amount_max": 70_000_000,
    "interest_rate": 2.96,
    "application_start_date": "2026-01-05",
    "application_end_date": None,
    "application_period_text": "예산 소진시까지",
    "detail_url": "https://example.org/1",
    "tags": ["금융"],
    "status": "active",
    "quality_score": 0.875,
    "is_active": True,
    "created_at": "2026-01-02T03:04:05.678901Z",
    "updated_at": "2026-01-02T03:04:05.678901Z",
    "version": 41,
}


def test_elasticsearch_holds_every_column_with_decimals_as_numbers() -> None:
    assert project("policies", "elasticsearch", ROW) == DOCUMENT


def test_redis_holds_every_column_with_decimals_as_text() -> None:
    assert project("policies", "redis", ROW) == {**DOCUMENT, "interest_rate": "2.960", "quality_score": "0.875"}


def test_neo4j_holds_short_columns_and_edges_to_named_nodes_without_duplicates() -> None:
    content = project("policies", "neo4j", ROW)
    left_out = {"content", "target_regions", "target_industries", "operating_organization", "application_end_date"}
    assert content == {
        "properties": {name: value for name, value in DOCUMENT.items() if name not in left_out},
        "edges": {
            "ISSUED_BY": [{"name": "중소벤처기업부"}],
            "TARGETS_REGION": [{"code": "11", "name": "서울특별시"}, {"code": "41", "name": "경기도"}],
            "TARGETS_INDUSTRY": [{"code": "C", "name": "제조업"}],
        },
    }


def test_milvus_embeds_the_short_facts_before_the_content_and_keeps_filter_fields() -> None:
    assert project("policies", "milvus", ROW) == {
        "text": "소상공인 융자\n중소벤처기업부\n지원금액 10,000,000원 ~ 70,000,000원\n금리 2.96%\n한도 7천만원",
        "fields": {
            "source": "bizinfo",
            "title": "소상공인 융자",
            "category": "금융",
            "issuing_organization": "중소벤처기업부",
            "target_regions": ["11", "41", "11"],
            "target_industries": ["C"],
            "funding_amount_min": 10_000_000,
            "funding_amount_max": 70_000_000,
            "application_start_date": 20_260_105,
            "application_end_date": 99_991_231,
            "status": "active",
            "is_active": True,
        },
    }


def test_a_bare_policy_has_no_edges_no_amounts_and_an_open_period() -> None:
    graph, vector = project("policies", "neo4j", BARE), project("policies", "milvus", BARE)
    assert graph is not None
    assert vector is not None
    assert graph["edges"] == {"ISSUED_BY": [], "TARGETS_REGION": [], "TARGETS_INDUSTRY": []}
    assert vector["text"] == "냉난방비 지원"
    fields = vector["fields"]
    assert [fields["funding_amount_min"], fields["funding_amount_max"], fields["application_start_date"]] == [-1, -1, 0]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"funding_amount_min": None}, "지원금액 70,000,000원"),
        ({"funding_amount_min": 70_000_000}, "지원금액 70,000,000원"),
        ({"interest_rate": "0.00"}, "금리 0%"),
        ({"interest_rate": "10"}, "금리 10%"),
    ],
)
def test_amounts_and_rates_are_embedded_in_words(columns: dict[str, Any], line: str) -> None:
    content = project("policies", "milvus", {**ROW, **columns})
    assert content is not None
    assert line in content["text"].split("\n")


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("status", ["rejected", "archived"])
def test_a_rejected_or_archived_policy_is_in_no_store(store: str, status: str) -> None:
    assert project("policies", store, {**ROW, "status": status}) is None


@pytest.mark.parametrize("store", STORES)
def test_a_published_policy_is_in_every_store(store: str) -> None:
    assert project("policies", store, {**ROW, "status": "pending_validation"}) is not None


@pytest.mark.parametrize("store", STORES)
def test_an_image_that_is_no_policy_is_rejected_by_record_field_and_remedy(store: str) -> None:
    with pytest.raises(ChangeRejected, match=r"policies bizinfo:1: field interest_rate: .*; make the row model") as caught:
        project("policies", store, {**ROW, "interest_rate": "비밀"})
    assert caught.value.code is STORE_CODES[store]
    assert "비밀" not in str(caught.value)


def test_a_new_name_of_a_region_code_is_the_province_of_today() -> None:
    content = project("policies", "neo4j", {**ROW, "target_regions": ["51", "11680", "99"]})
    assert content is not None
    assert [region["name"] for region in content["edges"]["TARGETS_REGION"]] == ["강원특별자치도", "서울특별시 11680", "99"]
