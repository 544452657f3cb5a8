"""Elasticsearch: one document per record, in one index per table.

    {alias}-v1, -v2, …  generations of the index: live records and tombstones, compared by their external version
    {alias}             what readers search: shows no tombstones
    {alias}-records     what this store reads and writes: the generation in use, whatever its number

The server holds the one rule, so any number of writers may share a key. Nothing but what the cold path forgets is really deleted here: of deleted documents
the server forgets the version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch, OrjsonSerializer

from aegis.errors import AegisError, ChangeRejected, Code
from aegis.inspection import Listed, Sums
from aegis.projections.shapes import SearchIndex
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores import elasticsearch_inspection as inspection
from aegis.stores import elasticsearch_removal as removal
from aegis.stores.elasticsearch_calls import ABSENT, CALL_BYTES, CONFLICT, READ_RECORDS, bulk, documents, pages
from aegis.stores.elasticsearch_document import operation_of, stored_record
from aegis.stores.elasticsearch_errors import IndexGone, passes, refusal, translated, unavailable
from aegis.stores.elasticsearch_generations import ElasticsearchGenerations, prepare
from aegis.stores.elasticsearch_index import HIDDEN, VISIBLE
from aegis.stores.elasticsearch_names import Names
from aegis.stores.protocol import Count, Image


def connect(url: str, timeout: float) -> Elasticsearch:
    """A client that answers or fails within `timeout` seconds. Retrying is the stream app's business, with the breaker in view."""
    return Elasticsearch(url, request_timeout=timeout, max_retries=0, retry_on_timeout=False, retry_on_status=(), serializer=OrjsonSerializer())


def generations(url: str, shapes: Mapping[str, SearchIndex], *, timeout: float = 30.0, prefix: str = "") -> ElasticsearchGenerations:
    """The generations of a store with the same arguments."""
    return ElasticsearchGenerations(connect(url, timeout), {Names(f"{prefix}{shape.alias}"): shape for shape in shapes.values()})


class ElasticsearchStore:
    """The store `elasticsearch`. `prefix` goes before every name, for tests. `timeout` (s) bounds connecting and every single reply.

    `building`: every read and write goes to the generation that is being built, which must be there.
    """

    name = "elasticsearch"

    def __init__(self, url: str, shapes: Mapping[str, SearchIndex], *, timeout: float = 30.0, prefix: str = "", building: bool = False) -> None:
        self.tables = frozenset(shapes)
        self._shapes = dict(shapes)
        self._names = {table: Names(f"{prefix}{shape.alias}") for table, shape in shapes.items()}
        self._building = building
        self._client = connect(url, timeout)

    def prepare(self) -> None:
        """Create each index with its aliases, or add the fields that its shape has gained.

        A next generation is not created here: raises `AegisError` where none is being built.
        """
        for table, shape in self._shapes.items():
            with translated():
                if not self._building:
                    prepare(self._client, self._names[table], shape)
                elif not self._client.indices.exists_alias(name=self._index(table)):
                    raise self._gone(table)

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """As the protocol says. Durable in the translog, on disk, when it returns."""
        outcomes: dict[int, Outcome] = {}
        for places, body in self._calls(records, outcomes):
            for place, item in zip(places, bulk(self._client, body), strict=True):
                outcomes[place] = self._outcome(records[place], item["index"])
        self._overtaken(records, outcomes)
        return [outcomes[place] for place in range(len(records))]

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """As the protocol says; realtime, so it sees what no search sees yet."""
        hits = documents(self._client, self._index(table), keys, source=True)
        return {record.key: record for hit in hits if (record := stored_record(table, hit)) is not None}

    def stored_form(self, table: str, content: Content) -> Content:
        """The source of a document comes back as it was."""
        return content

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says, from a snapshot of this moment."""
        for hits in pages(self._client, self._index(table), READ_RECORDS):
            yield from (record for hit in hits if (record := stored_record(table, hit)) is not None)

    def count(self, table: str) -> Count:
        """As the protocol says."""
        index = self._index(table)
        with translated():
            self._client.indices.refresh(index=index)
            visible, hidden = (self._client.count(index=index, query=query)["count"] for query in (VISIBLE, HIDDEN))
        return Count(visible=visible, tombstones=hidden)

    def sums(self, table: str) -> Sums:
        """As the protocol says. What was changed by hand and kept its register is not seen here, but in a listing."""
        return inspection.sums(self._client, self._index(table))

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says, from a snapshot of this moment."""
        return inspection.listing(self._client, self._index(table), buckets)

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        return inspection.inspect(self._client, self._index(table), table, keys)

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        """As the protocol says."""
        with self._making_again(table):
            return removal.forget(self._client, self._index(table), table, expected)

    def images(self, table: str, keys: Sequence[str]) -> Mapping[str, Image]:
        """As the protocol says."""
        return removal.images(self._client, self._index(table), keys)

    def restore(self, table: str, images: Mapping[str, Image]) -> int:
        """As the protocol says."""
        with self._making_again(table):
            return removal.restore(self._client, self._index(table), table, images)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _calls(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> Iterator[tuple[list[int], list[bytes]]]:
        """Bulk calls, each with the places of its records; what cannot be written as a document goes into `outcomes`."""
        applied_at = datetime.now(UTC).isoformat()
        places: list[int] = []
        body: list[bytes] = []
        size = 0
        for place, record in enumerate(records):
            try:
                operation = operation_of(record, self._index(record.table), applied_at)
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

    def _outcome(self, record: Record, item: Mapping[str, Any]) -> Outcome:
        """What the answer for one record says. Raises `StoreUnavailable` for the whole batch where this record may succeed later."""
        status, error = item["status"], item.get("error")
        if error is None:
            return APPLIED
        if status == CONFLICT:
            return STALE
        if status == ABSENT:
            raise self._gone(record.table)
        if passes(status, error["type"]):
            raise unavailable(f"status {status}, {error['type']}")
        return rejected(refusal(record, error))

    def _overtaken(self, records: Sequence[Record], outcomes: dict[int, Outcome]) -> None:
        """What cannot be stored but is older than what is stored is stale: nobody needs to hear of it."""
        places = [place for place, outcome in outcomes.items() if outcome.reason is not None]
        for table in {records[place].table for place in places}:
            of_table = [place for place in places if records[place].table == table]
            hits = documents(self._client, self._index(table), [records[place].key for place in of_table], source=False)
            versions = {hit["_id"]: hit["_version"] for hit in hits}
            for place in of_table:
                if records[place].stamp.packed < versions.get(records[place].key, 0):
                    outcomes[place] = STALE

    @contextmanager
    def _making_again(self, table: str) -> Iterator[None]:
        """Calls that change something make an index that is gone, as writing does."""
        try:
            yield
        except IndexGone as error:
            raise self._gone(table) from error

    def _gone(self, table: str) -> AegisError:
        """Somebody took the index away; reconciliation finds what else is missing."""
        index = self._index(table)
        if self._building:
            return AegisError(Code.ELASTICSEARCH_SYNC_FAILED, f"no generation of {table} is being built ({index} is gone); begin the rebuild again")
        self.prepare()
        return unavailable(f"index {index} was gone and has been created empty; replay or reconcile {table}")

    def _index(self, table: str) -> str:
        """An alias without a filter, for lookups by key and for writing alike."""
        names = self._names[table]
        return names.next if self._building else names.records
