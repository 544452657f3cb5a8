"""Milvus under collections of its own, with vectors that are cheap to make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from pymilvus import MilvusClient

from aegis.derivations import shapes
from aegis.embedding.protocol import Vectors
from aegis.projections.shapes import VectorCollection
from aegis.record import Record
from aegis.settings import settings
from aegis.stores.milvus import MilvusStore
from aegis.stores.milvus_generations import next_of
from aegis.stores.milvus_row import BOOKKEEPING, VECTOR
from aegis.stores.milvus_schema import tombstones_name, visible_name
from tests.contract.opened import Opened

TIMEOUT = 15.0
SHORT = 2.0


class HashEmbedder:
    """A vector of length 1 for each text, made of its hash: equal texts have equal vectors, and no model is needed."""

    model = "hash-of-text"
    dimension = 384

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for position, text in enumerate(texts):
            seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
            vector = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
            vectors[position] = vector / np.linalg.norm(vector)
        return vectors


def vector_shapes() -> dict[str, VectorCollection]:
    """Table → collection."""
    return {table: shape for table, shape in shapes("milvus").items() if isinstance(shape, VectorCollection)}


def open_store(prefix: str, *, uri: str | None = None, timeout: float = TIMEOUT) -> MilvusStore:
    """A store whose collections begin with `prefix`."""
    return MilvusStore(uri or settings().milvus_uri, vector_shapes(), HashEmbedder(), timeout=timeout, collection_prefix=prefix)


def row_by_hand(shape: VectorCollection, key: str, **columns: Any) -> dict[str, Any]:
    """A row of the visible collection without bookkeeping: every field that is not in `columns` has what says nothing."""
    empty: dict[str, Any] = {"text": "", "texts": [], "integer": 0, "boolean": False}
    fields = {field.name: empty[field.kind] for field in shape.fields}
    unsaid = dict.fromkeys(BOOKKEEPING, -1) | {"topic": "", "text_hash": "", "model": ""}
    return {**fields, **unsaid, shape.key: key, VECTOR: HashEmbedder().embed([key])[0], **columns}


def remove(client: MilvusClient, prefix: str) -> None:
    """Every collection that begins with `prefix`, and their aliases first: Milvus drops none that has one."""
    for shape in vector_shapes().values():
        for name in (visible_name(shape, prefix), tombstones_name(shape, prefix)):
            for alias in (name, next_of(name)):
                if client.has_collection(alias) and client.describe_collection(alias)["collection_name"] != alias:
                    client.drop_alias(alias)
    for name in client.list_collections():
        if name.startswith(prefix):
            client.drop_collection(name)


def _poison(record: Record) -> Record:
    content = record.content or {}
    return replace(record, content={**content, "fields": {**content["fields"], "target_regions": [str(n) for n in range(513)]}})


@contextmanager
def open_milvus(unique: str, uri: str | None = None) -> Iterator[Opened]:
    """A prepared store; its collections are dropped at the end."""
    prefix, collections, address = f"{unique}_", vector_shapes(), uri or settings().milvus_uri
    where, client = urlsplit(address), MilvusClient(address, timeout=TIMEOUT, dedicated=True)
    store = open_store(prefix, uri=address)

    def seen(table: str, key: str) -> bool:
        shape = collections[table]
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return bool(client.query(prefix + shape.name, filter=f'{shape.key} == "{escaped}"', output_fields=[shape.key], consistency_level="Strong"))

    def stray(table: str, key: str) -> None:
        shape = collections[table]
        client.upsert(prefix + shape.name, [row_by_hand(shape, key)])

    try:
        store.prepare()
        yield Opened(
            store,
            "milvus",
            lambda: open_store(prefix, uri=address),
            _poison,
            seen,
            server=(where.hostname or "127.0.0.1", where.port or 19530),
            at=lambda port: open_store(prefix, uri=f"http://127.0.0.1:{port}", timeout=SHORT),
            stray=stray,
            examples=10,
        )
    finally:
        store.close()
        remove(client, prefix)
        client.close()
