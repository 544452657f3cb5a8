"""What a comparison reads from Redis: a walk over all registers, and one over all values for those that have none. Scripts that only read do the work there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from aegis.claim import claim_of
from aegis.inspection import ASTRAY, NO_STAMP, Listed, Sums
from aegis.stamp import Rank
from aegis.stores.redis_errors import translated
from aegis.stores.redis_names import Names, beginning_with, text_of
from aegis.stores.redis_register import BEGINNING_BYTES, stored_record
from aegis.stores.redis_tally import Tally
from aegis.stores.redis_walked import Walked, read

STEP = 1_000
"""Names that one step of a walk looks at: it keeps the server from everybody else for about a millisecond."""
KEYS_PER_CALL = 500
_REGISTERS, _STRAYS, _LOOK = (files("aegis.stores").joinpath(f"redis_{name}.lua").read_bytes() for name in ("walk_registers", "walk_strays", "look"))


def sums(client: Any, names: Names) -> Sums:
    """As the protocol says."""
    tally, highest = Tally(), NO_STAMP
    for walked in _registers(client, names):
        highest = max(highest, int(walked.stamps.max()))
        counts = walked.visible | (walked.stamps % 4 != Rank.DELETE)
        keys = walked.keys if counts.all() else [key for key, counted in zip(walked.keys, counts, strict=True) if counted]
        tally.add(keys, walked.buckets[counts], walked.claims[counts], walked.visible[counts])
    for stray in _strays(client, names):
        tally.add([stray.encode()], [ASTRAY], [0], [True])
    return Sums(tally.sums(), highest)


def listing(client: Any, names: Names, buckets: Collection[int]) -> Iterator[Listed]:
    """As the protocol says, without tombstones of deletes."""
    wanted, named = frozenset(buckets), set[str]()
    for walked in _registers(client, names):
        for key, stamp, bucket, claim, visible in walked.lines():
            if bucket in wanted and key not in named and (visible or stamp % 4 != Rank.DELETE):
                named.add(key)
                yield Listed(key, stamp if stamp != NO_STAMP and (bucket, claim) == claim_of(key, stamp // 4) else NO_STAMP, visible)
    if ASTRAY in wanted:
        for key in _strays(client, names):
            if key not in named:
                named.add(key)
                yield Listed(key, NO_STAMP, visible=True)


def inspect(client: Any, names: Names, keys: Sequence[str]) -> Mapping[str, Listed]:
    """As the protocol says."""
    return {key: found for key, (_, found) in look(client, names, keys).items()}


def look(client: Any, names: Names, keys: Sequence[str]) -> Mapping[str, tuple[bytes, Listed]]:
    """The text of the register (empty where there is none that is a string) and what is listed, of those `keys` of which there is anything."""
    seen: dict[str, tuple[bytes, Listed]] = {}
    for start in range(0, len(keys), KEYS_PER_CALL):
        chunk = keys[start : start + KEYS_PER_CALL]
        registers, values = ([name(key) for key in chunk] for name in (names.register, names.value))
        with translated():
            found = client.eval_ro(_LOOK, 2 * len(chunk), *registers, *values)
        for key, register, has_register, has_value in zip(chunk, found[::3], found[1::3], found[2::3], strict=True):
            if has_register or has_value:
                record = stored_record(names.table, key, register, None)
                seen[key] = register, Listed(key, NO_STAMP if record is None else record.stamp.packed, bool(has_value))
    return seen


def _registers(client: Any, names: Names) -> Iterator[Walked]:
    """Every register, a step at a time; a key may come twice."""
    for found in _walk(client, _REGISTERS, names.register(""), names.value(""), BEGINNING_BYTES):
        walked = read(found) if found else None
        if walked is not None and walked.keys:
            yield walked


def _strays(client: Any, names: Names) -> Iterator[str]:
    """The key of every value without a register; a key may come twice."""
    for found in _walk(client, _STRAYS, names.value(""), names.register("")):
        yield from (text for key in found if (text := text_of(key)) is not None)


def _walk(client: Any, script: bytes, prefix: str, other: str, *arguments: int) -> Iterator[Sequence[Any]]:
    cursor: bytes = b"0"
    while True:
        with translated():
            cursor, *found = client.eval_ro(script, 0, cursor, beginning_with(prefix), prefix, other, STEP, *arguments)
        yield found
        if cursor == b"0":
            return
