"""What a comparison reads from Elasticsearch. No scripts: not every distribution of the server has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum, Sums
from aegis.stores.elasticsearch_calls import documents, pages
from aegis.stores.elasticsearch_document import inspected, is_sound, listed
from aegis.stores.elasticsearch_errors import translated
from aegis.stores.elasticsearch_index import DELETED, READABLE, VISIBLE, field

PAGE = 10_000
"""Documents a page of a listing: a few fields each, and the most that the server gives."""
_ASTRAY: dict[str, Any] = {"bool": {"must_not": [READABLE]}}
_SUMMED: dict[str, Any] = {"bool": {"filter": [READABLE], "must_not": [DELETED]}}
_AGGREGATIONS: dict[str, Any] = {
    "summed": {
        "filter": _SUMMED,
        "aggs": {
            # As many as there are, so that none is cut off.
            "buckets": {
                "terms": {"field": field("bucket"), "size": BUCKETS},
                "aggs": {"claims": {"sum": {"field": field("claim")}}, "hidden": {"sum": {"field": field("deleted")}}},
            }
        },
    },
    "astray": {"filter": _ASTRAY, "aggs": {"visible": {"filter": VISIBLE}}},
}
_COLUMNS = tuple((name, field(name)) for name in ("key", "stamp", "bucket", "claim", "deleted"))


def sums(client: Elasticsearch, index: str) -> Sums:
    """As the protocol says, by one aggregation. The server adds in doubles, which are exact for 2**21 claims a bucket.

    The highest stamp is taken from the order, since a maximum would be a double as well.
    """
    with translated():
        client.indices.refresh(index=index)
        answer = client.search(index=index, size=1, sort=[{field("stamp"): "desc"}], source=False, track_total_hits=False, aggregations=_AGGREGATIONS)
    found = answer["aggregations"]
    buckets = {
        int(one["key"]): Sum(one["doc_count"], int(one["claims"]["value"]), one["doc_count"] - int(one["hidden"]["value"]))
        for one in found["summed"]["buckets"]["buckets"]
    }
    if astray := found["astray"]["doc_count"]:
        buckets[ASTRAY] = Sum(astray, 0, found["astray"]["visible"]["doc_count"])
    # A document without a stamp is last, with the lowest integer.
    return Sums(buckets, max(NO_STAMP, *(hit["sort"][0] for hit in answer["hits"]["hits"]), NO_STAMP))


def listing(client: Elasticsearch, index: str, buckets: Collection[int]) -> Iterator[Listed]:
    """As the protocol says, without tombstones of deletes."""
    wanted: list[dict[str, Any]] = []
    if regular := sorted(set(buckets) - {ASTRAY}):
        wanted.append({"bool": {"filter": [_SUMMED, {"terms": {field("bucket"): regular}}]}})
    if ASTRAY in buckets:
        wanted.append(_ASTRAY)
    if not wanted:
        return
    query = {"bool": {"should": wanted, "minimum_should_match": 1}}
    for hits in pages(client, index, PAGE, query=query, source=False, docvalue_fields=[column for _, column in _COLUMNS]):
        for hit in hits:
            register = _register(hit)
            yield listed(hit["_id"], hit["_version"], register, sound=is_sound(hit["_id"], hit["_version"], register))


def inspect(client: Elasticsearch, index: str, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
    """As the protocol says; realtime."""
    return {hit["_id"]: inspected(table, hit) for hit in documents(client, index, keys)}


def _register(hit: Mapping[str, Any]) -> dict[str, Any]:
    """The register from the columns; a field with several values or none is left out."""
    columns = hit.get("fields", {})
    return {name: values[0] for name, column in _COLUMNS if len(values := columns.get(column, ())) == 1}
