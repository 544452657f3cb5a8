"""Plants in Elasticsearch: a document a record, whose external version is the stamp, with the register under `aegis`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, helpers

from aegis.claim import claim_of
from aegis.settings import Settings
from tests.support.planting.plant import AHEAD, DELETE_RANK, IMPOSSIBLE_STAMP, Images, Kind, Plant, new_key, plants
from tests.support.wait import until

TEXTS = {"policies": "title", "business_rules": "description"}
EDITS = {Kind.EDITED: 1, Kind.EDITED_OFTEN: 3}
FORGETTING_SECONDS = 30.0

Document = tuple[int, dict[str, Any]]
"""Version and source."""
Change = Callable[[int, dict[str, Any]], Document]


def _register(document: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {**document, "aegis": {**document["aegis"], **fields}}


def _stamped(version: int, source: dict[str, Any]) -> Document:
    return version, _register(source, stamp=version)


def _without_bucket(version: int, source: dict[str, Any]) -> Document:
    return version, {**source, "aegis": {name: value for name, value in source["aegis"].items() if name != "bucket"}}


def _without_register(version: int, source: dict[str, Any]) -> Document:
    return version, {name: value for name, value in source.items() if name != "aegis"}


def _advanced(version: int, source: dict[str, Any]) -> Document:
    stamp = version + 4 * AHEAD
    return stamp, _register(source, stamp=stamp, claim=claim_of(source["aegis"]["key"], stamp // 4).claim)


def _buried(version: int, source: dict[str, Any]) -> Document:
    stamp = version // 4 * 4 + DELETE_RANK
    return stamp, _register({"aegis": source["aegis"]}, stamp=stamp, deleted=True)


CHANGES: dict[Kind, Change] = {
    Kind.FUTURE_STAMP: _advanced,
    Kind.IMPOSSIBLE_STAMP: lambda _, source: _stamped(IMPOSSIBLE_STAMP, source),
    Kind.LOWERED_STAMP: lambda version, source: _stamped(version - 8, source),
    Kind.BURIED: _buried,
    Kind.HIDDEN: lambda version, source: (version, _register(source, deleted=True)),
    Kind.REVEALED: lambda version, source: (version, _register(source, deleted=False)),
    Kind.WRONG_CLAIM: lambda version, source: (version, _register(source, claim=source["aegis"]["claim"] ^ 1)),
    Kind.WRONG_BUCKET: lambda version, source: (version, _register(source, bucket=source["aegis"]["bucket"] ^ 1)),
    Kind.NO_BUCKET: _without_bucket,
    Kind.NO_REGISTER: _without_register,
}
"""What is done to a document."""


class ElasticsearchPlanter:
    """Corrupts the search index."""

    store = "elasticsearch"

    def __init__(self, settings: Settings) -> None:
        self._client = Elasticsearch(settings.elasticsearch_url, request_timeout=30)

    def kinds(self, table: str) -> Sequence[Kind]:
        if table not in TEXTS:
            return ()
        own = (Kind.MISSING, Kind.ORPHAN, Kind.ORPHAN_OTHER_BUCKET, Kind.BY_HAND, Kind.DUPLICATE, Kind.CONTENT, *EDITS)
        return (*own, *(kind for kind in CHANGES if kind is not Kind.REVEALED or table == "policies"))

    def plant(self, kind: Kind, table: str, keys: Sequence[str]) -> list[Plant]:
        match kind:
            case Kind.MISSING:
                self._delete(table, keys)
                return self._planted(table, keys, kind, "DELETE of the document")
            case Kind.ORPHAN | Kind.ORPHAN_OTHER_BUCKET | Kind.DUPLICATE:
                return self._copy(table, keys, kind)
            case Kind.BY_HAND:
                made = [new_key(key, kind) for key in keys]
                for key in made:
                    self._client.index(index=table, id=key, document={TEXTS[table]: "by hand"})
                return self._planted(table, made, kind, "PUT of a document")
            case Kind.EDITED | Kind.EDITED_OFTEN:
                for key in keys:
                    for edit in range(EDITS[kind]):
                        self._client.update(index=self._index(table), id=key, doc={TEXTS[table]: f"edited {edit}"})
                return self._planted(table, keys, kind, f"{EDITS[kind]} updates of a field")
            case Kind.CONTENT:
                self._change(table, keys, lambda version, source: (version, {**source, TEXTS[table]: "another"}))
            case Kind.LOWERED_STAMP:
                documents = self._documents(table, keys)
                self.remove(table, keys)
                self._write(table, {key: CHANGES[kind](*document) for key, document in documents.items()})
            case _:
                self._change(table, keys, CHANGES[kind])
        return self._planted(table, keys, kind, f"document indexed again: {kind}")

    def images(self, table: str, keys: Sequence[str]) -> Images:
        return self._documents(table, keys)

    def put_back(self, table: str, images: Images) -> list[Plant]:
        self.remove(table, list(images))
        self._write(table, images)
        return self._planted(table, list(images), Kind.OLD_IMAGE, "document and version of before")

    def remove(self, table: str, keys: Sequence[str]) -> None:
        """The server refuses lower versions of a deleted document until it forgets it: at the first refresh after `gc_deletes`."""
        index, probe = self._index(table), f"probe-{keys[0]}"
        self._client.indices.put_settings(index=index, settings={"index.gc_deletes": "0s"})
        try:
            self._client.index(index=index, id=probe, document={}, version=2, version_type="external_gte")
            self._delete(table, keys)
            self._client.delete(index=index, id=probe)  # the last to be deleted is the last to be forgotten
            until(lambda: self._takes(index, probe), FORGETTING_SECONDS, "Elasticsearch to forget deleted documents")
            self._client.delete(index=index, id=probe)
        finally:
            self._client.indices.put_settings(index=index, settings={"index.gc_deletes": None})

    def shown(self, table: str, keys: Sequence[str]) -> set[str]:
        self._client.indices.refresh(index=table)
        answer = self._client.search(index=table, query={"ids": {"values": list(keys)}}, size=len(keys) + 1, source=False)
        return {hit["_id"] for hit in answer["hits"]["hits"]}

    def close(self) -> None:
        self._client.close()

    def _takes(self, index: str, probe: str) -> bool:
        """Whether the server has forgotten that there was a version 3 of `probe`."""
        self._client.indices.refresh(index=index)
        try:
            self._client.index(index=index, id=probe, document={}, version=1, version_type="external_gte")
        except ConflictError:
            return False
        return True

    def _copy(self, table: str, keys: Sequence[str], kind: Kind) -> list[Plant]:
        copies: dict[str, Document] = {}
        for key, (version, source) in self._documents(table, keys).items():
            new = new_key(key, kind)
            bucket, claim = claim_of(new, version // 4)
            own: dict[Kind, dict[str, Any]] = {Kind.ORPHAN: {"key": new, "bucket": bucket, "claim": claim}, Kind.ORPHAN_OTHER_BUCKET: {"key": new}}
            copies[new] = version, _register(source, **own.get(kind, {}))
        self._write(table, copies)
        return self._planted(table, list(copies), kind, "document copied under another _id")

    def _change(self, table: str, keys: Sequence[str], change: Change) -> None:
        self._write(table, {key: change(*document) for key, document in self._documents(table, keys).items()})

    def _documents(self, table: str, keys: Sequence[str]) -> dict[str, Document]:
        found = self._client.mget(index=self._index(table), ids=list(keys))["docs"]
        assert all(document["found"] for document in found), f"not all of {keys} are in {table}"
        return {document["_id"]: (document["_version"], document["_source"]) for document in found}

    def _write(self, table: str, documents: Mapping[str, Document]) -> None:
        index = self._index(table)
        helpers.bulk(
            self._client,
            (
                {"_op_type": "index", "_index": index, "_id": key, "version": version, "version_type": "external_gte", "_source": source}
                for key, (version, source) in documents.items()
            ),
        )

    def _delete(self, table: str, keys: Sequence[str]) -> None:
        index = self._index(table)
        helpers.bulk(self._client, ({"_op_type": "delete", "_index": index, "_id": key} for key in keys))

    def _index(self, table: str) -> str:
        """The index behind the alias, which has the table's name: a rebuild makes another."""
        [index] = self._client.indices.get_alias(name=table).body
        return str(index)

    def _planted(self, table: str, keys: Sequence[str], kind: Kind, did: str) -> list[Plant]:
        return plants(self.store, table, keys, kind, did)
