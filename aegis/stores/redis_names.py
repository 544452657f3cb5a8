"""Names of one table's keys in Redis."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aegis.projections.shapes import CacheKeyspace


@dataclass(frozen=True, slots=True)
class Names:
    """`namespace` goes before every name, for tests."""

    namespace: str
    table: str
    shape: CacheKeyspace

    @property
    def counter(self) -> str:
        """The table's generation; '' where it has none."""
        return f"{self.namespace}{self.shape.generation}" if self.shape.generation else ""

    def register(self, key: str) -> str:
        """Where the bookkeeping of `key` is; of '', what all of these begin with."""
        return f"{self.namespace}aegis:record:{self.table}:{key}"

    def value(self, key: str) -> str:
        """What readers get; of '', what all of these begin with."""
        return f"{self.namespace}{self.shape.prefix}{key}"


def beginning_with(prefix: str) -> str:
    """The pattern of all names that begin with `prefix`."""
    return re.sub(r"([\[\]*?\\])", r"\\\1", prefix) + "*"


def text_of(name: bytes) -> str | None:
    """None for bytes that are no text: no row has such a key, and no correction could name it."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None
