"""Reads some keys from both ends of a pair and puts them side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aegis.derivations import CAPTURED, project
from aegis.errors import ChangeRejected
from aegis.inspection import Listed
from aegis.projections.shapes import GraphLabel
from aegis.record import Content
from aegis.stores.protocol import Store
from batch.finding import Judgement
from batch.judge import Expected, Found, judge
from batch.truth import Row, Truth

COSINE = 0.999
"""Two vectors of one text by one model are at least so near (other batch sizes and thread counts give 0.9999998)."""


@runtime_checkable
class Embeds(Protocol):
    """A store that keeps vectors of texts."""

    def vectors_of(self, table: str, keys: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that are stored."""
        ...

    def embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts`, embedded now."""
        ...


@dataclass(frozen=True, slots=True)
class Both:
    """Some keys as both ends have them. The store was read first."""

    found: Mapping[str, Found]
    rows: Mapping[str, Expected]
    held: frozenset[str]
    """Keys whose row's version some store rejected."""
    drawn: int
    placeholders: bool
    vectors_compared: int = 0

    @property
    def wrong_vectors(self) -> set[str]:
        """Keys whose vector is not that of their text."""
        return {key for key, found in self.found.items() if found.wrong_vector}

    def judgement(self, key: str) -> Judgement | None:
        """What is wrong with `key`, taking both ends as of one moment."""
        return judge(key, self.rows.get(key), self.found.get(key), held=key in self.held, drawn=self.drawn, placeholders=self.placeholders)

    def unequal(self) -> set[str]:
        """Keys with which anything is wrong."""
        return {key for key in self.rows.keys() | self.found.keys() if self.judgement(key) is not None}


class Ends:
    """Both ends of one table in one store."""

    def __init__(self, truth: Truth, store: Store, table: str) -> None:
        self._truth = truth
        self._store = store
        self._table = table

    def stored(self, keys: Sequence[str]) -> Mapping[str, Listed]:
        """What the store holds now."""
        return self._store.inspect(self._table, keys)

    def versions(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Versions of the rows now."""
        return self._truth.versions(self._table, keys)

    def read(self, keys: Sequence[str], *, vectors: Collection[str] = ()) -> Both:
        """Both ends of `keys`: the store first, then PostgreSQL. A change that commits between the two then shows as a row with a new version, and not as a
        record that is ahead of its row. `vectors`: those whose text is embedded again.
        """
        listed = self._store.inspect(self._table, keys)
        stored = self._store.fetch(self._table, [key for key in keys if key in listed])
        kept = self._store.vectors_of(self._table, list(vectors)) if vectors and isinstance(self._store, Embeds) else {}
        rows = self._truth.rows(self._table, keys)
        rejected = self._truth.rejected(self._table, keys)
        drawn = self._truth.drawn()
        projected = {key: self._projected(row) for key, row in rows.items()}
        of_the_row = [key for key in kept if key in rows and key in stored and stored[key].stamp.version == rows[key].version]
        wrong = self._wrong_vectors({key: projected[key] for key in of_the_row}, kept)
        return Both(
            found={key: Found(listed[key], stored.get(key), key in wrong) for key in listed},
            rows={key: self._expected(row, projected[key]) for key, row in rows.items()},
            held=frozenset(key for key, row in rows.items() if (key, row.version) in rejected),
            drawn=drawn,
            placeholders=isinstance(CAPTURED[self._table].shape(self._store.name), GraphLabel),
            vectors_compared=len(kept),
        )

    def _projected(self, row: Row) -> Content | ChangeRejected | None:
        try:
            return project(self._table, self._store.name, row.image)
        except ChangeRejected as error:
            return error

    def _expected(self, row: Row, projected: Content | ChangeRejected | None) -> Expected:
        if isinstance(projected, ChangeRejected):
            return Expected(row.version, None, unprojectable=projected.message)
        return Expected(row.version, None if projected is None else self._store.stored_form(self._table, projected))

    def _wrong_vectors(self, projected: Mapping[str, Content | ChangeRejected | None], kept: Mapping[str, NDArray[np.float32]]) -> set[str]:
        texts: dict[str, Any] = {key: content["text"] for key, content in projected.items() if content is not None and not isinstance(content, ChangeRejected)}
        if not texts or not isinstance(self._store, Embeds):
            return set()
        anew = self._store.embedded(list(texts.values()))
        return {key for key, vector in zip(texts, anew, strict=True) if not near(kept[key], vector)}


def near(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two vectors are of one text. NaN is near to nothing."""
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return lengths > 0 and float(np.dot(one, other)) / lengths >= COSINE
