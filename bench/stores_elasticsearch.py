"""The Elasticsearch leg against a saturated bulk write of prebuilt payloads to the same server (aim: at least 0.8), and in rows/s.

`python -m bench.stores_elasticsearch`, with ELASTICSEARCH_URL as `make env` prints it.

Leg: `ElasticsearchStore.apply` of projected records. Bulk: the same documents as bytes that were built beforehand, without versions, into an index with the
same settings and mapping. Both write under names of their own, in turns; each with 1 and 2 writers, the better one counts.
pgsync 7.3 measured 9,000 rows/s for a first copy and 3,200 to 4,700 for updates (aims: 1 time, 2 times as many). Rows/s are given with the product's Korean
analysis, which takes most of the server's time, and with the standard analysis that an index has where nobody asked for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from elasticsearch import Elasticsearch

from aegis.derivations import shapes
from aegis.projections.shapes import SearchIndex
from aegis.record import Record
from aegis.settings import settings
from aegis.stores.elasticsearch import ElasticsearchStore
from aegis.stores.elasticsearch_document import operation_of
from bench.leg import Plan, Rates, measure, report

ROWS_AIM = {"first copy": 9_000, "update": 2 * 4_700}
"""Rows/s."""
PLAN = Plan("elasticsearch", number=8_000, batch=1_000, rounds=3)


def payloads(index: str, made: Sequence[Record]) -> list[bytes]:
    """The bulk write's lines, one element a record: an unversioned action and the leg's document."""
    applied_at = datetime.now(UTC).isoformat()
    return [
        b'{"index":{"_index":"%b","_id":"%b"}}\n%b' % (index.encode(), record.key.encode(), operation_of(record, index, applied_at).partition(b"\n")[2])
        for record in made
    ]


def standard(shape: SearchIndex) -> SearchIndex:
    """The shape with the standard analyzer in place of the Korean one."""
    return replace(shape, properties={name: {key: value for key, value in field.items() if key != "analyzer"} for name, field in shape.properties.items()})


def compare(client: Elasticsearch, url: str, shape: SearchIndex) -> Rates:
    """Rates of leg and bulk write with one mapping, under names that are removed at the end."""
    prefix = f"bench-{uuid4().hex[:8]}-"
    leg = ElasticsearchStore(url, {"policies": shape}, prefix=f"{prefix}leg-")
    same = ElasticsearchStore(url, {"policies": shape}, prefix=f"{prefix}bulk-")

    def bulk(lines: Sequence[bytes]) -> None:
        headers = {"accept": "application/json", "content-type": "application/x-ndjson"}
        answer = client.perform_request("POST", "/_bulk?filter_path=errors", headers=headers, body=b"".join(lines))
        if answer.body["errors"]:
            raise RuntimeError("the bulk write was not taken as a whole: see the server's log")

    try:
        leg.prepare()
        same.prepare()  # the same settings and mapping for the bulk write
        return measure(PLAN, leg.apply, bulk, lambda made: payloads(f"{prefix}bulk-{shape.alias}", made))
    finally:
        leg.close()
        same.close()
        for index in client.indices.get(index=f"{prefix}*"):
            client.indices.delete(index=index)


def run() -> None:
    """Measure and print: the ratio first, then its parts."""
    url, shape = settings().elasticsearch_url, shapes("elasticsearch")["policies"]
    if not isinstance(shape, SearchIndex):
        raise TypeError("the projection of policies into elasticsearch declares no SearchIndex")
    for analysis, of in (("Korean", shape), ("standard", standard(shape))):
        with Elasticsearch(url, request_timeout=60) as client:
            rates = compare(client, url, of)
        report(PLAN, f"Elasticsearch leg / bulk write, {analysis} analysis", rates, ROWS_AIM)


if __name__ == "__main__":
    run()
