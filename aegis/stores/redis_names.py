"""Names of one table's keys in Redis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aegis.claim import bucket_of
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

    @property
    def hashes(self) -> str:
        """What the names of all hashes of registers begin with."""
        return f"{self.namespace}aegis:registers:{self.table}:"

    def registers(self, bucket: int) -> str:
        """The hash with the registers of one bucket, by key."""
        return f"{self.hashes}{bucket}"

    def value(self, key: str) -> str:
        """What readers get; of '', what all of these begin with."""
        return f"{self.namespace}{self.shape.prefix}{key}"

    @property
    def before_key(self) -> int:
        """How many bytes of a value's name stand before the key: scripts cut the key out there."""
        return len(self.value("").encode())

    def of(self, keys: Sequence[str]) -> list[str]:
        """Names that a script is given of many keys: the hash with the register of every key, then the value of every key."""
        return [self.registers(bucket_of(key)) for key in keys] + [self.value(key) for key in keys]


def beginning_with(prefix: str) -> str:
    """The pattern of all names that begin with `prefix`."""
    return re.sub(r"([\[\]*?\\])", r"\\\1", prefix) + "*"


def text_of(name: bytes) -> str | None:
    """None for bytes that are no text: no row has such a key, and no correction could name it."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None
