"""Four derived stores and their appliers over one log in memory: corrections that an applier publishes come to all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from aegis.change import Change
from aegis.derivations import CAPTURED, STORES
from aegis.errors import STORE_CODES, ChangeRejected
from aegis.message import Message
from aegis.record import Record
from aegis.stamp import Stamp
from aegis.stores.memory import MemoryStore
from stream_apps.applier import Applier, Letter
from stream_apps.brake import Brake
from stream_apps.sink import Report
from tests.support import debezium

Rejects = Callable[[Record], bool]


@dataclass
class MemoryOutlet:
    """What was published."""

    letters: list[Letter] = field(default_factory=list)
    corrections: list[Change] = field(default_factory=list)

    def publish(self, letters: Sequence[Letter], corrections: Sequence[Change]) -> None:
        self.letters += letters
        self.corrections += corrections


class World:
    """`rejects`: store → which records it can never hold."""

    def __init__(self, rejects: dict[str, Rejects] | None = None) -> None:
        self.outlet = MemoryOutlet()
        self.stores = {name: self._store(name, (rejects or {}).get(name, lambda _: False)) for name in STORES}
        self.appliers = {
            name: Applier(store, debezium.codec(), self.outlet, Brake(least=100), lambda: debezium.COMMITTED_AT) for name, store in self.stores.items()
        }
        self._offsets = count()
        self._published = 0

    @staticmethod
    def _store(name: str, rejects: Rejects) -> MemoryStore:
        tables = frozenset(table.name for table in CAPTURED.values() if name in table.projections)
        reason = ChangeRejected(STORE_CODES[name], "as scripted")
        return MemoryStore(tables, name=name, rejects=lambda record: reason if rejects(record) else None)

    def apply(self, store: str, messages: Sequence[Message]) -> Report:
        applier = self.appliers[store]
        return applier.apply(applier.prepare(messages))

    def deliver(self, *messages: Message) -> None:
        """Every store gets `messages` in one batch, then, until there are none left, the corrections that came of it."""
        for store in STORES:
            self.apply(store, [message for message in messages if message.topic.startswith("aegis.corrections") or self._reads(store, message)])
        while self._published < len(self.outlet.corrections):
            correction = debezium.correction(self.outlet.corrections[self._published], offset=next(self._offsets))
            self._published += 1
            for store in STORES:
                self.apply(store, [correction])

    def _reads(self, store: str, message: Message) -> bool:
        return message.topic.rpartition(".")[2] in self.stores[store].tables

    def registers(self, table: str, key: str) -> dict[str, tuple[Stamp, bool] | None]:
        """Store → (stamp, visible) of one row, for the stores that have a projection of `table`; None: never seen."""
        found: dict[str, tuple[Stamp, bool] | None] = {}
        for name in CAPTURED[table].projections:
            record = self.stores[name].fetch(table, [key]).get(key)
            found[name] = None if record is None else (record.stamp, record.content is not None)
        return found

    def titles(self, key: str) -> dict[str, str | None]:
        """Store → title of policy `key`, None where it is not shown."""
        found: dict[str, str | None] = {}
        for name, store in self.stores.items():
            record = store.fetch("policies", [key]).get(key)
            content = None if record is None else record.content
            where = content if content is None or name in {"redis", "elasticsearch"} else content["fields" if name == "milvus" else "properties"]
            found[name] = None if where is None else where["title"]
        return found
