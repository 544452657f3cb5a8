"""One row, its log, the corrections and four stores, on Aegis' own code: what may happen to them, one step at a time.

In the spirit of a brute-force model of the one rule: redelivery and replay, permanent rejection with compensation (and rejection of the compensation itself),
repairs published late, and retry by touching the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aegis.change import Change
from aegis.compensation import compensation
from aegis.derivations import STORES, derive
from aegis.errors import STORE_CODES, ChangeRejected
from aegis.position import SourcePosition
from aegis.record import Record, Verdict
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from aegis.stores.protocol import Store

KEY = "P-1"
WITHDRAWN = 5
"""A content whose projection is None: an archived policy."""
CONTENTS = range(WITHDRAWN + 1)
TITLE: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "milvus": lambda content: str(content["fields"]["title"]),
    "neo4j": lambda content: str(content["properties"]["title"]),
    "elasticsearch": lambda content: str(content["title"]),
    "redis": lambda content: str(content["title"]),
}


def image(content: int, version: int) -> dict[str, Any]:
    """The row with one of the contents, as the log carries it."""
    return {
        "policy_id": KEY,
        "source": "bizinfo",
        "source_id": "1",
        "title": str(content),
        "status": "archived" if content == WITHDRAWN else "active",
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "version": version,
    }


def scripted_store(name: str, refused: frozenset[int]) -> Store:
    """A memory store that can never hold the contents `refused`."""

    def rejects(record: Record) -> ChangeRejected | None:
        if record.content is None or int(TITLE[name](record.content)) not in refused:
            return None
        return ChangeRejected(STORE_CODES[name], f"policies {KEY}: field title is refused by the script")

    return MemoryStore(frozenset({"policies"}), name=name, rejects=rejects)


@dataclass
class Reader:
    """One store's stream app: how far it has read and acknowledged log (0) and corrections (1)."""

    read: list[int] = field(default_factory=lambda: [0, 0])
    acknowledged: list[int] = field(default_factory=lambda: [0, 0])


class World:
    """`refused`: store → contents that it can never hold."""

    def __init__(self, refused: Mapping[str, frozenset[int]], make: Callable[[str, frozenset[int]], Store] = scripted_store) -> None:
        self.refused = {name: refused.get(name, frozenset()) for name in STORES}
        self.stores = {name: make(name, self.refused[name]) for name in STORES}
        self.readers = {name: Reader() for name in STORES}
        self.topics: tuple[list[Change], list[Change]] = ([], [])
        self.row: tuple[int, int] | None = None
        self.sequence = 0
        self.held: set[int] = set()

    def upsert(self, content: int) -> None:
        """The row is inserted or updated, with a new version."""
        self.sequence += 1
        before = None if self.row is None else image(self.row[1], self.row[0])
        self.row = (self.sequence, content)
        self._log(Stamp(self.sequence, Rank.UPSERT), before, image(content, self.sequence))

    def delete(self) -> None:
        """The row is deleted; the delete carries its version."""
        assert self.row is not None
        version, content = self.row
        self.row = None
        self._log(Stamp(version, Rank.DELETE), image(content, version), None)

    def touch(self) -> None:
        """A retry: the same content at a new version."""
        assert self.row is not None
        self.upsert(self.row[1])

    def step(self, name: str, source: int, acknowledges: bool) -> bool:
        """A store applies the next change of one of its topics; False at the end of it."""
        reader = self.readers[name]
        if reader.read[source] == len(self.topics[source]):
            return False
        change = self.topics[source][reader.read[source]]
        if change.concerns(name):
            self._apply(name, change)
        reader.read[source] += 1
        if acknowledges:
            reader.acknowledged[source] = reader.read[source]
        return True

    def crash(self, name: str, to: tuple[int, int]) -> None:
        """A store's app starts again from what was acknowledged, or, in a replay, from before it: `to`, where that is less."""
        reader = self.readers[name]
        reader.read = [min(position, acknowledged) for position, acknowledged in zip(to, reader.acknowledged, strict=True)]

    def repair(self, name: str, seen: tuple[int, int]) -> None:
        """The cold path publishes what it read of the row (version, content), however long ago, to one store; held keys are left alone."""
        version, content = seen
        if version in self.held or any(content in refused for refused in self.refused.values()):
            return
        stamp = Stamp(version, Rank.REPAIR)
        self._publish(Change("policies", KEY, stamp, None, image(content, version), self._position(1), b"", frozenset({name}), "drift"))

    def drain(self) -> None:
        """Every store reads to the end of everything."""
        while sum(self.step(name, source, acknowledges=True) for name in STORES for source in (1, 0)):
            pass

    def shown(self) -> set[int | None]:
        """What readers of the stores see: one content, where the stores agree."""
        found = {name: store.fetch("policies", [KEY]) for name, store in self.stores.items()}
        return {None if KEY not in held or (content := held[KEY].content) is None else int(TITLE[name](content)) for name, held in found.items()}

    def converged(self) -> bool:
        """Whether all stores show the row or, where some store refuses its content for good, all show the same earlier image or nothing."""
        shown = self.shown()
        if self.row is None:
            return shown == {None}
        content = self.row[1]
        if any(content in refused for refused in self.refused.values()):
            return len(shown) == 1 and content not in shown
        return shown == {None if content == WITHDRAWN else content}

    def versions(self) -> set[int]:
        """The versions that the stores hold of the key."""
        return {held.stamp.version for store in self.stores.values() for held in store.fetch("policies", [KEY]).values()}

    def _apply(self, name: str, change: Change) -> None:
        record = derive(change, name)
        assert record is not None
        outcome = self.stores[name].apply([record])[0]
        if outcome.verdict is not Verdict.REJECTED:
            return
        assert outcome.reason is not None
        self.held.add(change.stamp.version)
        correction = compensation(change, name, outcome.reason)
        if correction is not None:
            self._publish(replace(correction, position=self._position(1)))

    def _log(self, stamp: Stamp, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        self.topics[0].append(Change("policies", KEY, stamp, before, after, self._position(0), b""))

    def _publish(self, change: Change) -> None:
        self.topics[1].append(change)

    def _position(self, source: int) -> SourcePosition:
        return SourcePosition(("aegis.public.policies", "aegis.corrections")[source], 0, len(self.topics[source]))
