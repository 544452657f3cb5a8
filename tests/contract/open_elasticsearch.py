"""Elasticsearch under names of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from elasticsearch import Elasticsearch

from aegis.derivations import CAPTURED
from aegis.projections.shapes import SearchIndex
from aegis.record import Record
from aegis.settings import settings
from aegis.stores.elasticsearch import ElasticsearchStore
from tests.contract.opened import Opened

SHAPES = {
    table.name: shape for table in CAPTURED.values() if "elasticsearch" in table.projections and isinstance(shape := table.shape("elasticsearch"), SearchIndex)
}
LONGEST_TERM = 32_766
"""Lucene's bound on one term, in bytes: a keyword beyond it is refused by the server."""


def _poison(record: Record) -> Record:
    return replace(record, content={**(record.content or {}), "tags": ["독" * LONGEST_TERM]})


@contextmanager
def open_elasticsearch(unique: str) -> Iterator[Opened]:
    """A store whose indices and aliases all begin with `unique`."""
    url, prefix = settings().elasticsearch_url, f"{unique}-"
    parts = urlsplit(url)
    opened: list[ElasticsearchStore] = []

    def another(where: str = url, timeout: float = 20.0) -> ElasticsearchStore:
        opened.append(ElasticsearchStore(where, SHAPES, timeout=timeout, prefix=prefix))
        return opened[-1]

    def at(port: int) -> ElasticsearchStore:
        credentials = parts.netloc.rpartition("@")[0]
        return another(urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}" if credentials else f"127.0.0.1:{port}")), 2.0)

    with Elasticsearch(url, request_timeout=20) as reader:

        def seen(table: str, key: str) -> bool:
            alias = prefix + SHAPES[table].alias
            reader.indices.refresh(index=alias)
            return bool(reader.count(index=alias, query={"ids": {"values": [key]}})["count"])

        def stray(table: str, key: str) -> None:
            reader.index(index=prefix + SHAPES[table].alias, id=key, document={"aegis": {"deleted": False}})

        def settle() -> None:
            reader.indices.refresh(index=f"{prefix}*")
            reader.indices.flush(index=f"{prefix}*", force=True)
            reader.indices.forcemerge(index=f"{prefix}*", max_num_segments=1)

        store = another()
        store.prepare()
        try:
            where = (parts.hostname or "127.0.0.1", parts.port or 9200)
            yield Opened(store, "elasticsearch", another, _poison, seen, settle=settle, server=where, at=at, stray=stray, examples=40)
        finally:
            for index in reader.indices.get(index=f"{prefix}*"):
                reader.indices.delete(index=index)
            for one in opened:
                one.close()
