"""Vectors in Milvus against what the model makes of the rows' texts now."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import psycopg
from psycopg.rows import dict_row
from pymilvus import MilvusClient

from aegis.derivations import project
from aegis.embedding.protocol import Embedder
from aegis.settings import Settings

COSINE = 0.9999


def wrong_vectors(settings: Settings, embedder: Embedder, keys: Iterable[str]) -> list[str]:
    """Those of the policies `keys` whose vector is not that of their text; one line each."""
    with psycopg.connect(settings.postgres_dsn.get_secret_value(), row_factory=dict_row) as connection:
        rows = connection.execute("SELECT * FROM policies WHERE policy_id = ANY(%s)", (list(keys),)).fetchall()
    contents = {row["policy_id"]: project("policies", "milvus", row) for row in rows}
    texts = {key: content["text"] for key, content in contents.items() if content is not None}
    client = MilvusClient(settings.milvus_uri, timeout=30)
    try:
        found = client.get("policy_embeddings", ids=list(texts), output_fields=["policy_id", "embedding"])
    finally:
        client.close()
    stored = {row["policy_id"]: np.asarray(row["embedding"], dtype=np.float32) for row in found}
    lines = [f"policies {key} has no vector" for key in texts.keys() - stored.keys()]
    for key, vector in zip(texts, embedder.embed(list(texts.values())), strict=True):
        if key in stored and (cosine := float(np.dot(stored[key], vector))) < COSINE:
            lines.append(f"the vector of policies {key} has cosine {cosine:.4f} to that of its text")
    return lines
