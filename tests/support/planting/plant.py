"""A plant: one corruption of one record of one store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

DELETE_RANK = 3
"""Of a stamp, packed as version * 4 + rank."""
AHEAD = 50_000
"""Versions by which a stamp of the future is ahead of its row."""
IMPOSSIBLE_STAMP = 4 * 2**60
"""Of a version that no sequence reaches."""

Images = Mapping[str, Any]
"""Key → everything that a store has under it, for `put_back`."""


class Kind(StrEnum):
    """What was done to a record. Of a live row's record, where nothing else is said."""

    MISSING = "missing"
    """All of it was taken away."""
    VALUE_GONE = "value gone"
    """Redis: the value was taken away, the register stays."""
    EXPIRED = "expired"
    """Redis: the value expired, the register stays."""
    REGISTER_GONE = "register gone"
    """Redis: the register was taken away, the value stays."""
    ORPHAN = "orphan"
    """A copy of it stands under a key that no row has, with the right bucket and claim."""
    ORPHAN_OTHER_BUCKET = "orphan in another bucket"
    """The same, with the bucket and claim of the record that it was copied from."""
    UNRECORDED_ORPHAN = "unrecorded orphan"
    """Neo4j: the same as an orphan, without the record label."""
    BY_HAND = "by hand"
    """Something stands under a key that no row has, without bookkeeping, as a person would write it."""
    CONTENT = "content"
    """A field has another value; the stamp is right."""
    EDITED = "edited once"
    """Elasticsearch: a field was changed by an update, which counts the version up by one."""
    EDITED_OFTEN = "edited three times"
    """The same three times: the stamp is then that of a delete of the row's own version."""
    OLD_IMAGE = "old image"
    """It is what it was before the row's last update, bookkeeping and all."""
    LOWERED_STAMP = "lowered stamp"
    """The stamp alone is that of an older version."""
    FUTURE_STAMP = "future stamp"
    """Stamp and claim are those of a version which will be drawn some day, as after PostgreSQL was restored to an earlier state."""
    IMPOSSIBLE_STAMP = "impossible stamp"
    """The stamp is that of a version which will never be drawn."""
    BURIED = "buried"
    """A tombstone at the rank of a delete stands for the live row."""
    HIDDEN = "hidden"
    """Readers do not see it; everything else is right."""
    REVEALED = "revealed"
    """Of a withdrawn row: readers see a record."""
    WRONG_CLAIM = "wrong claim"
    WRONG_BUCKET = "wrong bucket"
    NO_BUCKET = "no bucket"
    """The bucket is missing, or none."""
    NO_STAMP = "no stamp"
    """The stamp is missing, or zero."""
    TEXT_STAMP = "text stamp"
    """The stamp is a text."""
    NEGATIVE_STAMP = "negative stamp"
    NO_REGISTER = "no register"
    """Elasticsearch: the content stands there without bookkeeping."""
    NOT_JSON = "not JSON"
    """Redis: the register is cut off."""
    VALUE_NOT_JSON = "value not JSON"
    """Redis: the value is cut off."""
    OTHER_TYPE = "other type"
    """Redis: the value is a list."""
    DUPLICATE = "duplicate"
    """A second copy with all its bookkeeping stands beside it."""
    BARE_DUPLICATE = "bare duplicate"
    """Neo4j: a second node of the key, without bookkeeping."""
    WRONG_VECTOR = "wrong vector"
    """Milvus: another vector; the text's hash is right."""
    WRONG_HASH = "wrong hash"
    """Milvus: the hash of another text; the vector is right."""
    MISSING_EDGE = "missing edge"
    WRONG_EDGE = "wrong edge"
    EXTRA_EDGE = "extra edge"
    DOUBLED_EDGE = "doubled edge"
    FAR_NODE = "far node"
    """Neo4j: a property of the node at an edge's other end has another value."""
    STUB = "stub"
    """Neo4j: a placeholder that nothing refers to stands under a key that no row has."""
    EDGE_ON_TOMBSTONE = "edge on tombstone"
    """Neo4j, of a deleted row: its node has an edge."""
    REPLAYED = "replayed"
    """Of a deleted row: its tombstone was taken away and its first change came again."""


