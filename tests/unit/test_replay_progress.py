"""Progress of replays and rebuilds, on a terminal and in a log."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.progress import Progress as RichProgress

from batch.cli.bar import Bar, Lines


def test_a_log_gets_a_line_for_each_phase_and_one_now_and_then_with_the_time_left() -> None:
    now, lines = [0.0], list[str]()
    told = Lines(lines.append, lambda: now[0])
    told.phase("read")
    for seconds in range(1, 21):
        now[0] = float(seconds)
        told.step("messages read", seconds * 100, 4000)
    told.phase("compare")
    now[0] += 10
    told.step("group aegis-redis to pass the end of its topics", 12, 0)
    assert lines == [
        "read",
        "read: messages read 1,000 of 4,000, 100/s, about 30 s left",
        "read: messages read 2,000 of 4,000, 100/s, about 20 s left",
        "compare",
        "compare: waiting for group aegis-redis to pass the end of its topics, 12 left",
    ]


def test_a_bar_shows_one_task_at_a_time() -> None:
    screen = StringIO()
    with RichProgress(console=Console(file=screen, force_terminal=True, width=120), auto_refresh=False) as progress:
        told = Bar(progress)
        told.phase("read")
        told.step("messages read", 5, 10)
        [task] = progress.tasks
        assert (task.description, task.completed, task.total) == ("read: messages read", 5, 10)
        told.phase("compare")
        told.step("the connector", 7, 0)
        [task] = progress.tasks
        assert (task.description, task.total) == ("compare: waiting for the connector, 7 left", None)
