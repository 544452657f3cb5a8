"""Values in Redis that have no register: somebody wrote them by hand.

The bucket of a name is a part of its MD5, which a script cannot compute, so that looking up the register of every value costs a way to the client and back.
As a rule a count proves that there is no stray. First the names of values are counted, then a walk over the registers counts those whose value readers find:

- A stray that is there all the time is among the names, and not among the registers. A name that SCAN gives twice, and a value that expires between the two
  counts, only make the names more than the registers, too: none of them hides a stray.
- What could hide one is a value that came between the two counts. The table's generation tells: every call raises it that applies records or puts values back.
  (A table without one is never proved so.)
- What is left are hands at work at this very moment, and a register that was put by hand into a second hash and names that hash's bucket: the sums of that
  bucket then differ by themselves, and once it is taken away the next walk counts right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import orjson

from aegis.claim import bucket_of
from aegis.stores.redis_errors import translated
from aegis.stores.redis_names import Names, beginning_with, text_of
from aegis.stores.redis_registers import STEP

_SCAN, _LACKING = (files("aegis.stores").joinpath(f"redis_{name}.lua").read_bytes() for name in ("scan_values", "lacking"))


@dataclass(frozen=True, slots=True)
class Counted:
    """Names of values, counted before the registers are."""

    generation: bytes | None
    number: int


def counted(client: Any, names: Names) -> Counted | None:
    """None for a table without a generation: of it a count would prove nothing."""
    if not names.counter:
        return None
    generation = _generation(client, names)
    return Counted(generation, sum(number for number, _ in _walk(client, names, keys=False)))


def strays(client: Any, names: Names, before: Counted | None, visible: int) -> Iterator[str]:
    """Keys of values without a register, each once. `before`: as counted before the walk over the registers; `visible`: as that walk counted."""
    if before is not None and before == Counted(_generation(client, names), visible):
        return
    named = set[str]()
    for _, keys in _walk(client, names, keys=True):
        for key in _lacking(client, names, keys):
            if key not in named:
                named.add(key)
                yield key


def _generation(client: Any, names: Names) -> bytes | None:
    with translated():
        generation: bytes | None = client.get(names.counter)
    return generation


def _lacking(client: Any, names: Names, keys: list[str]) -> list[str]:
    if not keys:
        return []
    with translated():
        lacking = client.eval_ro(_LACKING, 0, names.hashes, names.value(""), orjson.dumps([str(bucket_of(key)) for key in keys]), orjson.dumps(keys))
    return [keys[place] for place in lacking]


def _walk(client: Any, names: Names, *, keys: bool) -> Iterator[tuple[int, list[str]]]:
    """Steps of a SCAN over the names of values: how many, and, where they are asked for, those keys that are text."""
    prefix, cursor = names.value(""), b"0"
    while True:
        with translated():
            cursor, number, *found = client.eval_ro(_SCAN, 0, cursor, beginning_with(prefix), prefix, STEP, int(keys))
        yield number, _texts(found[0]) if number and keys else []
        if cursor == b"0":
            return


def _texts(found: bytes | list[bytes]) -> list[str]:
    """Keys of one step, from a line each or a list."""
    if isinstance(found, bytes):
        text = text_of(found)
        if text is not None:
            return text.split("\n")
        found = found.split(b"\n")
    return [key for name in found if (key := text_of(name)) is not None]
