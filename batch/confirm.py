"""Tells drift from traffic: waits until what was committed has arrived, and looks again (design, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from batch.compare import Pair, Suspects, chunks
from batch.ends import Both, Ends
from batch.finding import DriftClass, Finding, Judgement

ROUNDS = 6
"""Looks at a key that changes every time before it is called unsettled."""


class Waits(Protocol):
    """The watermark, as far as it is needed here."""

    def pass_wal(self, position: int) -> None:
        """Returns when everything committed before `position` is in the log."""
        ...

    def pass_log(self, stores: frozenset[str], /) -> None:
        """Returns when the apps of `stores`, and the one of dead letters, have dealt with what is in the log now."""
        ...


@dataclass(frozen=True, slots=True)
class First:
    """What was there before the wait."""

    versions: Mapping[str, int]
    stamps: Mapping[str, int]

    def settled(self, key: str, both: Both) -> bool:
        """Whether nothing happened to `key` since: the row's version is the same; and where versions say nothing, the record's stamp.

        That is where there is no row: one may have been inserted and deleted meanwhile, with its delete still under way. And where the version was taken back:
        another store, which was not waited for, may have rejected it meanwhile, with its dead letter still under way.
        """
        row, found = both.rows.get(key), both.found.get(key)
        if self.versions.get(key) != (None if row is None else row.version):
            return False
        if row is not None and (found is None or not found.is_compensated):
            return True
        return self.stamps.get(key) == (None if found is None else found.newest)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Confirms suspects of any number of pairs at once, so that they share the waits."""

    ends: Callable[[Pair], Ends]
    wal_position: Callable[[], int]
    waits: Waits
    rounds: int = ROUNDS

    def confirm(self, suspects: Sequence[Suspects]) -> Iterator[Finding]:
        """What is drift, held, or not to be settled."""
        waiting: dict[Pair, set[str]] = {}
        vectors: dict[Pair, frozenset[str]] = {}
        for one in suspects:
            waiting.setdefault(one.pair, set()).update(one.keys)
            vectors[one.pair] = vectors.get(one.pair, frozenset()) | one.vectors
        for _ in range(self.rounds):
            if not any(waiting.values()):
                return
            first = {pair: self._first(pair, keys) for pair, keys in waiting.items() if keys}
            self.waits.pass_wal(self.wal_position())
            self.waits.pass_log(frozenset(pair.store for pair in first))
            for pair, before in first.items():
                yield from self._look_again(pair, waiting[pair], before, vectors[pair])
        for pair, keys in waiting.items():
            unsettled = Judgement(DriftClass.UNSETTLED, None, f"changed in each of {self.rounds} looks")
            yield from (Finding(pair.store, pair.table, key, unsettled, None, None) for key in sorted(keys))

    def _first(self, pair: Pair, keys: set[str]) -> First:
        """The store first, then PostgreSQL: what is seen in the store was committed before the versions are read."""
        versions: dict[str, int] = {}
        stamps: dict[str, int] = {}
        ends = self.ends(pair)
        for chunk in chunks(sorted(keys)):
            stamps |= {key: listed.stamp for key, listed in ends.stored(chunk).items()}
            versions |= ends.versions(chunk)
        return First(versions, stamps)

    def _look_again(self, pair: Pair, waiting: set[str], before: First, vectors: frozenset[str]) -> Iterator[Finding]:
        """Findings among `waiting`, from which whatever is settled is taken."""
        ends = self.ends(pair)
        for chunk in chunks(sorted(waiting)):
            both = ends.read(chunk, vectors=vectors & frozenset(chunk))
            for key in chunk:
                judgement = both.judgement(key)
                if judgement is not None and not before.settled(key, both):
                    continue
                waiting.discard(key)
                if judgement is not None:
                    yield finding(pair, key, judgement, both)


def finding(pair: Pair, key: str, judgement: Judgement, both: Both) -> Finding:
    """The finding that `judgement` about `key` makes."""
    row, found = both.rows.get(key), both.found.get(key)
    return Finding(pair.store, pair.table, key, judgement, None if row is None else row.version, None if found is None else found.listed.stamp)
