"""Neo4j as a derived store: nodes and edges, written under the node's own lock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from neo4j import ManagedTransaction, Query, Session
from neo4j.exceptions import ClientError

from aegis.errors import ChangeRejected, Code, StoreUnavailable
from aegis.inspection import Listed, Sums
from aegis.projections.shapes import GraphLabel
from aegis.record import APPLIED, STALE, Content, Outcome, Record, StoredRecord, rejected
from aegis.stores import neo4j_node
from aegis.stores.isolate import isolate
from aegis.stores.neo4j_calls import Neo4jCalls
from aegis.stores.neo4j_cypher import Statements, prefixed, statements
from aegis.stores.neo4j_errors import rejecting
from aegis.stores.neo4j_inspection import Neo4jInspection
from aegis.stores.neo4j_inspection_cypher import inspections
from aegis.stores.protocol import Count, Image

ROWS_PER_TRANSACTION = 500
"""More gains little and holds locks longer."""
RECORDS_PER_PAGE = 1_000
KEYS_PER_READ = 1_000
ALREADY_THERE = frozenset(f"Neo.ClientError.Schema.{what}" for what in ("EquivalentSchemaRuleAlreadyExists", "ConstraintAlreadyExists", "IndexAlreadyExists"))


class Neo4jStore:
    """Nodes by key. The record label (`:PolicyRecord`) carries key and stamp for good; the visible label (`:Policy`) is what readers match.

    Safe with any number of writers: the node's write lock is taken before its stamp is read, in one transaction with the write.
    """

    name = "neo4j"

    def __init__(
        self,
        uri: str,
        user: str,
        password: str,
        shapes: Mapping[str, GraphLabel],
        *,
        timeout: float = 30.0,
        database: str = "neo4j",
        label_prefix: str = "",
    ) -> None:
        """Connects at the first call. `timeout`: seconds, for connecting, for waiting for a connection, and for one transaction.

        Raises ValueError for a name in `shapes` that is no identifier.
        """
        self.tables = frozenset(shapes)
        labels = {table: prefixed(shape, label_prefix) for table, shape in shapes.items()}
        owned = frozenset(shape.record_label for shape in labels.values())
        self._statements = {table: statements(shape, owned) for table, shape in labels.items()}
        self._calls = Neo4jCalls(uri, user, password, timeout=timeout, database=database)
        self._inspections = {
            table: Neo4jInspection(self._calls, inspections(shape, labels.values()), self._statements[table]) for table, shape in labels.items()
        }

    def prepare(self) -> None:
        """As the protocol says: constraints, and the readers' index."""
        for text in dict.fromkeys(text for of in self._statements.values() for text in of.prepare):
            self._calls.run(partial(_create, text=text, timeout=self._calls.timeout))
        self._calls.run(lambda session: session.run("CALL db.awaitIndexes($seconds)", seconds=max(1, int(self._calls.timeout))).consume())
        self._calls.write(self._plan)

    def _plan(self, transaction: ManagedTransaction) -> None:
        """Run these statements on nothing: a cold server takes seconds to plan one, and no change shall wait for that."""
        for of in self._statements.values():
            for text in of.planned_once:
                transaction.run(text, nodes=[], rows=[], groups=[], keys=[]).consume()

    def apply(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """As the protocol says. Transactions hold up to `ROWS_PER_TRANSACTION` records of one table, sorted by key so that writers rarely deadlock."""
        outcomes: dict[tuple[str, str], Outcome] = {}
        for table in dict.fromkeys(record.table for record in records):
            ordered = sorted((record for record in records if record.table == table), key=lambda record: record.key)
            outcomes |= {(table, key): outcome for key, outcome in self._apply(self._statements[table], ordered).items()}
        return [outcomes[record.table, record.key] for record in records]

    def _apply(self, of: Statements, records: list[Record]) -> dict[str, Outcome]:
        now = datetime.now(UTC)
        rows: dict[str, dict[str, Any]] = {}
        refused: dict[str, tuple[Record, ChangeRejected]] = {}
        for record in records:
            try:
                rows[record.key] = neo4j_node.row(record, of, now)
            except ChangeRejected as error:
                refused[record.key] = (record, error)
        outcomes = self._outcomes_of_refused(of, refused)
        storable = [record for record in records if record.key in rows]
        for start in range(0, len(storable), ROWS_PER_TRANSACTION):
            chunk = storable[start : start + ROWS_PER_TRANSACTION]
            answers = isolate(lambda part: self._write(of, part, rows), chunk)
            outcomes |= {record.key: outcome for record, outcome in zip(chunk, answers, strict=True)}
        return outcomes

    def _outcomes_of_refused(self, of: Statements, refused: Mapping[str, tuple[Record, ChangeRejected]]) -> dict[str, Outcome]:
        """A record that cannot be stored but is older than what is stored is stale: nothing is lost, nothing needs compensation."""
        if not refused:
            return {}
        stored = {found["key"]: found["stamp"] for found in self._calls.read(of.stamps, keys=list(refused))}
        return {key: STALE if record.stamp.packed < stored.get(key, 0) else rejected(error) for key, (record, error) in refused.items()}

    def _write(self, of: Statements, records: Sequence[Record], rows: Mapping[str, dict[str, Any]]) -> list[Outcome]:
        """All of `records`, sorted by key, in one transaction, or `ChangeRejected` about one of them."""
        far = neo4j_node.far_nodes(records, of)
        parameters = [rows[record.key] for record in records]

        def work(transaction: ManagedTransaction) -> set[str]:
            for edge_type, nodes in far.items():
                if nodes:
                    transaction.run(of.far[edge_type], nodes=nodes).consume()
            found = {row["key"]: row["found"] for row in transaction.run(of.write, rows=parameters)}
            changes = neo4j_node.edge_changes(records, found, of)
            if changes.gone:
                transaction.run(of.unlink, groups=changes.gone).consume()
            for edge_type, groups in changes.missing.items():
                made = transaction.run(of.link[edge_type], groups=groups).consume().counters.relationships_created
                if made < sum(len(keys) for _, keys in groups):
                    # Found a moment ago, then purged by somebody else: nothing else would tell that the edge is missing.
                    raise StoreUnavailable(Code.NEO4J_SYNC_FAILED, f"a node that {edge_type} leads to was purged meanwhile; the batch is to be repeated")
            return set(found)

        with rejecting(f"{records[0].table} {records[0].key}"):
            applied = self._calls.write(work)
        return [APPLIED if record.key in applied else STALE for record in records]

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """As the protocol says. A far node that is no record of its own comes with all its properties."""
        of = self._statements[table]
        found: dict[str, StoredRecord] = {}
        for start in range(0, len(keys), KEYS_PER_READ):
            rows = self._calls.read(of.fetch, keys=list(keys[start : start + KEYS_PER_READ]))
            found |= {row["key"]: record for row in rows if (record := neo4j_node.stored_record(table, row, of)) is not None}
        return found

    def stored_form(self, table: str, content: Content) -> Content:
        """As the protocol says: no nulls, edges sorted by the key of their far node."""
        return neo4j_node.stored_form(content, self._statements[table])

    def scan(self, table: str) -> Iterator[StoredRecord]:
        """As the protocol says, in pages by key, each a transaction of its own."""
        of, after = self._statements[table], ""
        while rows := self._calls.read(of.page, after=after, limit=RECORDS_PER_PAGE):
            for row in rows:
                if (record := neo4j_node.stored_record(table, row, of)) is not None:
                    yield record
            after = max(row["key"] for row in rows)

    def count(self, table: str) -> Count:
        """As the protocol says. Stubs (far nodes whose own record has not arrived) are no records."""
        row = self._calls.read(self._statements[table].count)[0]
        return Count(visible=row["visible"], tombstones=row["tombstones"])

    def sums(self, table: str) -> Sums:
        """As the protocol says, summed by the server."""
        return self._inspections[table].sums()

    def listing(self, table: str, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says, found by an index on the bucket. A node without a key is named by `elementId:` and its element id."""
        return self._inspections[table].listing(buckets)

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        return self._inspections[table].inspect(keys)

    def forget(self, table: str, expected: Mapping[str, int]) -> int:
        """As the protocol says. A node that other records' edges lead to becomes a placeholder: the edges are theirs."""
        return self._inspections[table].forget(expected)

    def images(self, table: str, keys: Sequence[str]) -> Mapping[str, Image]:
        """As the protocol says: labels, properties and the edges that lead away from each node."""
        return self._inspections[table].images(keys)

    def restore(self, table: str, images: Mapping[str, Image]) -> int:
        """As the protocol says."""
        return self._inspections[table].restore(images)

    def close(self) -> None:
        """As the protocol says."""
        self._calls.close()


def _create(session: Session, text: str, timeout: float) -> None:
    """Run a statement that creates something. `IF NOT EXISTS` does not cover somebody who creates the same at the same time."""
    try:
        session.run(Query(text, timeout=timeout)).consume()
    except ClientError as error:
        if error.code not in ALREADY_THERE:
            raise
