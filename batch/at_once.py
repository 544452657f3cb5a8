"""Two readings at the same time: both ends of a comparison are mostly servers at work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Here = TypeVar("Here")
There = TypeVar("There")


def at_once(here: Callable[[], Here], there: Callable[[], There]) -> tuple[Here, There]:
    """What both give, `there` in a thread of its own. Ends when both have ended, and raises what was raised: by `here`, where both failed."""
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(there)
        return here(), other.result()
