"""Finds the records that make an all-or-nothing write fail, so that their neighbours are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aegis.errors import ChangeRejected
from aegis.record import Outcome, Record, rejected


def isolate(write: Callable[[Sequence[Record]], Sequence[Outcome]], records: Sequence[Record]) -> list[Outcome]:
    """Outcomes of `records`, in order, by halving a batch that `write` rejects: about 2·k·log2(n) calls for k rejected of n records.

    `write` applies all of its records or raises `ChangeRejected`; any other exception passes through.
    """
    if not records:
        return []
    try:
        return list(write(records))
    except ChangeRejected as error:
        if len(records) == 1:
            return [rejected(error)]
    half = len(records) // 2
    return isolate(write, records[:half]) + isolate(write, records[half:])
