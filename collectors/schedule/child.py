"""A collection as a child process: its memory goes with it, and a crash is its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import structlog

from aegis.child import ending_with_parent

PROGRAM = Path(sys.executable).with_name("aegis")

log = structlog.get_logger(__name__)


def collected(source: str) -> int:
    """Run `aegis collect run SOURCE`; its exit code. What it logs goes where this process's log goes, its summary into the log."""
    ended = subprocess.run(  # noqa: S603
        [*ending_with_parent(), str(PROGRAM), "collect", "run", source, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )
    log.info("schedule.ran", source=source, exit_code=ended.returncode, summary=_summary(ended.stdout))
    return ended.returncode


def collected_side_by_side(sources: Sequence[str], most_at_once: int, run: Callable[[str], int]) -> dict[str, int]:
    """Source → exit code, at most `most_at_once` at a time; one that fails holds up no other."""
    with ThreadPoolExecutor(most_at_once) as pool:
        return dict(zip(sources, pool.map(run, sources), strict=True))


def _summary(output: bytes) -> object:
    try:
        return orjson.loads(output)
    except orjson.JSONDecodeError:
        return None
