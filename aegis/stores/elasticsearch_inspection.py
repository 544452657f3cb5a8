"""What a comparison reads from Elasticsearch. No scripts: not every distribution of the server has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from aegis.ahead import ahead
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum, Sums
from aegis.stores.elasticsearch_calls import documents, pages
from aegis.stores.elasticsearch_document import agrees, inspected
from aegis.stores.elasticsearch_errors import translated
from aegis.stores.elasticsearch_index import DELETED, READABLE, VISIBLE, field

PAGE = 10_000
"""Documents a page of a listing: a few fields each, and the most that the server gives."""
FEW_BUCKETS = BUCKETS // 2
"""Of more than so many, reading all documents in their order is quicker than finding those of some buckets, which lie all over the index."""
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
_COLUMNS: tuple[Any, ...] = (field("key"), *({field(name): {"mode": "sum"}} for name in ("stamp", "bucket", "claim", "deleted")))
"""Of several values the server gives one to sort by; of numbers, here, their sum, so that a list is not taken for one of its own values."""


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
    wanted = frozenset(buckets) - {ASTRAY}
    if len(wanted) > FEW_BUCKETS:
        yield from _lines(client, index, _SUMMED, wanted)
    elif wanted:
        yield from _lines(client, index, {"bool": {"filter": [_SUMMED, {"terms": {field("bucket"): sorted(wanted)}}]}}, wanted)
    if ASTRAY in buckets:
        yield from _lines(client, index, _ASTRAY, frozenset())


def _lines(client: Elasticsearch, index: str, query: Mapping[str, Any], buckets: Collection[int]) -> Iterator[Listed]:
    """What a query finds, without sound documents of other buckets. Unsound ones are told whatever bucket they carry: they are in doubt anyway."""
    for hits in ahead(pages(client, index, PAGE, _COLUMNS, query=query, source=False)):
        for hit in hits:
            key, version = hit["_id"], hit["_version"]
            # What has none of a number comes with the highest that there is.
            _, of, stamp, bucket, claim, deleted, *_ = hit["sort"]
            if deleted not in (0, 1) or not agrees(key, version, of, stamp, (bucket, claim)):
                yield Listed(key, NO_STAMP, deleted == 0)
            elif bucket in buckets:
                yield Listed(key, version, deleted == 0)


def inspect(client: Elasticsearch, index: str, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
    """As the protocol says; realtime."""
    return {hit["_id"]: inspected(table, hit) for hit in documents(client, index, keys)}
