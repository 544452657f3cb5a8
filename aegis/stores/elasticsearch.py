"""Elasticsearch: one document per record, in one index per table.

    {alias}-v1    the index: live records and tombstones, compared by their external version
    {alias}       what readers search, and what writers write through: shows no tombstones

The server holds the one rule, so any number of writers may share a key. Nothing is really deleted here: of deleted documents the server forgets the version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ApiError, Elasticsearch, OrjsonSerializer

from aegis.errors import ChangeRejected
from aegis.projections.shapes import SearchIndex
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stamp import Stamp
from aegis.stores.elasticsearch_document import ID_BYTES, operation_of, stored_record
from aegis.stores.elasticsearch_errors import passes, refusal, translated, unavailable
from aegis.stores.elasticsearch_index import GENERATION, VISIBLE, definition_of, mapping_of
from aegis.stores.protocol import Count

CALL_BYTES = 8_000_000
"""Bound on one bulk call: small beside the server's heap and its own limit of 100 MB."""
READ_RECORDS = 500
SNAPSHOT_KEPT = "2m"
"""How long the server keeps a scan's snapshot between two pages."""
_CONFLICT, _ABSENT = 409, 404


class ElasticsearchStore:
    """The store `elasticsearch`. `prefix` goes before every name, for tests. `timeout` (s) bounds connecting and every single reply."""

    name = "elasticsearch"

    def __init__(self, url: str, shapes: Mapping[str, SearchIndex], *, timeout: float = 30.0, prefix: str = "") -> None:
        self.tables = frozenset(shapes)
        self._shapes = dict(shapes)
        self._prefix = prefix
        # Retrying is the stream app's business, with the breaker in view.
        self._client = Elasticsearch(url, request_timeout=timeout, max_retries=0, retry_on_timeout=False, retry_on_status=(), serializer=OrjsonSerializer())

    def prepare(self) -> None:
        """Create each index with its alias, or add the fields that its shape has gained."""
        for table, shape in self._shapes.items():
            with translated():
                self._create(table, shape)

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """As the protocol says. Durable in the translog, on disk, when it returns."""
        outcomes: dict[int, Outcome] = {}
        for places, body in self._calls(records, outcomes):
            for place, item in zip(places, self._bulk(body), strict=True):
                outcomes[place] = self._outcome(records[place], item["index"])
        self._overtaken(records, outcomes)
        return [outcomes[place] for place in range(len(records))]

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """As the protocol says; realtime, so it sees what no search sees yet."""
        hits = self._documents(table, keys, source=True)
        return {hit["_id"]: stored_record(table, hit) for hit in hits}

    def stored_form(self, table: str, content: Content) -> Content:
        """The source of a document comes back as it was."""
        return content

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says, from a snapshot of this moment."""
        with translated():
            self._client.indices.refresh(index=self._index(table))
            snapshot = self._client.open_point_in_time(index=self._index(table), keep_alive=SNAPSHOT_KEPT)["id"]
        try:
            after: list[Any] | None = None
            while True:
                with translated():
                    answer = self._client.search(
                        pit={"id": snapshot, "keep_alive": SNAPSHOT_KEPT},
                        size=READ_RECORDS,
                        sort=["_shard_doc"],
                        search_after=after,
                        version=True,
                        track_total_hits=False,
                    )
                hits = answer["hits"]["hits"]
                if not hits:
                    return
                yield from (stored_record(table, hit) for hit in hits)
                snapshot, after = answer["pit_id"], hits[-1]["sort"]
        finally:
            with translated():
                self._client.close_point_in_time(id=snapshot)

    def count(self, table: str) -> Count:
        """As the protocol says."""
        index = self._index(table)
        with translated():
            self._client.indices.refresh(index=index)
            total = self._client.count(index=index)["count"]
            visible = self._client.count(index=index, query=VISIBLE)["count"]
        return Count(visible=visible, tombstones=total - visible)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _create(self, table: str, shape: SearchIndex) -> None:
        definition = definition_of(shape, self._alias(table))
        try:
            self._client.indices.create(index=self._index(table), **definition)
        except ApiError as error:
            if error.error != "resource_already_exists_exception":
                raise
            self._client.indices.put_mapping(index=self._index(table), **mapping_of(shape))
            self._client.indices.put_alias(index=self._index(table), name=self._alias(table), filter=VISIBLE, is_write_index=True)

    def _calls(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> Iterator[tuple[list[int], list[bytes]]]:
        """Bulk calls, each with the places of its records; what cannot be written as a document goes into `outcomes`."""
        applied_at = datetime.now(UTC).isoformat()
        places: list[int] = []
        body: list[bytes] = []
        size = 0
        for place, record in enumerate(records):
            try:
                operation = operation_of(record, self._alias(record.table), applied_at)
            except ChangeRejected as error:
                outcomes[place] = rejected(error)
                continue
            if places and size + len(operation) > CALL_BYTES:
                yield places, body
                places, body, size = [], [], 0
            places.append(place)
            body.append(operation)
            size += len(operation)
        if places:
            yield places, body

    def _bulk(self, body: list[bytes]) -> Sequence[Mapping[str, Any]]:
        with translated():
            answer = self._client.perform_request(
                "POST",
                "/_bulk?require_alias=true&filter_path=items.*.status,items.*.error",
                headers={"accept": "application/json", "content-type": "application/x-ndjson"},
                body=b"".join(body),
            )
        items: Sequence[Mapping[str, Any]] = answer.body["items"]
        return items

    def _outcome(self, record: Record, item: Mapping[str, Any]) -> Outcome:
        """What the answer for one record says. Raises `StoreUnavailable` for the whole batch where this record may succeed later."""
        status, error = item["status"], item.get("error")
        if error is None:
            return APPLIED
        if status == _CONFLICT:
            return STALE
        if status == _ABSENT:
            # Somebody took the index away; reconciliation finds what else is missing.
            self.prepare()
            raise unavailable(f"index {self._index(record.table)} was gone and has been created empty; replay or reconcile {record.table}")
        if passes(status, error["type"]):
            raise unavailable(f"status {status}, {error['type']}")
        return rejected(refusal(record, error))

    def _overtaken(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> None:
        """What cannot be stored but is older than what is stored is stale: nobody needs to hear of it."""
        places = [place for place, outcome in outcomes.items() if outcome.reason is not None]
        for table in {records[place].table for place in places}:
            of_table = [place for place in places if records[place].table == table]
            hits = self._documents(table, [records[place].key for place in of_table], source=False)
            stamps = {hit["_id"]: Stamp.unpack(hit["_version"]) for hit in hits}
            for place in of_table:
                record = records[place]
                if record.stamp < stamps.get(record.key, record.stamp):
                    outcomes[place] = STALE

    def _documents(self, table: str, keys: Sequence[str], *, source: bool) -> Iterator[Mapping[str, Any]]:
        """The documents of `keys` that there are. Not through the alias: its filter is for searches."""
        possible = [key for key in keys if 0 < len(key.encode()) <= ID_BYTES]
        for start in range(0, len(possible), READ_RECORDS):
            with translated():
                answer = self._client.mget(index=self._index(table), ids=possible[start : start + READ_RECORDS], source=source)
            for document in answer["docs"]:
                if "error" in document:
                    raise unavailable(f"reading {table}: {document['error'].get('type', 'error')}")
                if document["found"]:
                    yield document

    def _alias(self, table: str) -> str:
        return f"{self._prefix}{self._shapes[table].alias}"

    def _index(self, table: str) -> str:
        return f"{self._alias(table)}-{GENERATION}"
