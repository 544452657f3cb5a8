"""Progress of a long run: a bar with rate and time left where a share is known, a spinner where it is not; silent where nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Parts a second."""

    def render(self, task: Task) -> Text:
        """Empty until it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Bar:
    """One line that changes; the progress of replays, rebuilds and the comparisons at their ends."""

    def __init__(self, progress: Progress) -> None:
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


@contextmanager
def bar() -> Iterator[Bar]:
    """A bar on stderr for the time of the block."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress)