_UNREADABLE = frozenset({"missing", "content_differs", "stale", "duplicate"})
_UNREADABLE_STAMP = _UNREADABLE | {"ahead_of_truth"}
_CLASSES: Mapping[Kind, frozenset[str]] = {
    Kind.MISSING: frozenset({"missing"}),
    Kind.VALUE_GONE: frozenset({"missing", "content_differs"}),
    Kind.EXPIRED: frozenset({"missing", "content_differs"}),
    Kind.HIDDEN: frozenset({"missing", "content_differs"}),
    Kind.REGISTER_GONE: _UNREADABLE,
    Kind.ORPHAN: frozenset({"orphan"}),
    Kind.ORPHAN_OTHER_BUCKET: frozenset({"orphan"}),
    Kind.UNRECORDED_ORPHAN: frozenset({"orphan"}),
    # Readers of the search index do not see what has no register.
    Kind.BY_HAND: frozenset({"orphan", "dangling"}),
    Kind.OLD_IMAGE: frozenset({"stale"}),
    Kind.FUTURE_STAMP: frozenset({"ahead_of_truth"}),
    Kind.BURIED: frozenset({"ahead_of_truth"}),
    # Elasticsearch calls bookkeeping that contradicts itself unreadable, and what has none that can be read missing.
    Kind.LOWERED_STAMP: frozenset({"stale", "missing"}),
    Kind.IMPOSSIBLE_STAMP: frozenset({"ahead_of_truth", "missing"}),
    Kind.EDITED_OFTEN: frozenset({"ahead_of_truth", "missing"}),
    **dict.fromkeys((Kind.EDITED, Kind.WRONG_CLAIM, Kind.WRONG_BUCKET), frozenset({"content_differs", "missing"})),
    Kind.REVEALED: frozenset({"content_differs"}),
    # A copy of a document stands under an id of its own, which no row has.
    Kind.DUPLICATE: frozenset({"duplicate", "orphan"}),
    Kind.BARE_DUPLICATE: frozenset({"duplicate"}),
    Kind.STUB: frozenset({"dangling"}),
    Kind.EDGE_ON_TOMBSTONE: frozenset({"orphan", "dangling"}),
    Kind.REPLAYED: frozenset({"orphan"}),
    **dict.fromkeys((Kind.NO_BUCKET, Kind.NO_REGISTER, Kind.NOT_JSON, Kind.VALUE_NOT_JSON, Kind.OTHER_TYPE), _UNREADABLE),
    **dict.fromkeys((Kind.NO_STAMP, Kind.TEXT_STAMP, Kind.NEGATIVE_STAMP), _UNREADABLE_STAMP),
}
_DIFFERS = frozenset({"content_differs"})

OF_DELETED_ROWS = frozenset({Kind.EDGE_ON_TOMBSTONE, Kind.REPLAYED})
OF_WITHDRAWN_ROWS = frozenset({Kind.REVEALED})


@dataclass(frozen=True, slots=True)
class Plant:
    """One corruption."""

    store: str
    table: str
    key: str
    """Under which a comparison finds it."""
    kind: Kind
    did: str

    @property
    def classes(self) -> frozenset[str]:
        """Of `ops.findings`: what a comparison may call it."""
        return _CLASSES.get(self.kind, _DIFFERS)

    @property
    def place(self) -> tuple[str, str, str]:
        """Store, table and key: what a finding has."""
        return self.store, self.table, self.key


class Planter(Protocol):
    """Corrupts one store."""

    @property
    def store(self) -> str:
        """The store's name."""
        ...

    def kinds(self, table: str) -> Sequence[Kind]:
        """What `plant` can do to records of `table`, which is empty where the store has none of it."""
        ...

    def plant(self, kind: Kind, table: str, keys: Sequence[str]) -> list[Plant]:
        """Do `kind` to each of `keys`: live rows, but for kinds in `OF_DELETED_ROWS` and `OF_WITHDRAWN_ROWS`. Where it makes new keys, it makes them of `keys`,
        whose own records stay right.
        """
        ...

    def images(self, table: str, keys: Sequence[str]) -> Images:
        """Everything under `keys` as it is now."""
        ...

    def put_back(self, table: str, images: Images) -> list[Plant]:
        """Make the records what `images` says: `OLD_IMAGE`."""
        ...

    def remove(self, table: str, keys: Sequence[str]) -> None:
        """Take everything under `keys` away, tombstones too, so that a change of any stamp is written."""
        ...

    def shown(self, table: str, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that readers see."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def new_key(key: str, kind: Kind) -> str:
    """A key that no row has."""
    return f"{key}-{kind.name.lower()}"


def plants(store: str, table: str, keys: Sequence[str], kind: Kind, did: str) -> list[Plant]:
    """One plant a key."""
    return [Plant(store, table, key, kind, did) for key in keys]
