"""Progress of a long run: a bar with rate and time left on a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from batch.progress import Progress


class _Rate(ProgressColumn):
    """Parts a second."""

    def render(self, task: Task) -> Text:
        """Empty until it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Bar:
    """One line that changes; the progress of replays, rebuilds and the comparisons at their ends."""

    def __init__(self, progress: RichProgress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._phase = ""
        self._what = ""

    def phase(self, name: str) -> None:
        """Show what is done now."""
        self._phase = name
        self._begin("")

    def step(self, what: str, done: int, of: int) -> None:
        """Show how far it is; `of` 0: `done` is what is left."""
        if self._task is None or what != self._what:
            self._begin(what)
        assert self._task is not None
        if of:
            self._progress.update(self._task, total=of, completed=done)
        else:
            self._progress.update(self._task, description=f"{self._phase}: waiting for {escape(what)}, {done:,} left")

    def _begin(self, what: str) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._what = what
        self._task = self._progress.add_task(f"{self._phase}: {escape(what)}" if what else self._phase, total=None)


LINE_SECONDS = 10.0
"""Between two lines of one phase."""


class Lines:
    """A line for each phase, and one now and then while it lasts."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = monotonic) -> None:
        self._write = write
        self._clock = clock
        self._phase = ""
        self._began: tuple[str, float, int] = ("", 0.0, 0)
        self._written = 0.0

    def phase(self, name: str) -> None:
        """Say what is done now."""
        self._phase = name
        self._written = self._clock()
        self._write(name)

    def step(self, what: str, done: int, of: int) -> None:
        """Say how far it is, where that was not said just now; `of` 0: `done` is what is left."""
        now = self._clock()
        if what != self._began[0]:
            self._began = (what, now, done)
        if now - self._written < LINE_SECONDS:
            return
        self._written = now
        self._write(f"{self._phase}: {what} {done:,} of {of:,}{self._left(now, done, of)}" if of else f"{self._phase}: waiting for {what}, {done:,} left")

    def _left(self, now: float, done: int, of: int) -> str:
        _, began, first = self._began
        rate = (done - first) / (now - began) if now > began else 0.0
        return f", {rate:,.0f}/s, about {(of - done) / rate:,.0f} s left" if rate > 0 else ""


@contextmanager
def bar() -> Iterator[Progress]:
    """Progress on stderr for the time of the block."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(partial(click.echo, err=True))
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=console, transient=True) as progress:
        yield Bar(progress)
