"""Where commands print for people."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn

PIPED_WIDTH = 180
"""Columns where nobody's terminal tells: tables in a log or a pipe need not be folded at 80."""


def screen() -> Console:
    """A console on stdout, as wide as the terminal, or wide enough where there is none."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)


def counting() -> Progress:
    """Progress of long work, on stderr: what is on stdout stays as machines read it."""
    return Progress(TextColumn("{task.description}"), MofNCompleteColumn(), console=Console(stderr=True), transient=True)
