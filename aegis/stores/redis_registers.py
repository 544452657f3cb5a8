"""Registers in Redis, bucket by bucket: summed in the server, or read. Scripts that only read do the work there."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import repeat
from typing import Any

from aegis.inspection import ASTRAY, BUCKETS, NO_STAMP, Sum
from aegis.stores.redis_errors import translated
from aegis.stores.redis_names import Names, text_of
from aegis.stores.redis_register import BEGINNING_BYTES, beginning
from aegis.stores.redis_script import connection_of

STEP = 1_000
"""Registers after which a call ends with the bucket at hand: it keeps the server from everybody else for a few milliseconds."""
MOST_BUCKETS = 250
"""Buckets that a call of a listing is told of; how far it comes tells the next how many it had better be told of."""
CALLS_UNDER_WAY = 2
_BUCKET, _SUM, _LIST = (files("aegis.stores").joinpath(f"redis_{name}.lua").read_bytes() for name in ("bucket", "sum_registers", "list_registers"))
_SUMS, _LISTING = _BUCKET + _SUM, _BUCKET + _LIST

Row = tuple[str, int, int, int, bool]
"""Key, stamp, bucket, claim, and whether readers find a value. Where a register cannot be read: `NO_STAMP`, `ASTRAY` and a claim of 0; one that names another
bucket than its hash's: its stamp, `ASTRAY` and 0."""


@dataclass(slots=True)
class Walked:
    """What a walk over all registers of a table has found."""

    sums: dict[int, Sum]
    """By bucket, without those in `odd`."""
    odd: list[int]
    """Buckets in which something is out of the ordinary: a register that Aegis did not write so, a key with letters beyond ASCII."""
    number: int = 0
    """Registers in all, tombstones too, without those in `odd`."""
    visible: int = 0
    """How many of these readers find a value of."""
    highest: int = NO_STAMP


def walked(client: Any, names: Names) -> Walked:
    """One walk over all buckets. A bucket is read as of one moment; one with very many registers keeps the server for as long as that takes."""
    found, bucket = Walked({}, []), 0
    while bucket < BUCKETS:
        with translated():
            bucket, lines, odd = client.eval_ro(_SUMS, 0, bucket, BUCKETS, names.hashes, names.value(""), STEP)
        found.odd += map(int, odd.split(b",") if odd else ())
        for line in lines.split(b";") if lines else ():
            of, records, claims, visible, number, highest = map(int, line.split(b","))
            found.sums[of] = Sum(records, claims, visible)
            found.number += number
            found.visible += visible
            found.highest = max(found.highest, highest)
    return found


def registers(client: Any, names: Names, buckets: Collection[int]) -> Iterator[tuple[int, Iterable[Row]]]:
    """Bucket and rows of each of `buckets` that holds any whose keys are text."""
    for found in _answers(client, names, sorted(bucket for bucket in buckets if bucket != ASTRAY)):
        for bucket, *parts in found:
            yield bucket, _of_list(bucket, parts[0]) if isinstance(parts[0], list) else _of_columns(bucket, *parts)


def _answers(client: Any, names: Names, wanted: Sequence[int]) -> Iterator[Sequence[Any]]:
    """What each call of the script gives of the buckets that it came to. The server works on one while the answer before it is used.

    (Another thread would have to wait for this one's turn to end, 5 ms, each time that it reads.)
    """
    left, sent, size = list(reversed(wanted)), deque[list[int]](), MOST_BUCKETS
    with translated(), connection_of(client) as connection:
        while left or sent:
            while left and len(sent) < CALLS_UNDER_WAY:
                sent.append([left.pop() for _ in range(min(size, len(left)))])
                some = ",".join(map(str, sent[-1]))
                connection.send_command("EVAL_RO", _LISTING, 0, some, names.hashes, names.value(""), STEP, BEGINNING_BYTES)
            done, *found = connection.read_response()
            asked = sent.popleft()
            left += reversed(asked[done:])
            size = done if done < len(asked) else min(2 * size, MOST_BUCKETS)
            yield found


def _of_columns(bucket: int, keys: bytes, numbers: bytes, seen: bytes) -> Iterable[Row]:
    stamps_and_claims = list(map(int, numbers.split(b",")))
    visible: Iterable[bool] = (one == ord("1") for one in seen) if seen else repeat(True)
    columns = stamps_and_claims[::2], repeat(bucket), stamps_and_claims[1::2], visible
    text = text_of(keys)
    if text is not None:
        return zip(text.split("\n"), *columns, strict=False)
    named = zip(map(text_of, keys.split(b"\n")), *columns, strict=False)
    return ((key, stamp, bucket, claim, visible) for key, stamp, bucket, claim, visible in named if key is not None)


def _of_list(bucket: int, found: Sequence[Any]) -> Iterator[Row]:
    for name, register, visible in zip(found[::3], found[1::3], found[2::3], strict=True):
        key, start = text_of(name), beginning(register)
        if key is None:
            continue
        if start is None or start.bucket != bucket:
            yield key, NO_STAMP if start is None else start.stamp, ASTRAY, 0, bool(visible)
        else:
            yield key, start.stamp, bucket, start.claim, bool(visible)
