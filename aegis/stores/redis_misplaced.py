"""Registers in Redis that stand in the hash of another bucket than their key's: made by hand, found by nobody who asks for the key, and yet summed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from aegis.claim import bucket_of
from aegis.inspection import BUCKETS
from aegis.stores.redis_errors import translated
from aegis.stores.redis_names import Names

REMEMBERED = 100_000
"""Bounds the memory; what is more is found by the comparison after the repair of these."""
KEYS_PER_CALL = 250
LOOKUPS_PER_CALL = 20_000
_SCRIPT = files("aegis.stores").joinpath("redis_misplaced.lua").read_bytes()

Places = Mapping[str, Iterable[int]]
"""Key → buckets in whose hashes it has a register, its own bucket not among them."""


class Misplaced:
    """Places that a listing came across, so that looking at single keys needs no search through all hashes."""

    def __init__(self) -> None:
        self._places: dict[str, set[int]] = {}

    def remember(self, key: str, bucket: int) -> None:
        """A register of `key` was in the hash of `bucket`; nothing is remembered where that is its own."""
        if bucket != bucket_of(key) and (key in self._places or len(self._places) < REMEMBERED):
            self._places.setdefault(key, set()).add(bucket)

    def copies(self, client: Any, names: Names, keys: Sequence[str]) -> Mapping[str, int]:
        """How many of the remembered registers of `keys` are still there, of those that have any."""
        asked = [(key, bucket) for key in keys for bucket in self._places.get(key, ())] if self._places else []
        if not asked:
            return {}
        with translated(), client.pipeline(transaction=False) as pipeline:
            for key, bucket in asked:
                pipeline.hexists(names.registers(bucket), key)
            # An error says that what stands there meanwhile is no hash.
            answers = pipeline.execute(raise_on_error=False)
        there = [key for (key, _), answer in zip(asked, answers, strict=True) if answer is True]
        return {key: there.count(key) for key in there}


def search(client: Any, names: Names, keys: Sequence[str]) -> Places:
    """Where `keys` have misplaced registers: about a millisecond a key, since every hash is asked."""
    found: dict[str, set[int]] = {}
    for start in range(0, len(keys), KEYS_PER_CALL):
        chunk = keys[start : start + KEYS_PER_CALL]
        own, step = ",".join(str(bucket_of(key)) for key in chunk), max(1, LOOKUPS_PER_CALL // len(chunk))
        for first in range(0, BUCKETS, step):
            with translated():
                numbers = client.eval_ro(_SCRIPT, 0, first, min(first + step, BUCKETS) - 1, names.hashes, own, *chunk)
            for place, bucket in zip(numbers[::2], numbers[1::2], strict=True):
                found.setdefault(chunk[place], set()).add(bucket)
    return found


def remove(client: Any, names: Names, places: Places) -> None:
    """Take these registers away."""
    with translated(), client.pipeline(transaction=False) as pipeline:
        for key, buckets in places.items():
            for bucket in buckets:
                pipeline.hdel(names.registers(bucket), key)
        pipeline.execute()
