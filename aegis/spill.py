"""More items than memory may hold, laid out in parts in a file: what belongs together is read together, and everything once."""

from __future__ import annotations

import marshal
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

ITEMS_AT_ONCE = 10_000
"""Items that are laid out together: as many as wait in memory."""
NO_REFERENCES = 2
"""The newest version of marshal that looks for no object that it has written before, which takes time."""

Item = tuple[Any, ...]
"""The key first; texts, numbers and booleans."""


class Spill:
    """Items in `parts` parts, in a temporary file without a name: it is gone when the spill is closed or no longer used, or the process ends.

    One thread at a time. Raises OSError where the disk is full.
    """

    def __init__(self, parts: int) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`, or when nobody has the spill any more
        self.parts = parts
        self._where: list[list[tuple[int, int]]] = [[] for _ in range(parts)]
        self._end = 0
        self.close = weakref.finalize(self, self._file.close)
        """Give the file back; again does nothing."""

    def write(self, part: int, items: list[Item]) -> None:
        """Add `items` to a part; many at a time are cheap, one is not."""
        written = marshal.dumps(items, NO_REFERENCES)
        self._file.write(written)
        self._where[part].append((self._end, len(written)))
        self._end += len(written)

    def lay_out(self, items: Iterable[Item]) -> None:
        """Add `items`, each to a part of its key's. Equal keys are in parts of one number, in every spill of as many parts that this process has."""
        left, number = iter(items), self.parts
        while some := list(islice(left, ITEMS_AT_ONCE)):
            waiting: list[list[Item]] = [[] for _ in range(number)]
            for item in some:
                waiting[hash(item[0]) % number].append(item)
            for part, of_it in enumerate(waiting):
                if of_it:
                    self.write(part, of_it)

    def read(self, part: int) -> Iterator[Item]:
        """What was added to a part, in the order in which it was added; as often as it is asked for."""
        self._file.flush()
        for start, length in self._where[part]:
            yield from marshal.loads(os.pread(self._file.fileno(), length, start))  # noqa: S302  # of this process, in a file without a name
