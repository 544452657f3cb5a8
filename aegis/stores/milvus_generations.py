"""Generations of a collection: the one in use has the name that readers know as an alias, the next one is built beside it.

    policy_embeddings           alias of the generation in use; a collection of before generations has the name itself, and is in use until a switch
    policy_embeddings_next      alias of the generation that is being built, where one is
    policy_embeddings_v1, …     the collections

The collection of tombstones has generations of its own, named likewise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pymilvus.exceptions import MilvusException

from aegis.embedding.protocol import Embedder
from aegis.stores.milvus_calls import MilvusCalls
from aegis.stores.milvus_collections import Collections
from aegis.stores.milvus_errors import translated
from aegis.stores.milvus_schema import make_tombstones, make_visible

Make = Callable[[str], None]
"""Creates the collection of that name where it is missing, and loads it; of one that is there, checks that it fits."""


class MilvusGenerations:
    """The connection is closed with this. The embedder is asked for nothing but its name and dimension."""

    def __init__(self, calls: MilvusCalls, collections: Sequence[Collections], embedder: Embedder) -> None:
        self._calls = calls
        self._makers = [(name, make) for of in collections for name, make in makers(calls, of, embedder).items()]

    def build(self) -> None:
        """As the protocol says."""
        self.abandon()
        with translated():
            for name, make in self._makers:
                # Above every collection there is, so that no name is ever taken again while somebody still uses it.
                number = max((number for number, _ in existing(self._calls, name)), default=0) + 1
                make(generation(name, number))
                self._calls.client.create_alias(generation(name, number), next_of(name), timeout=self._calls.timeout)

    def switch(self) -> None:
        """As the protocol says: one alias after the other, the readers' first.

        Milvus changes one alias at a time. After a crash in between the old tombstones are in use beside the new rows, which is in order: they have every
        stamp up to where the store's own group stands, and that group reads on from there.
        """
        with translated():
            built = {name: target(self._calls, next_of(name)) for name, _ in self._makers}
            for name, collection in built.items():
                if collection is None:
                    raise ValueError(f"no next generation of {name} is there to switch to: build it first")
            for name, collection in built.items():
                if collection is not None:
                    self._give(name, collection)
        self.abandon()

    def _give(self, name: str, collection: str) -> None:
        """Make `name` lead to `collection`. Readers miss the name for a moment where a collection of before generations has to make room for it."""
        client, timeout = self._calls.client, self._calls.timeout
        if target(self._calls, name) == name:
            client.rename_collection(name, generation(name, 0), timeout=timeout)
            client.load_collection(generation(name, 0), timeout=timeout)
        if client.has_collection(name, timeout=timeout):
            client.alter_alias(collection, name, timeout=timeout)
        else:
            client.create_alias(collection, name, timeout=timeout)

    def abandon(self) -> None:
        """As the protocol says; what an interrupted switch left of the old generation is removed as well."""
        with translated():
            client, timeout = self._calls.client, self._calls.timeout
            for name, _ in self._makers:
                kept = in_use(self._calls, name)
                if client.has_collection(next_of(name), timeout=timeout):
                    client.drop_alias(next_of(name), timeout=timeout)
                for _, collection in existing(self._calls, name):
                    if collection != kept:
                        client.drop_collection(collection, timeout=timeout)

    def close(self) -> None:
        """As the protocol says."""
        self._calls.close()


def makers(calls: MilvusCalls, of: Collections, embedder: Embedder) -> Mapping[str, Make]:
    """The names of a table's two collections, the readers' first, with what makes a collection of each kind. Called inside `translated`."""
    return {
        of.visible: lambda name: make_visible(calls.client, name, of.shape, embedder, calls.timeout),
        of.tombstones: lambda name: make_tombstones(calls.client, name, of.shape, calls.timeout),
    }


def prepare(calls: MilvusCalls, name: str, make: Make) -> None:
    """Create the first generation, or load and check the one in use. Raises what `make` raises. Called inside `translated`."""
    client, timeout = calls.client, calls.timeout
    if not client.has_collection(name, timeout=timeout):
        collection = in_use(calls, name) or generation(name, 1)
        make(collection)
        try:
            client.create_alias(collection, name, timeout=timeout)
        except MilvusException:
            # Somebody else may have made it between the question and the order.
            if not client.has_collection(name, timeout=timeout):
                raise
    make(name)


def next_of(name: str) -> str:
    """The alias of what is being built."""
    return f"{name}_next"


def next_generation(of: Collections) -> Collections:
    """The same collections, by the names under which they are built."""
    return replace(of, visible=next_of(of.visible), tombstones=next_of(of.tombstones))


def generation(name: str, number: int) -> str:
    """The collection of a generation."""
    return f"{name}_v{number}"


def target(calls: MilvusCalls, name: str) -> str | None:
    """The collection that `name` leads to, `name` itself where it is no alias; None where there is neither."""
    client, timeout = calls.client, calls.timeout
    return str(client.describe_collection(name, timeout=timeout)["collection_name"]) if client.has_collection(name, timeout=timeout) else None


def existing(calls: MilvusCalls, name: str) -> list[tuple[int, str]]:
    """Number and name of every generation, ascending."""
    pattern = re.compile(re.escape(name) + r"_v(\d+)")
    names = calls.client.list_collections(timeout=calls.timeout)
    return sorted((int(found[1]), collection) for collection in names if (found := pattern.fullmatch(collection)))


def in_use(calls: MilvusCalls, name: str) -> str | None:
    """The collection that readers have; where the name leads nowhere, which a crash may leave, the newest that is not being built."""
    if (found := target(calls, name)) is not None:
        return found
    building = target(calls, next_of(name))
    return next((collection for _, collection in reversed(existing(calls, name)) if collection != building), None)
