"""Several sources at once. One that fails, however it fails, harms no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import click
import structlog

from collectors.summary import Summary

log = structlog.get_logger(__name__)


def together(sources: Sequence[str], most_at_once: int, run: Callable[[str], Summary]) -> list[Summary]:
    """A summary for each source, in their order, at most `most_at_once` at a time. What `run` raises is told in a summary without counts."""
    with ThreadPoolExecutor(most_at_once, thread_name_prefix="collect") as pool:
        return list(pool.map(lambda source: _summary(source, run), sources))


def _summary(source: str, run: Callable[[str], Summary]) -> Summary:
    try:
        return run(source)
    except click.ClickException as error:
        return Summary(source, error=error.message)
    except Exception as error:
        log.exception("collect.crashed", source=source)
        return Summary(source, error=f"the collector itself failed ({type(error).__name__}): its log says where")
