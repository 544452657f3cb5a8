"""The Milvus leg against a saturated bulk upsert of prebuilt rows to the same server (aim: at least 0.8), and what it saves that unchanged text is not
embedded again (aim: at least 10 times).

`python -m bench.stores_milvus`, with MILVUS_URI and EMBEDDING_MODEL_DIR as `make env` prints them.

Leg: `MilvusStore.apply` of projected records in batches of 500, vectors looked up instead of embedded: reading stamps, comparing, upserting. Bulk: `upsert` of
the same rows, built beforehand, into a collection of the same schema. In turns; each with 1 and 2 writers, the better one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import numpy as np
from pymilvus import MilvusClient

from aegis.derivations import shapes
from aegis.embedding.factory import open_embedder
from aegis.embedding.protocol import Vectors
from aegis.embedding.text import embedding_text_hash
from aegis.projections.shapes import VectorCollection
from aegis.record import Record
from aegis.settings import settings
from aegis.stores import milvus_row
from aegis.stores.milvus import MilvusStore
from bench.leg import Plan, Rates, measure, report
from bench.store_records import records

AIM_UNCHANGED = 10.0
PLAN = Plan("milvus", number=1_500, batch=500, rounds=3)
TEXTS = 100


class Lookup:
    """Gives vectors that were made beforehand, so that the store alone is measured."""

    model = "looked-up"
    dimension = 384

    def __init__(self) -> None:
        self._pool = np.random.default_rng(1).standard_normal((4_096, self.dimension)).astype(np.float32)
        self._pool /= np.linalg.norm(self._pool, axis=1, keepdims=True)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return self._pool[[hash(text) % len(self._pool) for text in texts]]


def rows(made: Sequence[Record], shape: VectorCollection, embedder: Lookup) -> list[dict[str, Any]]:
    """Whole rows, as the store would write them."""
    now, built = datetime.now(UTC), []
    for record in made:
        content = record.content or {}
        built.append(
            {
                **milvus_row.bookkeeping(record, shape, now),
                **milvus_row.fields(content, shape),
                milvus_row.VECTOR: embedder.embed([content["text"]])[0],
                "text_hash": embedding_text_hash(content["text"], embedder.model),
                "model": embedder.model,
            }
        )
    return built


def compare(client: MilvusClient, leg: MilvusStore, shape: VectorCollection, bulk_name: str, lookup: Lookup) -> Rates:
    """Rates of the leg, and of the bulk upsert into the collection `bulk_name`."""

    def bulk(part: Sequence[dict[str, Any]]) -> None:
        client.upsert(bulk_name, list(part))

    return measure(PLAN, leg.apply, bulk, lambda made: rows(made, shape, lookup))


def unchanged_against_changed(store: MilvusStore) -> tuple[float, float]:
    """Seconds for an update of `TEXTS` policies with the text changed, and with another column changed. Medians; the store has the real model."""
    store.apply(records("milvus", TEXTS, "text-", 1))
    changed: list[float] = []
    unchanged: list[float] = []
    for turn in range(PLAN.rounds):
        for title, category, taken in ((f"제{turn}판 ", None, changed), (f"제{turn}판 ", f"분야{turn}", unchanged)):
            made = records("milvus", TEXTS, "text-", 1_000_000 * (2 * turn + (category is not None) + 1), title=title, category=category)
            began = perf_counter()
            store.apply(made)
            taken.append(perf_counter() - began)
    return median(changed), median(unchanged)


def run() -> None:
    """Measure and print: the ratios first, then their parts."""
    known, unique, lookup = settings(), f"bench{uuid4().hex[:8]}_", Lookup()
    collections = {table: shape for table, shape in shapes("milvus").items() if isinstance(shape, VectorCollection)}
    shape, client = collections["policies"], MilvusClient(known.milvus_uri)
    leg = MilvusStore(known.milvus_uri, collections, lookup, collection_prefix=f"{unique}leg_")
    same = MilvusStore(known.milvus_uri, collections, lookup, collection_prefix=f"{unique}bulk_")
    real = MilvusStore(known.milvus_uri, collections, open_embedder("onnx", known.embedding_model_dir.expanduser()), collection_prefix=f"{unique}real_")
    try:
        for store in (leg, same, real):
            store.prepare()
        rates = compare(client, leg, shape, f"{unique}bulk_{shape.name}", lookup)
        changed, unchanged = unchanged_against_changed(real)
    finally:
        for store in (leg, same, real):
            store.close()
        for name in client.list_collections():
            if name.startswith(unique):
                client.drop_collection(name)
        client.close()
    report(PLAN, "Milvus leg / bulk upsert", rates)
    print(f"Milvus update with unchanged text / with changed text: {changed / unchanged:.1f} times as fast (aim >= {AIM_UNCHANGED:.0f})")
    print(f"  {TEXTS} policies: changed {TEXTS / changed:.0f} rows/s, unchanged {TEXTS / unchanged:.0f} rows/s")
    print(f"  embedded {real.vectors.embedded} texts, reused {real.vectors.reused} vectors")


if __name__ == "__main__":
    run()
