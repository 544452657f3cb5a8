"""Calls of Elasticsearch that several parts of its store make: documents by key, pages of everything, bulk writes."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from elasticsearch import Elasticsearch

from aegis.stores.elasticsearch_document import is_id
from aegis.stores.elasticsearch_errors import gone, lacks_index, translated, unavailable
from aegis.stores.elasticsearch_index import REGISTER_FIELD

CALL_BYTES = 8_000_000
"""Bound on one bulk call: small beside the server's heap and its own limit of 100 MB."""
READ_RECORDS = 500
SNAPSHOT_KEPT = "2m"
"""How long the server keeps a snapshot between two pages."""
CONFLICT, ABSENT = 409, 404

T = TypeVar("T")


def documents(client: Elasticsearch, index: str, keys: Sequence[str], *, source: bool | str = REGISTER_FIELD) -> Iterator[Mapping[str, Any]]:
    """The documents of `keys` that there are, as of now, with all of their source, none, or the register alone. `index` has no filter: a lookup ignores it."""
    possible = [key for key in keys if is_id(key)]
    for start in range(0, len(possible), READ_RECORDS):
        with translated():
            answer = client.mget(index=index, ids=possible[start : start + READ_RECORDS], source=source)
        for document in answer["docs"]:
            if lacks_index(document.get("error", {})):
                raise gone()
            if "error" in document:
                raise unavailable(f"reading {index}: {document['error'].get('type', 'error')}")
            if document["found"]:
                yield document


def pages(client: Elasticsearch, index: str, size: int, columns: Sequence[Any] = (), **search: Any) -> Generator[Sequence[Mapping[str, Any]]]:
    """Every hit of a search, with its version, from a snapshot of this moment.

    `columns`: what each hit's `sort` gives after its first value. They order nothing, since no two hits share the first; as sort values they take half the
    time of fields.
    """
    with translated():
        client.indices.refresh(index=index)
        snapshot = client.open_point_in_time(index=index, keep_alive=SNAPSHOT_KEPT)["id"]
    try:
        after: list[Any] | None = None
        while True:
            with translated():
                answer = client.search(
                    pit={"id": snapshot, "keep_alive": SNAPSHOT_KEPT},
                    size=size,
                    sort=["_shard_doc", *columns],
                    search_after=after,
                    version=True,
                    track_total_hits=False,
                    **search,
                )
            hits = answer["hits"]["hits"]
            if not hits:
                return
            yield hits
            snapshot, after = answer["pit_id"], hits[-1]["sort"]
    finally:
        with translated():
            client.options(ignore_status=404).close_point_in_time(id=snapshot)


def bulk(client: Elasticsearch, lines: Iterable[bytes]) -> Sequence[Mapping[str, Any]]:
    """What the server answers to each operation, in order, by its kind."""
    with translated():
        answer = client.perform_request(
            "POST",
            "/_bulk?require_alias=true&filter_path=items.*.status,items.*.error",
            headers={"accept": "application/json", "content-type": "application/x-ndjson"},
            body=b"".join(lines),
        )
    items: Sequence[Mapping[str, Any]] = answer.body["items"]
    return items


def in_pieces(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """`things` in lists of at most `size`."""
    rest = iter(things)
    while piece := list(islice(rest, size)):
        yield piece
