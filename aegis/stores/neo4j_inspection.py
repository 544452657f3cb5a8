"""Neo4j's side of the cold path: what a table's nodes hold, summed and listed, taken away and put back."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from neo4j import ManagedTransaction

from aegis.ahead import ahead
from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Listed, Sum, Sums
from aegis.stores import neo4j_image
from aegis.stores.neo4j_calls import Neo4jCalls
from aegis.stores.neo4j_cypher import Statements
from aegis.stores.neo4j_inspection_cypher import BY_ELEMENT, DELETE, LINK_AGAIN, Inspections
from aegis.stores.protocol import Image

RECORDS_PER_SUM = 1_000_000
"""About so many are summed by one call, which takes the server 4 s of a CPU; more calls go over all nodes more often."""
KEYS_PER_PAGE = 5_000
KEYS_PER_CALL = 500


class Neo4jInspection:
    """One table's nodes, as they are."""

    def __init__(self, calls: Neo4jCalls, of: Inspections, table: Statements) -> None:
        self._calls = calls
        self._of = of
        self._table = table

    def sums(self) -> Sums:
        """See `Store.sums`: by ranges of buckets, each one aggregation in the server."""
        buckets: dict[int, Sum] = {}
        highest, sound = NO_STAMP, 0
        # Numbers prove only where nothing is made meanwhile: a new record must not stand in for one that is not sound. Else the longer statements look.
        size, keyed = self._count(self._of.size), self._count(self._of.keyed)
        text, step = self._of.sums_of_keyed if keyed == size else self._of.sums, _buckets_of(RECORDS_PER_SUM, size)
        for start in range(0, BUCKETS, step):
            for row in self._calls.read(text, start=start, end=min(start + step, BUCKETS)):
                highest, sound = max(highest, row["highest"]), sound + row["records"]
                if row["counts"]:
                    buckets[row["bucket"]] = Sum(row["records"], row["claims"], row["visible"])
        if astray := self._astray(all_sound=sound == size == self._count(self._of.size)):
            buckets[ASTRAY] = astray
        return Sums(buckets, highest)

    def _astray(self, *, all_sound: bool) -> Sum | None:
        """`all_sound`: every record node is a record, so that nothing but nodes without the record label can be astray."""
        if all_sound:
            unlabelled = self._unlabelled()
            return Sum(unlabelled, 0, unlabelled) if unlabelled else None
        astray = self._calls.read(self._of.astray)[0]
        return Sum(astray["records"], 0, astray["visible"]) if astray["records"] else None

    def _unlabelled(self) -> int:
        return self._count(self._of.unlabelled)

    def _count(self, text: str) -> int:
        return int(self._calls.read(text)[0]["records"])

    def listing(self, buckets: Collection[int]) -> Iterator[Listed]:
        """See `Store.listing`. A key that has both a record in one of `buckets` and a stray is named once."""
        asked = sorted(bucket for bucket in set(buckets) if bucket != ASTRAY)
        step = _buckets_of(KEYS_PER_PAGE, self._count(self._of.size))
        text = self._of.listing if self._unlabelled() else self._of.listing_alone
        for page in ahead(self._sound(text, asked, step)):
            yield from neo4j_image.listed_page(page)
        if ASTRAY in buckets:
            told = frozenset(asked)
            yield from (neo4j_image.listed_strays(row) for row in self._pages(self._of.strays) if row["bucket"] not in told)

    def _sound(self, text: str, buckets: Sequence[int], step: int) -> Generator[Mapping[str, Any]]:
        """Records in `buckets`, `step` of them at a time, in pages by key."""
        for start in range(0, len(buckets), step):
            page: Mapping[str, Any] | None = None
            while page is None or len(page["keys"]) == KEYS_PER_PAGE:
                after = page["keys"][-1] if page else None
                page = self._calls.read(text, after=after, limit=KEYS_PER_PAGE, buckets=buckets[start : start + step])[0]
                yield page

    def inspect(self, keys: Sequence[str]) -> dict[str, Listed]:
        """See `Store.inspect`."""
        return neo4j_image.listed(self._of_keys(keys, self._of.inspect, self._of.inspect_elements))

    def images(self, keys: Sequence[str]) -> dict[str, Image]:
        """See `Store.images`."""
        return neo4j_image.images(self._of_keys(keys, self._of.images, self._of.images_of_elements), self._table)

    def forget(self, expected: Mapping[str, int]) -> int:
        """See `Store.forget`. A node that other records' edges lead to becomes a placeholder, so that they lose nothing."""
        keys, went = sorted(expected), 0
        for start in range(0, len(keys), KEYS_PER_CALL):
            part = {key: expected[key] for key in keys[start : start + KEYS_PER_CALL]}
            went += self._calls.write(partial(self._forget, expected=part))
        return went

    def _forget(self, transaction: ManagedTransaction, expected: Mapping[str, int]) -> int:
        """The locks that `take…` take are held until the nodes are gone."""
        rows = [{"key": key, "stamp": stamp} for key, stamp in expected.items() if stamp != NO_STAMP]
        astray = [key for key, stamp in expected.items() if stamp == NO_STAMP]
        going = [
            *transaction.run(self._of.take_expected, rows=rows).data(),
            *transaction.run(self._of.take_astray, keys=astray).data(),
            *transaction.run(self._of.take_elements, ids=_elements(astray)).data(),
        ]
        transaction.run(self._of.strip, ids=[node["id"] for node in going if node["stays"]]).consume()
        transaction.run(DELETE, ids=[node["id"] for node in going if not node["stays"]]).consume()
        return len({node["key"] for node in going})

    def restore(self, images: Mapping[str, Image]) -> int:
        """See `Store.restore`."""
        keys, back = sorted(images), 0
        for start in range(0, len(keys), KEYS_PER_CALL):
            part = {key: images[key] for key in keys[start : start + KEYS_PER_CALL]}
            back += self._calls.write(partial(self._restore, images=part))
        return back

    def _restore(self, transaction: ManagedTransaction, images: Mapping[str, Image]) -> int:
        transaction.run(self._of.lock, keys=list(images)).consume()
        there = {
            *(row["key"] for row in transaction.run(self._of.inspect, keys=list(images))),
            *(row["key"] for row in transaction.run(self._of.inspect_elements, ids=_elements(images))),
        }
        wanted = {key: image for key, image in images.items() if key not in there}
        made = neo4j_image.put_back(wanted, self._table)
        elements = {
            row["number"]: row["id"]
            for text, nodes in ((self._of.put_back, made.records), (self._of.put_back_stray, made.strays))
            for row in transaction.run(text, nodes=nodes)
        }
        by_type, others = made.links(elements, self._of.shape.edges)
        for edge_type, edges in by_type.items():
            transaction.run(self._of.link[edge_type], edges=edges).consume()
        if others:
            transaction.run(LINK_AGAIN, edges=others).consume()
        return len(made.keys_of(elements))

    def _pages(self, text: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Rows of a statement that is paged by key, in bounded memory."""
        after: str | None = None
        while True:
            rows = self._calls.read(text, after=after, limit=KEYS_PER_PAGE, **parameters)
            yield from rows
            if len(rows) < KEYS_PER_PAGE:
                return
            after = max(row["key"] for row in rows)

    def _of_keys(self, keys: Sequence[str], by_key: str, by_element: str) -> Iterator[dict[str, Any]]:
        """Rows about nodes of `keys`, whether those are keys or stand for nodes without one."""
        for start in range(0, len(keys), KEYS_PER_CALL):
            part = list(keys[start : start + KEYS_PER_CALL])
            yield from self._calls.read(by_key, keys=part)
            if elements := _elements(part):
                yield from self._calls.read(by_element, ids=elements)


def _buckets_of(records: int, size: int) -> int:
    """How many buckets hold about that many of `size` records."""
    buckets: int = max(1, min(BUCKETS, records * BUCKETS // max(1, size)))
    return buckets


def _elements(keys: Collection[str]) -> list[str]:
    """Element ids of those of `keys` that stand for nodes without a key."""
    return [key.removeprefix(BY_ELEMENT) for key in keys if key.startswith(BY_ELEMENT)]
