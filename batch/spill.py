"""Lays out more keys than memory may hold in files, a part each by a hash of the key, so that two long lists are matched part by part, each read once."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

MOST_PARTS = 256
"""Two lists are laid out at the same time, and a process has 1,024 files."""
ITEMS_AT_ONCE = 500
"""Items of a part that are written together."""

Item = tuple[Any, ...]
"""The key first; texts, numbers and booleans."""


@contextmanager
def spilled(items: Iterable[Item], parts: int) -> Iterator[list[Iterator[Item]]]:
    """`items` in `parts` parts. Equal keys are in parts of one number, in every list that this process lays out. The files are gone at the end of the block."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(parts)]
        waiting: list[list[Item]] = [[] for _ in files]
        for item in items:
            part = waiting[number := hash(item[0]) % parts]
            part.append(item)
            if len(part) == ITEMS_AT_ONCE:
                marshal.dump(part, files[number])
                part.clear()
        for part, file in zip(waiting, files, strict=True):
            marshal.dump(part, file)
        del waiting
        yield [_read(file) for file in files]


def _read(file: IO[bytes]) -> Iterator[Item]:
    """What was written, once."""
    end = file.tell()
    file.seek(0)
    while file.tell() < end:
        yield from marshal.load(file)  # noqa: S302  # of this process, in a file without a name
