"""Collections of one table: the visible one, and the tombstones beside it."""

from __future__ import annotations

from typing import Any

from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from aegis.embedding.protocol import Embedder
from aegis.projections.shapes import VectorCollection, VectorField
from aegis.stores.milvus_row import BOOKKEEPING, HASH_BYTES, KEY_BYTES, MODEL_BYTES, TOPIC_BYTES, VECTOR

MODEL_PROPERTY = "aegis.model"
_IN_DESCRIPTION = "embedded by "
"""Milvus keeps a collection's description, milvus-lite its properties: the model is in both."""
TOMBSTONE_VECTOR = [1.0, 0.0]
"""A collection without a vector is refused; this is the smallest that both servers take."""


class OtherCollection(Exception):
    """A collection of that name was made for something else. The message names the collection, what differs and the remedy."""


def visible_name(shape: VectorCollection, prefix: str) -> str:
    """What readers search."""
    return prefix + shape.name


def tombstones_name(shape: VectorCollection, prefix: str) -> str:
    """Where the stamps of deleted and withdrawn records are."""
    return f"{prefix}{shape.name}_tombstones"


def make_visible(client: MilvusClient, name: str, shape: VectorCollection, embedder: Embedder, timeout: float) -> None:
    """Create the visible collection where it is missing, and load it. Raises `OtherCollection` when it was made with another model or shape."""
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=_IN_DESCRIPTION + embedder.model)
    schema.add_field(shape.key, DataType.VARCHAR, is_primary=True, max_length=KEY_BYTES)
    schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=embedder.dimension)
    for field in shape.fields:
        _add(schema, field)
    schema.add_field("text_hash", DataType.VARCHAR, max_length=HASH_BYTES)
    schema.add_field("model", DataType.VARCHAR, max_length=MODEL_BYTES)
    _make(client, name, schema, timeout, {MODEL_PROPERTY: embedder.model})
    _require_same(client.describe_collection(name, timeout=timeout), name, schema, embedder.model, embedder.dimension)
    client.load_collection(name, timeout=timeout)


def make_tombstones(client: MilvusClient, name: str, shape: VectorCollection, timeout: float) -> None:
    """Create the collection of tombstones where it is missing, and load it."""
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description="stamps of records that readers no longer see")
    schema.add_field(shape.key, DataType.VARCHAR, is_primary=True, max_length=KEY_BYTES)
    schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=len(TOMBSTONE_VECTOR))
    _make(client, name, schema, timeout, {})
    client.load_collection(name, timeout=timeout)


def _add(schema: Any, field: VectorField) -> None:
    match field.kind:
        case "text":
            schema.add_field(field.name, DataType.VARCHAR, max_length=field.max_bytes)
        case "texts":
            schema.add_field(field.name, DataType.ARRAY, element_type=DataType.VARCHAR, max_length=field.max_bytes, max_capacity=field.max_items)
        case "integer":
            schema.add_field(field.name, DataType.INT64)
        case "boolean":
            schema.add_field(field.name, DataType.BOOL)
        case kind:
            raise ValueError(f"field {field.name}: no such kind {kind!r}; use text, texts, integer or boolean")


def _make(client: MilvusClient, name: str, schema: Any, timeout: float, properties: dict[str, str]) -> None:
    for field in BOOKKEEPING:
        if field == "topic":
            schema.add_field(field, DataType.VARCHAR, max_length=TOPIC_BYTES)
        else:
            schema.add_field(field, DataType.INT64)
    if client.has_collection(name, timeout=timeout):
        return
    index = client.prepare_index_params()
    index.add_index(VECTOR, index_type="AUTOINDEX", metric_type="COSINE")
    try:
        client.create_collection(name, schema=schema, index_params=index, properties=properties, consistency_level="Strong", timeout=timeout)
    except MilvusException:
        # Somebody else may have made it between the question and the order.
        if not client.has_collection(name, timeout=timeout):
            raise


def made_by(collection: dict[str, Any]) -> str:
    """The model that a described collection's vectors are of; empty where nobody said."""
    return str(collection.get("properties", {}).get(MODEL_PROPERTY) or str(collection.get("description", "")).removeprefix(_IN_DESCRIPTION))


def _require_same(found: dict[str, Any], name: str, schema: Any, model: str, dimension: int) -> None:
    remedy = f"drop {name} and its tombstones and replay the log (`aegis replay milvus`), or set the back end of before"
    if (theirs := made_by(found)) != model:
        raise OtherCollection(f"collection {name} holds vectors of the model {theirs or '(unknown)'}, not of {model}, and they never mix: {remedy}")
    there = {field["name"]: field for field in found["fields"]}
    if missing := sorted({field.name for field in schema.fields} - set(there)):
        raise OtherCollection(f"collection {name} has no field {', '.join(missing)}: {remedy}")
    if int(there[VECTOR]["params"]["dim"]) != dimension:
        raise OtherCollection(f"collection {name} holds vectors of {there[VECTOR]['params']['dim']} numbers, not {dimension}: {remedy}")
