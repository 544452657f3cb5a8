"""`aegis collect files`: files that were dropped into a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import orjson
from watchfiles import watch

from aegis.settings import Settings, settings
from collectors.files.drop import Look, dropped
from collectors.files.folder import FileFolder
from collectors.files.mapping import BadMapping, mapping_in
from collectors.files.taking import Fate, Outcome, Taker
from collectors.session import collector_logs, keeping, opened_store, traced
from collectors.showing import progress_bar, reporter
from collectors.wording import storable

LOOK_AGAIN_SECONDS = 10
"""A watched folder is looked at so often even where nothing is heard of it: network folders tell nothing."""


@click.command("files")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--watch", "watches", is_flag=True, help="Stay, and take files as they come, until interrupted.")
@click.option("--dry-run", is_flag=True, help="Read, map and validate, say what would change; write and move nothing.")
@click.option("--settle", type=click.FloatRange(0, 3600), default=2.0, show_default=True, help="Seconds for which nobody may have written to a file.")
@click.option("--leave", is_flag=True, help="Do not move files: a content that was taken is not taken again anyway.")
@click.option(
    "--force-gate", is_flag=True, help="Take files even where their columns are not those of the last good one; what passes is the shape from then on."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
def files_command(*, folder: Path, watches: bool, dry_run: bool, settle: float, leave: bool, force_gate: bool, as_json: bool) -> None:
    """Take the files in FOLDER by its mapping.yaml: CSV, Excel, JSON, JSONL, XML and Parquet, each once, whole or not at all.

    A file that was taken goes to FOLDER/taken, one that cannot be read, or whose columns are not those of the last good one, to FOLDER/failed with a note. Rows
    that fail validation go to the quarantine. Exit code 1 where a file failed.
    """
    if watches and force_gate:
        raise click.UsageError("--force-gate is for a file that was looked at: take it without --watch")
    configured = settings()
    collector_logs(configured)
    rounds = _Rounds(configured, folder.resolve(), dry_run, settle, leave, force_gate, as_json)
    failed = rounds.go()
    if not watches:
        raise SystemExit(1 if failed else 0)
    click.echo(f"watching {folder}; stop with Ctrl-C", err=True)
    for _ in watch(folder, recursive=False, yield_on_timeout=True, rust_timeout=LOOK_AGAIN_SECONDS * 1000, raise_interrupt=False):
        try:
            rounds.go()
        except click.ClickException as error:  # a mapping in the middle of being written, PostgreSQL away: the files stay, the next round takes them
            click.echo(error.format_message(), err=True)


@dataclass(slots=True)
class _Rounds:
    """Looks through the folder, again and again. What stays there is told once as long as it stays as it is."""

    configured: Settings
    folder: Path
    dry_run: bool
    settle: float
    leave: bool
    force_gate: bool
    as_json: bool
    told: dict[Path, Look | None] = field(default_factory=dict)

    def go(self) -> bool:
        """Take what is there; whether a file failed. Raises ClickException."""
        waiting = [path for path in dropped(self.folder) if path not in self.told or self.told[path] != Look.at(path)]
        if not waiting:
            return False
        try:
            source = FileFolder(mapping_in(self.folder))
        except BadMapping as error:
            raise click.ClickException(str(error)) from error
        failed = False
        for path, outcome in self._outcomes(source, waiting):
            self._tell(outcome)
            failed = failed or outcome.fate is Fate.FAILED
            if outcome.fate is not Fate.WAITING:
                self.told[path] = Look.at(path)
        return failed

    def _outcomes(self, source: FileFolder, waiting: list[Path]) -> Iterator[tuple[Path, Outcome]]:
        with traced(), opened_store(self.configured, source.name, dry_run=self.dry_run) as store, progress_bar(self.as_json) as progress:
            keep = keeping(self.configured, store, source.name, dry_run=self.dry_run)
            taker = Taker(source, store, keep, self.dry_run, not self.leave, self.settle, self.force_gate)
            for path in waiting:
                yield path, taker.take(path, reporter(progress, storable(path.name)))

    def _tell(self, outcome: Outcome) -> None:
        if self.as_json:
            click.echo(orjson.dumps(outcome.as_json()))
            return
        said = [f"{outcome.name}: {outcome.fate}{' (dry run)' if self.dry_run else ''}"]
        if outcome.summary is not None and outcome.fate is Fate.TAKEN:
            counts = outcome.summary.counts()
            said.append(", ".join(f"{counts[name]} {name}" for name in ("fetched", "new", "changed", "unchanged", "quarantined")))
        if outcome.note:
            said.append(outcome.note)
        click.echo("; ".join(said))
