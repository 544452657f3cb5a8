"""`aegis validate`: judge every policy that is due."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import datetime

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis.cli.screen import screen
from aegis.korea import KOREA
from aegis.settings import settings
from batch.cli.bar import bar
from batch.cli.ending import stoppable, translated
from batch.runs import EXIT_CODES
from batch.validation.ledger import Order
from batch.validation.run import Validated, validate


@click.command("validate")
@click.option("--source", help="Only policies of this source.")
@click.option("--limit", type=click.IntRange(1), help="At most so many policies.")
@click.option("--again", is_flag=True, help="Judge anew what has been judged, too: after a change of rules, codes or threshold.")
@click.option("--dry-run", is_flag=True, help="Say what would be decided, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(*, source: str | None, limit: int | None, again: bool, dry_run: bool, as_json: bool) -> None:
    """Judge policies: active, rejected or archived, with a quality score and reasons.

    Due are pending policies, active ones that changed since they were judged, and those whose period ran out. Amounts, rates and dates that a source states in
    words only are read and filled in. Rules are those of `aegis rules list`; a rule that cannot be read is skipped, and told of.

    Exit code 0: everything that was due is judged. 4: some policies could not be. 1: failed. Recorded in ops.runs and ops.judgements.
    """
    from aegis.stores.milvus_calls import MilvusCalls
    from batch.duplicates.nearest import MilvusNearest
    from batch.validation.twins import Twins

    configured = settings()
    order = Order(
        on=datetime.now(KOREA).date(),
        threshold=configured.quality_score_threshold,
        batch_size=configured.cold_path_batch_size,
        source=source,
        limit=limit,
        again=again,
        dry_run=dry_run,
    )
    operator, validator = configured.postgres_operator_dsn.get_secret_value(), configured.postgres_validator_dsn.get_secret_value()
    calls = MilvusCalls(configured.milvus_uri, configured.aegis_store_timeout_seconds)
    with translated(), stoppable(), bar() as progress, closing(calls):
        done = validate(operator, validator, order, progress, lambda connection: Twins(connection, MilvusNearest(calls)).verdicts)
    if as_json:
        said = {"run_id": done.run_id, "verdict": done.verdict.value, "dry_run": dry_run, **done.tally.document()}
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2))
    else:
        show(screen(), done, dry_run)
    sys.exit(EXIT_CODES[done.verdict])


def show(console: Console, done: Validated, dry_run: bool) -> None:
    """Print the counts, what spoke against policies, and what needs a person."""
    said = done.tally.document()
    names = ("judged", "active", "rejected", "archived", "duplicates", "changed", "changed_meanwhile")
    console.print(", ".join(f"{name.replace('_', ' ')} {said[name]:,}" for name in names), highlight=False)
    if done.tally.reasons:
        table = Table("rule", "policies")
        for rule, count in done.tally.reasons.most_common():
            table.add_row(escape(rule), f"{count:,}")
        console.print(table)
    for rule in done.tally.malformed_rules:
        console.print(f"[yellow]skipped[/] {escape(rule)}", highlight=False)
    if done.tally.unreadable or done.tally.refused:
        keys = ", ".join(done.tally.refused[:10])
        console.print(f"[red]{done.tally.unreadable} rows cannot be read, {len(done.tally.refused)} judgements were refused[/] {escape(keys)}: see the log")
    console.print(f"run {done.run_id}{' (dry run: nothing was changed)' if dry_run else ''}", highlight=False)
