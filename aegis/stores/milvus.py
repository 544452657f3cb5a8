"""Milvus as a derived store: vectors with scalar fields, and tombstones in a collection beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aegis.embedding.protocol import Embedder
from aegis.errors import AegisError, ChangeRejected, Code
from aegis.inspection import Listed, Sums
from aegis.projections.shapes import VectorCollection
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores import milvus_generations, milvus_row
from aegis.stores.isolate import isolate
from aegis.stores.milvus_calls import MilvusCalls, Wanted
from aegis.stores.milvus_collections import Collections, collections_of
from aegis.stores.milvus_errors import rejecting, translated
from aegis.stores.milvus_inspection import MilvusInspection
from aegis.stores.milvus_row import VECTOR
from aegis.stores.milvus_schema import TOMBSTONE_VECTOR
from aegis.stores.milvus_vectors import Vector, Vectors
from aegis.stores.protocol import Count, Image

ROWS_PER_WRITE = 500


def generations(
    uri: str, shapes: Mapping[str, VectorCollection], embedder: Embedder, *, timeout: float = 30.0, collection_prefix: str = ""
) -> milvus_generations.MilvusGenerations:
    """The generations of a store with the same arguments."""
    in_use = collections_of(shapes, collection_prefix)
    return milvus_generations.MilvusGenerations(MilvusCalls(uri, timeout), list(in_use.values()), embedder)


class MilvusStore:
    """Vectors by key. Milvus has no conditional write: stamps are read with strong consistency, compared, and whole rows are upserted.

    That is safe with one writer per key, which the log's partitions give: a key belongs to one partition, and a partition to one worker of the group.
    """

    name = "milvus"

    def __init__(
        self,
        uri: str,
        shapes: Mapping[str, VectorCollection],
        embedder: Embedder,
        *,
        timeout: float = 30.0,
        collection_prefix: str = "",
        building: bool = False,
    ) -> None:
        """Connects at the first call. `timeout`: seconds, for connecting and for each call of the server; a batch takes a handful of them.

        `building`: every read and write goes to the generation that is being built, which must be there. No vector is taken over from the one in use: it
        may be what is wrong.
        """
        self.tables = frozenset(shapes)
        self.vectors = Vectors(embedder)
        """Counts what was embedded and what was reused."""
        self._calls = MilvusCalls(uri, timeout)
        self._building = building
        in_use = collections_of(shapes, collection_prefix)
        self._collections = {table: milvus_generations.next_generation(of) for table, of in in_use.items()} if building else in_use
        self._inspections = {table: MilvusInspection(self._calls, of) for table, of in self._collections.items()}

    def prepare(self) -> None:
        """As the protocol says. Raises `OtherCollection` when a collection holds another model's vectors or lacks a field: they never mix.

        A next generation is not created here: raises `AegisError` where none is being built.
        """
        with translated():
            for table, of in self._collections.items():
                for name, make in milvus_generations.makers(self._calls, of, self.vectors.embedder).items():
                    if self._building and milvus_generations.target(self._calls, name) is None:
                        raise AegisError(Code.MILVUS_SYNC_FAILED, f"no generation of {table} is being built ({name} is gone); begin the rebuild again")
                    milvus_generations.prepare(self._calls, name, make)

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """As the protocol says; blocks while texts that are new are embedded."""
        outcomes: dict[tuple[str, str], Outcome] = {}
        for table in dict.fromkeys(record.table for record in records):
            mine = [record for record in records if record.table == table]
            for start in range(0, len(mine), ROWS_PER_WRITE):
                answers = self._apply(self._collections[table], mine[start : start + ROWS_PER_WRITE])
                outcomes |= {(table, key): outcome for key, outcome in answers.items()}
        return [outcomes[record.table, record.key] for record in records]

    def _apply(self, of: Collections, records: Sequence[Record]) -> dict[str, Outcome]:
        """Read, compare, write. Whatever the crash, what is left converges when the batch comes again: tombstones are written before rows are deleted."""
        sound, outcomes = _sifted(records, of.shape, milvus_row.require_key)
        key, keys = of.shape.key, [record.key for record in sound]
        visible = self._calls.rows(of.visible, key, keys, [key, "stamp", "text_hash", "model"])
        tombstones = self._calls.rows(of.tombstones, key, keys, [key, "stamp"])
        winners = [record for record in sound if record.stamp.packed >= _highest(record.key, visible, tombstones)]
        outcomes |= dict.fromkeys((record.key for record in sound), STALE) | dict.fromkeys((record.key for record in winners), APPLIED)
        now = datetime.now(UTC)
        self._delete(of, [record for record in winners if record.content is None], visible, now)
        outcomes |= self._upsert(of, [record for record in winners if record.content is not None], visible, tombstones, now)
        return outcomes

    def _delete(self, of: Collections, records: list[Record], visible: Mapping[str, Any], now: datetime) -> None:
        if records:
            rows = [{**milvus_row.bookkeeping(record, of.shape, now), VECTOR: TOMBSTONE_VECTOR} for record in records]
            self._calls.upsert(of.tombstones, rows)
        if gone := [record.key for record in records if record.key in visible]:
            self._calls.delete(of.visible, of.shape.key, gone)

    def _upsert(self, of: Collections, records: list[Record], visible: Mapping[str, Any], tombstones: Mapping[str, Any], now: datetime) -> dict[str, Outcome]:
        model = self.vectors.embedder.model
        sound, outcomes = _sifted(records, of.shape, milvus_row.require_content)
        vectors, refused = self.vectors.of(sound, visible, lambda keys: self._stored_vectors(of, keys))
        rows = {record.key: _row(record, of.shape, *vectors[record.key], model=model, now=now) for record in sound if record.key in vectors}
        written = [record for record in sound if record.key in rows]

        def write(part: Sequence[Record]) -> list[Outcome]:
            with rejecting(f"{part[0].table} {part[0].key}"):
                self._calls.upsert(of.visible, [rows[record.key] for record in part])
            return [APPLIED] * len(part)

        outcomes |= {record.key: outcome for record, outcome in zip(written, isolate(write, written), strict=True)}
        if back := [key for key, outcome in outcomes.items() if outcome is APPLIED and key in tombstones]:
            self._calls.delete(of.tombstones, of.shape.key, back)
        return outcomes | {key: rejected(error) for key, error in refused.items()}

    def _stored_vectors(self, of: Collections, keys: list[str]) -> dict[str, dict[str, Any]]:
        return self._calls.rows(of.visible, of.shape.key, keys, [of.shape.key, "text_hash", VECTOR])

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """As the protocol says."""
        of = self._collections[table]
        found: dict[str, StoredRecord] = {}
        for start in range(0, len(keys), ROWS_PER_WRITE):
            part = list(keys[start : start + ROWS_PER_WRITE])
            visible = self._calls.rows(of.visible, of.shape.key, part, of.fields)
            tombstones = self._calls.rows(of.tombstones, of.shape.key, part, of.tombstone_fields)
            found |= _merged(table, of.shape, visible, tombstones)
        return found

    def stored_form(self, table: str, content: Content) -> Content:
        """As the protocol says: texts cut, the embedded text as its hash, and the model."""
        return milvus_row.stored_form(content, self._collections[table].shape, self.vectors.embedder.model)

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says, bucket by bucket."""
        of = self._collections[table]
        for visible, tombstones in self._calls.by_bucket([of.visible, of.tombstones], [of.fields, of.tombstone_fields]):
            yield from _merged(table, of.shape, _by_key(visible, of), _by_key(tombstones, of)).values()

    def count(self, table: str) -> Count:
        """As the protocol says, by listing the keys: Milvus' own counts are not exact."""
        of, seen, dead = self._collections[table], 0, 0
        for visible, tombstones in self._calls.by_bucket(of.both, [of.claim_fields] * 2, Wanted(window=self._calls.window())):
            keys = {row[of.key] for row in visible if milvus_row.sound(row)}
            seen += len(keys)
            dead += len({row[of.key] for row in tombstones if milvus_row.sound(row)} - keys)
        return Count(visible=seen, tombstones=dead)

    def sums(self, table: str) -> Sums:
        """As the protocol says, by reading keys and claims, which are kept."""
        return self._inspections[table].sums()

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says."""
        return self._inspections[table].listing(buckets)

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        return self._inspections[table].inspect(keys)

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        """As the protocol says; safe since one writer per key also forgets."""
        return self._inspections[table].forget(expected)

    def images(self, table: str, keys: Sequence[str]) -> Mapping[str, Image]:
        """As the protocol says: the rows of both collections, vectors included."""
        return self._inspections[table].images(keys)

    def restore(self, table: str, images: Mapping[str, Image]) -> int:
        """As the protocol says."""
        return self._inspections[table].restore(images)

    def vectors_of(self, table: str, keys: Sequence[str]) -> dict[str, Vector]:
        """Key → the vector [dimension] that readers search; claims and hashes say nothing of it. Absent keys are left out."""
        return self._inspections[table].vectors(keys)

    def embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors [n, dimension] that this store would keep for `texts`; blocks while they are made. Raises what the embedder raises."""
        return self.vectors.embedder.embed(texts)

    def close(self) -> None:
        """As the protocol says."""
        self._calls.close()


