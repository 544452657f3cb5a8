"""The pipeline in memory, in which something moves on whenever somebody looks: for every order in which things can happen between two reads of a comparison.

PostgreSQL with its WAL, Kafka, the app of the store that is compared, the app of another store, and the app that records dead letters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

from aegis.change import Change
from aegis.compensation import compensation
from aegis.consumer_groups import DEAD_LETTERS, GROUPS, consumer_group
from aegis.correction import CORRECTIONS_TOPIC
from aegis.dead_letter import DEAD_LETTERS_TOPIC
from aegis.derivations import derive
from aegis.errors import ChangeRejected, Code
from aegis.inspection import Listed
from aegis.position import SourcePosition
from aegis.record import Record, StoredRecord
from aegis.stamp import Rank, Stamp
from aegis.stores.memory import MemoryStore
from batch.compare import Pair, Suspects
from batch.confirm import Confirmation
from batch.ends import Ends
from batch.finding import Finding
from batch.truth import Row, Truth
from batch.watermark import Watermark
from tests.contract.records import image

STORE, OTHER, TABLE = "redis", "neo4j", "policies"
KEYS = ("P-1", "P-2")
HERE = SourcePosition(CORRECTIONS_TOPIC, 0, 0)
REFUSED = ChangeRejected(Code.REDIS_SYNC_FAILED, "refused by the script")
MOST_COMMITS = 14
"""Of one world, so that a comparison comes to an end."""


@dataclass(slots=True)
class App:
    """A stream app: how far it has read, and committed."""

    store: MemoryStore
    read: int = 0
    committed: int = 0


class Watched(MemoryStore):
    """Lets the world move on whenever it is looked at."""

    def __init__(self, name: str, moves: Callable[[], None], rejects: Callable[[Record], ChangeRejected | None]) -> None:
        super().__init__(frozenset({TABLE}), name=name, rejects=rejects)
        self._moves = moves

    def inspect(self, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
        self._moves()
        return super().inspect(table, keys)

    def fetch(self, table: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        found = super().fetch(table, keys)
        self._moves()
        return found


class PipelineWorld:
    """`seed` decides everything."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rows: dict[str, int] = {}
        self.sequence = 0
        self.refused = {STORE: set[int](), OTHER: set[int]()}
        self.wal: list[Change] = []
        self.streamed = self.stored = 0
        self.log: list[Change] = []
        self.letters: list[tuple[str, int]] = []
        self.recorded = 0
        self.apps = {name: App(Watched(name, self.moves, lambda record, name=name: self._rejects(name, record))) for name in (STORE, OTHER)}  # type: ignore[misc]
        self._moving = False
        for _ in range(30):
            self.moves()

    def confirm(self) -> list[Finding]:
        """What a comparison of the store finds, while everything goes on."""
        mark = Watermark(lambda: self.stored, self, {}, seconds=60.0, pause=lambda _: self.moves())
        truth = cast("Truth", _Truth(self))
        confirmation = Confirmation(lambda pair: Ends(truth, self.apps[STORE].store, pair.table), truth.wal_position, mark)
        return list(confirmation.confirm([Suspects(Pair(STORE, TABLE), frozenset(KEYS))]))

    def moves(self) -> None:
        """Up to three things happen."""
        if self._moving:
            return
        self._moving = True
        for _ in range(self.random.randrange(4)):
            self.random.choice((self._commit, self._stream, self._store_offset, self._apply, self._apply, self._commit_offset, self._record))()
        self._moving = False

    def ends(self, topics: Collection[str], /) -> Mapping[tuple[str, int], tuple[int, int]]:
        """Of the one log that all topics of rows and corrections are here, and of the dead letters."""
        found = {(CORRECTIONS_TOPIC, 0): (0, len(self.log)), (DEAD_LETTERS_TOPIC, 0): (0, len(self.letters))}
        self.moves()
        return {place: ends for place, ends in found.items() if place[0] in topics}

    def committed(self, group: str, /) -> Mapping[tuple[str, int], int]:
        """As Kafka tells it."""
        self.moves()
        if group == GROUPS[DEAD_LETTERS]:
            return {(DEAD_LETTERS_TOPIC, 0): self.recorded}
        [app] = [app for name, app in self.apps.items() if consumer_group(name) == group]
        return {(CORRECTIONS_TOPIC, 0): app.committed}

    def _commit(self) -> None:
        if self.sequence + len(self.wal) >= MOST_COMMITS * 2:
            return
        key = self.random.choice(KEYS)
        before = self.rows.get(key)
        if before is not None and self.random.random() < 0.3:
            del self.rows[key]
            self.wal.append(Change(TABLE, key, Stamp(before, Rank.DELETE), image(TABLE, key, before), None, HERE, b""))
            return
        self.sequence += 1
        self.rows[key] = self.sequence
        for refused in self.refused.values():
            if self.random.random() < 0.15:
                refused.add(self.sequence)
        image_before = None if before is None else image(TABLE, key, before)
        self.wal.append(Change(TABLE, key, Stamp(self.sequence, Rank.UPSERT), image_before, image(TABLE, key, self.sequence), HERE, b""))

    def _stream(self) -> None:
        if self.streamed < len(self.wal):
            self.log.append(self.wal[self.streamed])
            self.streamed += 1

    def _store_offset(self) -> None:
        self.stored = self.random.randint(self.stored, self.streamed)

    def _apply(self) -> None:
        name = self.random.choice((STORE, STORE, OTHER))
        app = self.apps[name]
        if app.read == len(self.log):
            return
        change = self.log[app.read]
        record = derive(change, name)
        assert record is not None
        if app.store.apply([record])[0].reason is not None:
            self.letters.append((change.key, change.stamp.version))
            taken_back = compensation(change, name, REFUSED)
            assert taken_back is not None
            self.log.append(replace(taken_back, position=HERE))
        app.read += 1

    def _commit_offset(self) -> None:
        app = self.random.choice(list(self.apps.values()))
        if self.random.random() < 0.1:
            app.read = app.committed  # a crash: it reads again from its last commit
        app.committed = app.read

    def _record(self) -> None:
        self.recorded = min(self.recorded + 1, len(self.letters))

    def _rejects(self, name: str, record: Record) -> ChangeRejected | None:
        content: Any = record.content
        version = None if content is None else content.get("version", content.get("properties", {}).get("version"))
        return REFUSED if version in self.refused[name] else None


class _Truth:
    """PostgreSQL's end of a comparison."""

    def __init__(self, world: PipelineWorld) -> None:
        self._world = world

    def versions(self, table: str, keys: Sequence[str]) -> dict[str, int]:
        self._world.moves()
        return {key: self._world.rows[key] for key in keys if key in self._world.rows}

    def rows(self, table: str, keys: Sequence[str]) -> dict[str, Row]:
        found = {key: Row(version, image(table, key, version)) for key, version in self.versions(table, keys).items()}
        self._world.moves()
        return found

    def rejected(self, table: str, keys: Sequence[str]) -> set[tuple[str, int]]:
        return set(self._world.letters[: self._world.recorded])

    def drawn(self) -> int:
        return self._world.sequence

    def wal_position(self) -> int:
        self._world.moves()
        return len(self._world.wal)
