"""Fetching the next page while the last one is worked on: a server answers while this process decodes."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

Page = TypeVar("Page")


def ahead(pages: Generator[Page]) -> Generator[Page]:
    """The same pages, each asked for, in a thread of its own, when the one before is given out. One more page is held in memory.

    An error comes in the place of its page. `pages` is closed at the end, also where that comes early.
    """
    with closing(pages), ThreadPoolExecutor(1) as thread:
        following = thread.submit(_one, pages)
        while page := following.result():
            following = thread.submit(_one, pages)
            yield page[0]


def _one(pages: Generator[Page]) -> tuple[Page] | None:
    """The next page; None at the end, since a StopIteration cannot leave a thread."""
    for page in pages:
        return (page,)
    return None
