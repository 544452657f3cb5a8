"""What a comparison reads from Redis: a walk over all registers, and one over all values for those that have none. Scripts that only read do the work there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from aegis.inspection import ASTRAY, NO_STAMP, Listed, Sums
from aegis.stores.redis_errors import translated
from aegis.stores.redis_names import Names, beginning_with, text_of
from aegis.stores.redis_register import BEGINNING_BYTES, Beginning, beginning, stored_record
from aegis.stores.redis_tally import Tally

STEP = 500
"""Names that one step of a walk looks at: it keeps the server from everybody else for about a millisecond."""
_REGISTERS, _STRAYS, _LOOK = (files("aegis.stores").joinpath(f"redis_{name}.lua").read_bytes() for name in ("walk_registers", "walk_strays", "look"))


def sums(client: Any, names: Names) -> Sums:
    """As the protocol says."""
    tally, highest = Tally(), NO_STAMP
    for key, start, visible in _registers(client, names):
        if start is None:
            tally.add(key, ASTRAY, 0, visible)
            continue
        highest = max(highest, start.stamp)
        if visible or not start.is_delete:
            tally.add(key, start.bucket, start.claim, visible)
    for key in _strays(client, names):
        tally.add(key, ASTRAY, 0, True)
    return Sums(tally.sums(), highest)


def listing(client: Any, names: Names, buckets: Collection[int]) -> Iterator[Listed]:
    """As the protocol says, without tombstones of deletes."""
    wanted, named = frozenset(buckets), set[str]()
    for key, start, visible in _registers(client, names):
        bucket = ASTRAY if start is None else start.bucket
        if bucket in wanted and key not in named and (start is None or visible or not start.is_delete):
            named.add(key)
            yield Listed(key, start.stamp if start is not None and start.is_of(key) else NO_STAMP, visible)
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
    for start in range(0, len(keys), STEP):
        chunk = keys[start : start + STEP]
        registers, values = ([name(key) for key in chunk] for name in (names.register, names.value))
        with translated():
            found = client.eval_ro(_LOOK, 2 * len(chunk), *registers, *values)
        for key, register, has_register, has_value in zip(chunk, found[::3], found[1::3], found[2::3], strict=True):
            if has_register or has_value:
                record = stored_record(names.table, key, register, None)
                seen[key] = register, Listed(key, NO_STAMP if record is None else record.stamp.packed, bool(has_value))
    return seen


def _registers(client: Any, names: Names) -> Iterator[tuple[str, Beginning | None, bool]]:
    """Key, beginning and whether readers see a value, of every register; a key may come twice."""
    for found in _walk(client, _REGISTERS, names.register(""), names.value(""), BEGINNING_BYTES):
        for key, start, visible in zip(found[::3], found[1::3], found[2::3], strict=True):
            if (text := text_of(key)) is not None:
                yield text, beginning(start), bool(visible)


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
