"""`aegis purge`: take expired tombstones away, and history that is no longer kept."""

from __future__ import annotations

import sys
from datetime import timedelta

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from aegis.cli.screen import screen
from aegis.cli.store_name import STORE
from aegis.derivations import CAPTURED
from aegis.settings import Settings, settings
from aegis.topics import Topic
from batch.cli.bar import bar
from batch.cli.ending import stoppable, translated
from batch.purge import Order, Purged, pairs, purge
from batch.retention import Forgotten, History, forget
from batch.runs import EXIT_CODES, Verdict

HORIZON_DAYS = Topic.__dataclass_fields__["retention_days"].default
"""How long the log keeps changes: no replay reaches back further."""
TOMBSTONES, HISTORY = "tombstones", "history"


@click.command("purge")
@click.option("--store", "stores", type=STORE, multiple=True, help="Only this store: by name, or vector, graph, search, cache. May be repeated.")
@click.option("--table", "tables", type=click.Choice(sorted(CAPTURED)), multiple=True, help="Only this table. May be repeated.")
@click.option("--older-than", type=click.FloatRange(0), default=HORIZON_DAYS, show_default=True, metavar="DAYS", help="Only tombstones that old.")
@click.option("--only", type=click.Choice([TOMBSTONES, HISTORY]), help="Only these. With --store or --table: tombstones, without being told.")
@click.option("--dry-run", is_flag=True, help="Count what would go, and what is kept and why.")
@click.option("--wait", "wait_seconds", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Wait so long for another run to end.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(
    *, stores: tuple[str, ...], tables: tuple[str, ...], older_than: float, only: str | None, dry_run: bool, wait_seconds: float, as_json: bool
) -> None:
    """Take away tombstones of deletes that have nothing left to keep out, and history that is no longer kept.

    A tombstone goes only with the proof that nothing can bring an older change back: the log no longer has its delete nor anything older, every consumer group
    has read it, the connector's stored offset has passed it, no snapshot is under way, and the log has no correction of its key. What fails the proof is kept
    and counted with the reason. Tombstones of rows that are withdrawn stay.

    History: judgements that newer ones of the policy have replaced (AEGIS_KEEP_JUDGEMENTS_DAYS), answers of language models that no run needs
    (AEGIS_KEEP_CLEANED_TEXTS_DAYS), and dead letters of services (AEGIS_KEEP_DEAD_DELIVERIES_DAYS); 0 days: for ever. It goes first, and needs
    PostgreSQL alone.

    Exit code 0: everything that may go is gone. 4: something is still there. 1: failed. Recorded in ops.runs, each batch in audit_logs.
    """
    chosen = pairs(stores, tables)
    if not chosen:
        raise click.UsageError(f"nothing of {', '.join(tables)} is in {', '.join(stores)}")
    if only == HISTORY and (stores or tables):
        raise click.UsageError("history is in no derived store: leave --store and --table out, or take --only tombstones")
    forgotten, done = None, None
    with translated(), stoppable(), bar() as progress:
        if only == HISTORY or not (only or stores or tables):
            dsn = settings().postgres_operator_dsn.get_secret_value()
            forgotten = forget(dsn, kept_days(settings()), progress, dry_run=dry_run, wait_seconds=wait_seconds)
        if only != HISTORY:
            done = purge(settings(), Order(chosen, timedelta(days=older_than), dry_run, wait_seconds), progress)
    _say(forgotten, done, dry_run=dry_run, as_json=as_json)
    sys.exit(EXIT_CODES[done.verdict if done else Verdict.CLEAN])


def kept_days(configured: Settings) -> dict[History, int]:
    """Kind → days for which it is kept; 0: for ever."""
    return {
        History.JUDGEMENTS: configured.aegis_keep_judgements_days,
        History.CLEANED_TEXTS: configured.aegis_keep_cleaned_texts_days,
        History.DEAD_DELIVERIES: configured.aegis_keep_dead_deliveries_days,
    }


def _say(forgotten: Forgotten | None, done: Purged | None, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        said = (done.document() if done else {}) | ({HISTORY: forgotten.document()} if forgotten else {})
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2))
        return
    if forgotten:
        show_history(screen(), forgotten, dry_run)
    if done:
        show(screen(), done, dry_run)


def show_history(console: Console, forgotten: Forgotten, dry_run: bool) -> None:
    """Print what became of history, for people."""
    table = Table("history", "older than", "may go" if dry_run else "purged")
    for history, removal in forgotten.removals.items():
        table.add_row(history.value.replace("_", " "), f"{removal.days:,} days", f"{removal.expired if dry_run else removal.purged:,}")
    console.print(table)
    console.print(f"run {forgotten.run_id}{' (dry run: nothing was changed)' if dry_run else ''}", highlight=False)


def show(console: Console, done: Purged, dry_run: bool) -> None:
    """Print the report for people."""
    table = Table("store", "table", "tombstones", "may go" if dry_run else "purged", Column("kept, because", overflow="fold"))
    for pair, tally in done.tallies.items():
        kept = "; ".join(f"{count:,}: {reason.value}" for reason, count in tally.kept.most_common())
        table.add_row(pair.store, pair.table, f"{tally.looked_at:,}", f"{tally.expired if dry_run else tally.purged:,}", escape(kept))
    console.print(table)
    left = sum(tally.expired - tally.purged for tally in done.tallies.values())
    if done.verdict is Verdict.DRIFT_LEFT:
        console.print(f"[red]{left:,} tombstones are still there[/]: see `aegis dlq list` and the log of the store's app", highlight=False)
    console.print(f"run {done.run_id}{' (dry run: nothing was changed)' if dry_run else ''}", highlight=False)