def _sifted(records: Sequence[Record], shape: VectorCollection, require: Callable[[Record, VectorCollection], None]) -> tuple[list[Record], dict[str, Outcome]]:
    """The records that satisfy `require`, and the outcomes of those that do not."""
    sound: list[Record] = []
    outcomes: dict[str, Outcome] = {}
    for record in records:
        try:
            require(record, shape)
            sound.append(record)
        except ChangeRejected as error:
            outcomes[record.key] = rejected(error)
    return sound, outcomes


def _highest(key: str, *stored: Mapping[str, Mapping[str, Any]]) -> int:
    """The stored stamp of `key`, 0 where there is none: the higher one of both collections, since a crash may leave a record in both."""
    return max(int(rows[key]["stamp"]) if key in rows else 0 for rows in stored)


def _row(record: Record, shape: VectorCollection, digest: str, vector: Vector, *, model: str, now: datetime) -> dict[str, Any]:
    """A whole row of the visible collection."""
    return {
        **milvus_row.bookkeeping(record, shape, now),
        **milvus_row.fields(record.content or {}, shape),
        VECTOR: vector,
        "text_hash": digest,
        "model": model,
    }


def _by_key(rows: Sequence[Mapping[str, Any]], of: Collections) -> dict[str, Mapping[str, Any]]:
    return {row[of.shape.key]: row for row in rows}


def _merged(
    table: str, shape: VectorCollection, visible: Mapping[str, Mapping[str, Any]], tombstones: Mapping[str, Mapping[str, Any]]
) -> dict[str, StoredRecord]:
    """The records of the keys that are in either collection."""
    records = ((key, milvus_row.stored_record(table, shape, visible.get(key), tombstones.get(key))) for key in dict.fromkeys((*visible, *tombstones)))
    return {key: record for key, record in records if record is not None}
