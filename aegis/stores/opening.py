"""Opens a derived store from the settings: for composition roots (the CLI, the stream apps, the cold path)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from aegis.derivations import shapes
from aegis.embedding.deferred import DeferredEmbedder
from aegis.embedding.factory import open_embedder
from aegis.projections.shapes import CacheKeyspace, GraphLabel, SearchIndex, Shape, VectorCollection
from aegis.settings import Settings
from aegis.stores.generations import Generations
from aegis.stores.protocol import Store

HAVE_GENERATIONS = frozenset({"elasticsearch", "milvus"})
"""The stores whose content can be built anew beside what is in use."""

S = TypeVar("S", bound=Shape)


def open_store(name: str, settings: Settings, *, timeout: float | None = None, building: bool = False) -> Store:
    """The derived store `name` with the tables that have a projection into it. Drivers are imported here, and connect at the first call.

    Milvus' embedder loads its model at the first text to embed, so reading costs no model. `timeout`: seconds per call; the settings' where None.
    `building`: every read and write goes to the generation that is being built (`aegis.stores.generations`). Raises ValueError for an unknown name, and
    for a store that has no generations.
    """
    if building and name not in HAVE_GENERATIONS:
        raise ValueError(f"{name} has no generations: {', '.join(sorted(HAVE_GENERATIONS))} can be built anew beside what is in use; rebuild {name} in place")
    seconds = settings.aegis_store_timeout_seconds if timeout is None else timeout
    match name:
        case "milvus":
            from aegis.stores.milvus import MilvusStore

            return MilvusStore(settings.milvus_uri, _shapes(name, VectorCollection), _embedder(settings), timeout=seconds, building=building)
        case "neo4j":
            from aegis.stores.neo4j import Neo4jStore

            password = settings.neo4j_password.get_secret_value()
            return Neo4jStore(settings.neo4j_uri, settings.neo4j_user, password, _shapes(name, GraphLabel), timeout=seconds)
        case "elasticsearch":
            from aegis.stores.elasticsearch import ElasticsearchStore

            return ElasticsearchStore(settings.elasticsearch_url, _shapes(name, SearchIndex), timeout=seconds, building=building)
        case "redis":
            from aegis.stores.redis import RedisStore

            return RedisStore(settings.redis_url.get_secret_value(), _shapes(name, CacheKeyspace), timeout=seconds)
        case _:
            raise ValueError(f"no derived store is named {name!r}: aegis/derivations.py lists them")


def open_generations(name: str, settings: Settings) -> Generations:
    """The generations of the derived store `name`. Raises ValueError for a store that has none."""
    match name:
        case "elasticsearch":
            from aegis.stores.elasticsearch import generations

            return generations(settings.elasticsearch_url, _shapes(name, SearchIndex), timeout=settings.aegis_store_timeout_seconds)
        case "milvus":
            from aegis.stores import milvus

            return milvus.generations(settings.milvus_uri, _shapes(name, VectorCollection), _embedder(settings), timeout=settings.aegis_store_timeout_seconds)
        case _:
            raise ValueError(f"{name} has no generations: rebuild it in place")


@contextmanager
def opened(name: str, settings: Settings, *, timeout: float | None = None) -> Iterator[Store]:
    """`open_store`, closed at the end of the block."""
    store = open_store(name, settings, timeout=timeout)
    try:
        yield store
    finally:
        store.close()


def _embedder(settings: Settings) -> DeferredEmbedder:
    return DeferredEmbedder(lambda: open_embedder(settings.embedding_backend, settings.embedding_model_dir))


def _shapes(store: str, kind: type[S]) -> Mapping[str, S]:
    """The shapes of `store`, all of the kind that its driver writes. Raises TypeError where a projection declares another."""
    found: dict[str, S] = {}
    for table, shape in shapes(store).items():
        if not isinstance(shape, kind):
            raise TypeError(f"the projection of {table} into {store} declares a {type(shape).__name__}: it must be a {kind.__name__}")
        found[table] = shape
    return found
