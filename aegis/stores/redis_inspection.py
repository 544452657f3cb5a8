"""What a comparison reads from Redis: sums of the registers by bucket, and only those registers that are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from aegis.claim import claim_of
from aegis.inspection import ASTRAY, NO_STAMP, NOTHING, Listed, Sum, Sums
from aegis.stamp import Rank
from aegis.stores.protocol import Count
from aegis.stores.redis_errors import translated
from aegis.stores.redis_misplaced import Misplaced
from aegis.stores.redis_names import Names
from aegis.stores.redis_register import stored_record
from aegis.stores.redis_registers import registers, walked
from aegis.stores.redis_strays import counted, strays

KEYS_PER_CALL = 500
_LOOK = files("aegis.stores").joinpath("redis_look.lua").read_bytes()
_DELETE = int(Rank.DELETE)


class RedisInspection:
    """One table's. What its listings come across in wrong places, its inspections find again."""

    def __init__(self, client: Any, names: Names) -> None:
        self._client, self._names, self._misplaced = client, names, Misplaced()

    def sums(self) -> Sums:
        """As the protocol says."""
        before, found = counted(self._client, self._names), walked(self._client, self._names)
        sums, highest, total = dict(found.sums), found.highest, found.visible
        for _, rows in registers(self._client, self._names, found.odd):
            for _, stamp, bucket, claim, visible in rows:
                highest, total = max(highest, stamp), total + visible
                if visible or bucket == ASTRAY or stamp % 4 != _DELETE:
                    sums[bucket] = _with_one_more(sums.get(bucket, NOTHING), claim, visible)
        for _ in strays(self._client, self._names, before, total):
            sums[ASTRAY] = _with_one_more(sums.get(ASTRAY, NOTHING), 0, True)
        return Sums(sums, highest)

    def count(self) -> Count:
        """As the protocol says, by the registers: strays are none of it."""
        found = walked(self._client, self._names)
        odd = [visible for _, rows in registers(self._client, self._names, found.odd) for *_, visible in rows]
        visible = found.visible + sum(odd)
        return Count(visible=visible, tombstones=found.number + len(odd) - visible)

    def listing(self, buckets: Collection[int]) -> Iterator[Listed]:
        """As the protocol says, without tombstones of deletes. A key with registers in the hashes of two buckets is listed with each of them."""
        for place, rows in registers(self._client, self._names, buckets):
            for key, stamp, bucket, claim, visible in rows:
                if bucket == place and (visible or stamp % 4 != _DELETE):
                    if (bucket, claim) == claim_of(key, stamp // 4):
                        yield Listed(key, stamp, visible)
                    else:
                        self._misplaced.remember(key, place)
                        yield Listed(key, NO_STAMP, visible)
        if ASTRAY in buckets:
            yield from self._astray()

    def inspect(self, keys: Sequence[str]) -> Mapping[str, Listed]:
        """As the protocol says."""
        listed = {key: found for key, (_, found) in look(self._client, self._names, keys).items()}
        for key, copies in self._misplaced.copies(self._client, self._names, keys).items():
            found = listed.get(key)
            listed[key] = Listed(key, NO_STAMP, visible=False, copies=copies) if found is None else found._replace(copies=1 + copies)
        return listed

    def _astray(self) -> Iterator[Listed]:
        """What cannot be read, what names another bucket than its hash's, and values without a register: each key once."""
        before, found = counted(self._client, self._names), walked(self._client, self._names)
        total, named = found.visible, set[str]()
        for place, rows in registers(self._client, self._names, found.odd):
            for key, _, bucket, _, visible in rows:
                total += visible
                if bucket == ASTRAY:
                    self._misplaced.remember(key, place)
                    if key not in named:
                        named.add(key)
                        yield Listed(key, NO_STAMP, visible)
        yield from (Listed(key, NO_STAMP, visible=True) for key in strays(self._client, self._names, before, total) if key not in named)


def look(client: Any, names: Names, keys: Sequence[str]) -> Mapping[str, tuple[bytes, Listed]]:
    """The text of the register (empty where there is none) and what is listed, of those `keys` of which there is anything."""
    seen: dict[str, tuple[bytes, Listed]] = {}
    for start in range(0, len(keys), KEYS_PER_CALL):
        chunk = keys[start : start + KEYS_PER_CALL]
        with translated():
            found = client.eval_ro(_LOOK, 2 * len(chunk), *names.of(chunk), names.before_key)
        for key, register, has_register, has_value in zip(chunk, found[::3], found[1::3], found[2::3], strict=True):
            if has_register or has_value:
                record = stored_record(names.table, key, register, None)
                seen[key] = register, Listed(key, NO_STAMP if record is None else record.stamp.packed, bool(has_value))
    return seen


def _with_one_more(summed: Sum, claim: int, visible: bool) -> Sum:
    return Sum(summed.records + 1, summed.claims + claim, summed.visible + visible)
