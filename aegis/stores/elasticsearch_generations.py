"""Generations of an index: the one in use, found through its aliases whatever its number, and the next one, built beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from aegis.projections.shapes import SearchIndex
from aegis.stores.elasticsearch_calls import READ_RECORDS, bulk, pages
from aegis.stores.elasticsearch_document import restoring, stored_record
from aegis.stores.elasticsearch_errors import IndexGone, translated
from aegis.stores.elasticsearch_index import FORGETTING, HIDDEN, REGISTER_FIELD, aliases_in_use, definition_of, field, mapping_of
from aegis.stores.elasticsearch_names import Names

_RACES = {"resource_already_exists_exception", "aliases_not_found_exception"}
"""What is answered where somebody else creates the same index, or switches generations, at the same time."""


class ElasticsearchGenerations:
    """`shapes`: each index by its names. The client is closed with this."""

    def __init__(self, client: Elasticsearch, shapes: Mapping[Names, SearchIndex]) -> None:
        self._client = client
        self._shapes = shapes

    def build(self) -> None:
        """As the protocol says."""
        self.abandon()
        for names, shape in self._shapes.items():
            # Above every index there is, so that no name is ever taken again while somebody still uses it.
            number = max(existing(self._client, names), default=0) + 1
            with translated():
                self._client.indices.create(index=names.generation(number), **definition_of(shape, {names.next: {}}))

    def switch(self) -> None:
        """As the protocol says, by one change of aliases."""
        actions: list[dict[str, Any]] = []
        for names in self._shapes:
            found = existing(self._client, names)
            built = [number for number, aliases in found.items() if names.next in aliases]
            if not built:
                raise ValueError(f"no next generation of {names.readers} is there to switch to: build it first")
            actions += _switching(names, built[0], [number for number in found if number not in built])
        with translated():
            self._client.indices.update_aliases(actions=actions)

    def abandon(self) -> None:
        """As the protocol says."""
        for names in self._shapes:
            for number, aliases in existing(self._client, names).items():
                if names.next in aliases:
                    with translated():
                        self._client.options(ignore_status=404).indices.delete(index=names.generation(number))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def existing(client: Elasticsearch, names: Names) -> dict[int, frozenset[str]]:
    """Generation → its aliases."""
    with translated():
        found = client.indices.get(index=names.every_generation, features="aliases")
    numbered = ((names.number(index), frozenset(state["aliases"])) for index, state in found.items())
    return {number: aliases for number, aliases in numbered if number is not None}


def in_use(found: Mapping[int, frozenset[str]], names: Names) -> int | None:
    """The generation that readers have; where none has their alias, the newest that is not being built."""
    finished = [number for number, aliases in found.items() if names.next not in aliases]
    return max(finished, key=lambda number: (names.readers in found[number], number), default=None)


def prepare(client: Elasticsearch, names: Names, shape: SearchIndex) -> None:
    """Create the first generation, or give the one in use the fields that its shape has gained, and its aliases."""
    try:
        _prepare(client, names, shape)
    except IndexGone:
        _prepare(client, names, shape)
    except ApiError as error:
        if error.error not in _RACES:
            raise
        _prepare(client, names, shape)


def _prepare(client: Elasticsearch, names: Names, shape: SearchIndex) -> None:
    number = in_use(existing(client, names), names)
    with translated():
        if number is None:
            client.indices.create(index=names.generation(1), **definition_of(shape, aliases_in_use(names)))
            return
        index = names.generation(number)
        client.indices.put_mapping(index=index, **mapping_of(shape))
        client.indices.put_settings(index=index, settings={"index": FORGETTING})
        client.indices.update_aliases(actions=_added(names, index))
    _rank_tombstones(client, names.records)


def _rank_tombstones(client: Elasticsearch, index: str) -> None:
    """Write tombstones from before the field `rank` again, as they are but with it; what is newer by then stays."""
    query = {"bool": {"filter": [HIDDEN, {"exists": {"field": field("stamp")}}], "must_not": [{"exists": {"field": field("rank")}}]}}
    for hits in pages(client, index, READ_RECORDS, query=query):
        records = [(hit, hit["_source"][REGISTER_FIELD]) for hit in hits if stored_record(index, hit) is not None]
        lines = [restoring(index, hit["_id"], hit["_version"], {REGISTER_FIELD: {**register, "rank": hit["_version"] % 4}}) for hit, register in records]
        if lines:
            bulk(client, lines)


def _added(names: Names, index: str) -> list[dict[str, Any]]:
    return [{"add": {"index": index, "alias": alias, **options}} for alias, options in aliases_in_use(names).items()]


def _switching(names: Names, built: int, old: Sequence[int]) -> list[dict[str, Any]]:
    index = names.generation(built)
    return [
        *({"remove_index": {"index": names.generation(number)}} for number in old),
        {"remove": {"index": index, "alias": names.next}},
        *_added(names, index),
    ]
