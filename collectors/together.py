"""Several sources at once. One that fails, however it fails, harms no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import click
import structlog

from collectors.summary import Summary

T = TypeVar("T")
log = structlog.get_logger(__name__)


def together(sources: Sequence[str], most_at_once: int, run: Callable[[str], Summary]) -> list[Summary]:
    """A summary for each source, in their order, at most `most_at_once` at a time. What `run` raises is told in a summary without counts."""
    return side_by_side(sources, most_at_once, run, lambda source, error: Summary(source, error=error))


def side_by_side(sources: Sequence[str], most_at_once: int, run: Callable[[str], T], failed: Callable[[str, str], T]) -> list[T]:
    """The same of whatever `run` gives; `failed` makes of a source and what it raised, in words, what stands in its place."""

    def one(source: str) -> T:
        try:
            return run(source)
        except click.ClickException as error:
            return failed(source, error.message)
        except Exception as error:
            log.exception("collect.crashed", source=source)
            return failed(source, f"the collector itself failed ({type(error).__name__}): its log says where")

    with ThreadPoolExecutor(most_at_once, thread_name_prefix="collect") as pool:
        return list(pool.map(one, sources))
