"""What one step of a walk over registers says (`redis_walk_registers.lua`), in columns: objects for each of a million registers would take the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aegis.claim import CLAIM_BITS
from aegis.inspection import ASTRAY, BUCKETS, LOWEST_STAMP, NO_STAMP
from aegis.stores.redis_names import text_of
from aegis.stores.redis_register import beginning


@dataclass(frozen=True, slots=True)
class Walked:
    """Keys that are text, with what their registers begin with. Where that cannot be read: `NO_STAMP`, `ASTRAY` and a claim of 0."""

    keys: Sequence[bytes]
    stamps: NDArray[np.int64]
    buckets: NDArray[np.int64]
    claims: NDArray[np.int64]
    visible: NDArray[np.bool_]

    def lines(self) -> Iterator[tuple[str, int, int, int, bool]]:
        """Key, stamp, bucket, claim, and whether readers find a value."""
        columns = (self.stamps.tolist(), self.buckets.tolist(), self.claims.tolist(), self.visible.tolist())
        return zip((key.decode() for key in self.keys), *columns, strict=True)


def read(found: Sequence[Any]) -> Walked:
    """One step, as the script gives it after the cursor."""
    return _of_list(found[0]) if isinstance(found[0], list) else _of_columns(*found)


def _of_columns(keys: bytes, numbers: bytes, seen: bytes) -> Walked:
    if text_of(keys) is None:
        # Split where the numbers are, so that each key that is text still counts.
        found = [part for key, text, visible in _apart(keys, numbers, seen) for part in (key, text, visible)]
        return _of_list(found)
    stamps, buckets, claims = np.array(numbers.split(b","), dtype=np.int64).reshape(-1, 3).T
    visible = np.frombuffer(seen, np.uint8) == ord("1") if seen else np.ones(len(stamps), dtype=np.bool_)
    sound = (stamps >= LOWEST_STAMP) & (buckets < BUCKETS) & (claims < 2**CLAIM_BITS)
    return Walked(keys.split(b"\n"), np.where(sound, stamps, NO_STAMP), np.where(sound, buckets, ASTRAY), np.where(sound, claims, 0), visible)


def _apart(keys: bytes, numbers: bytes, seen: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    parts = iter(numbers.split(b","))
    for place, (key, stamp, bucket, claim) in enumerate(zip(keys.split(b"\n"), parts, parts, parts, strict=True)):
        yield key, b'{"stamp":%b,"bucket":%b,"claim":%b,' % (stamp, bucket, claim), int(not seen or seen[place] == ord("1"))


def _of_list(found: Sequence[Any]) -> Walked:
    lines = [
        (key, beginning(start), bool(visible)) for key, start, visible in zip(found[::3], found[1::3], found[2::3], strict=True) if text_of(key) is not None
    ]
    numbers = np.array([start or (NO_STAMP, ASTRAY, 0) for _, start, _ in lines], dtype=np.int64).reshape(-1, 3)
    stamps, buckets, claims = numbers.T
    return Walked([key for key, _, _ in lines], stamps, buckets, claims, np.array([visible for *_, visible in lines], dtype=np.bool_))
