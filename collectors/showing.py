"""A run of a collector as people see it: a bar while it lasts, a table of counts at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from collectors.portals.portal import Page
from collectors.run import Report
from collectors.summary import Summary

SHOWN = ("fetched", "new", "changed", "unchanged", "archived", "quarantined")


def progress_bar(quiet: bool) -> Progress:
    """On stderr, where it is a terminal."""
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def reporter(progress: Progress, title: str) -> Report:
    """Moves the bar; where nobody sees bars, a plain line a page."""
    task = progress.add_task(title, total=None)

    def report(summary: Summary, total: int | None) -> None:
        progress.update(task, completed=summary.fetched, total=total)
        _line(progress, title, summary.pages, summary.fetched, total)

    return report


def watched(pages: Iterable[Page], progress: Progress, title: str) -> Iterator[Page]:
    """The pages, with the bar moved as they pass."""
    task, records = progress.add_task(title, total=None), 0
    for number, page in enumerate(pages, start=1):
        records += len(page.records)
        progress.update(task, completed=records, total=page.total)
        _line(progress, title, number, records, page.total)
        yield page


def show(*summaries: Summary) -> None:
    """Print the counts, and what needs a look."""
    first = summaries[0]
    name = first.source if len(summaries) == 1 else f"{len(summaries)} sources"
    table = Table(title=f"{name}{' (dry run: nothing was written)' if first.dry_run else ''}", title_justify="left")
    columns = SHOWN if len(summaries) == 1 else ("source", *SHOWN, "status")
    for column in columns:
        table.add_column(column, justify="right" if column in SHOWN else "left")
    for summary in summaries:
        table.add_row(*(str(getattr(summary, column)) for column in columns))
    console = Console()
    console.print(table)
    for summary in summaries:
        _remark(console, summary, "" if len(summaries) == 1 else f"{summary.source}: ")


def _remark(console: Console, summary: Summary, prefix: str) -> None:
    if summary.instead:
        console.print(f"{prefix}The source is down; {summary.instead}. Nothing is archived.", style="yellow")
    if summary.quarantined:
        where = "would go to" if summary.dry_run else "are in"
        said = f"{summary.quarantined} records {where} the table quarantine, with code, field and reason; their neighbours are not held up."
        console.print(f"{prefix}{said}")
    if summary.withheld:
        console.print(f"{prefix}Archiving: {summary.withheld}.", style="yellow")


def _line(progress: Progress, title: str, page: int, records: int, total: int | None) -> None:
    if progress.disable:
        progress.console.print(f"{title}: page {page}, {records} of {'?' if total is None else total} records", highlight=False)
