"""Whether rows that were touched have arrived in every store, or were rejected again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event
from time import monotonic

from aegis.cli.dead_letters.dealing import Touched
from aegis.derivations import CAPTURED
from aegis.errors import StoreUnavailable
from aegis.inspection import Listed
from aegis.stamp import Rank
from aegis.stores.protocol import Store

PAUSE_SECONDS = 0.25
AT_ONCE = 500
"""Keys that are looked at in one question."""

Key = tuple[str, str]
"""Table and key."""
AskRejected = Callable[[Sequence[Touched]], Mapping[Key, str]]
"""Which of the rows a store has rejected again, with the store's name."""


class Arrival(StrEnum):
    """What became of a touched row."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    REJECTED = "rejected"


def arrival(version: int, stamps: Sequence[int | None], rejected: bool) -> Arrival:
    """`stamps`: the packed stamp of each store that has a projection of the row; None: nothing there. `rejected`: there is a dead letter of it.

    A compensation of the version tells a rejection, wherever it is read first. A newer version has passed the one that was touched.
    """
    if rejected or any(stamp is not None and divmod(stamp, 4) == (version, Rank.COMPENSATION) for stamp in stamps):
        return Arrival.REJECTED
    if all(stamp is not None and stamp // 4 >= version for stamp in stamps):
        return Arrival.ARRIVED
    return Arrival.WAITING


@dataclass(slots=True)
class Arrivals:
    """What became of all of them so far."""

    waiting: list[Touched]
    arrived: int = 0
    rejected: dict[Key, str] = field(default_factory=dict)
    """With the store, or empty where only its compensation was seen yet."""


def await_arrivals(
    touched: Sequence[Touched], stores: Mapping[str, Store], ask_rejected: AskRejected, seconds: float, tell: Callable[[Arrivals], None] = lambda _: None
) -> Arrivals:
    """Look until every row has arrived everywhere or was rejected, at most for `seconds`. A store that does not answer is asked again.

    Rows that were gone when they were touched have nothing to wait for.
    """
    found = Arrivals([row for row in touched if row.version is not None])
    deadline, pause = monotonic() + seconds, Event()
    while True:
        _look(found, stores, ask_rejected)
        tell(found)
        if not found.waiting or monotonic() >= deadline:
            return found
        pause.wait(PAUSE_SECONDS)


def _look(found: Arrivals, stores: Mapping[str, Store], ask_rejected: AskRejected) -> None:
    still = []
    for rows in _parts(found.waiting):
        rejected = ask_rejected(rows)
        stamps = _stamps(rows, stores)
        for row in rows:
            key = (row.table, row.key)
            became = arrival(row.version or 0, stamps[key], key in rejected)
            if became is Arrival.WAITING:
                still.append(row)
            elif became is Arrival.ARRIVED:
                found.arrived += 1
            else:
                found.rejected[key] = rejected.get(key, "")
    found.waiting = still


def _stamps(rows: Sequence[Touched], stores: Mapping[str, Store]) -> dict[Key, list[int | None]]:
    by_table: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_table[row.table].append(row.key)
    stamps: defaultdict[Key, list[int | None]] = defaultdict(list)
    for table, keys in by_table.items():
        for name in CAPTURED[table].projections:
            listed = _inspect(stores[name], table, keys)
            for key in keys:
                stamps[table, key].append(listed[key].stamp if key in listed else None)
    return stamps


def _inspect(store: Store, table: str, keys: Sequence[str]) -> Mapping[str, Listed]:
    try:
        return store.inspect(table, keys)
    except StoreUnavailable:
        return {}


def _parts(rows: Sequence[Touched]) -> Iterator[Sequence[Touched]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]
