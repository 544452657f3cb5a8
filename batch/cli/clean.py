"""`aegis clean`: ask a language model one thing about each policy, and keep the answers beside the originals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import click
import orjson
import psycopg

from aegis.cli.screen import screen
from aegis.errors import AegisError, Code
from aegis.files.catalogue import Catalogue, CataloguedFile
from aegis.files.parquet import COMPRESSION
from aegis.files.storage import Storage
from aegis.korea import KOREA
from aegis.settings import Settings, settings
from batch.cleaning.asking import MOST_REQUESTS_PER_SECOND, Asker
from batch.cleaning.budget import Budget, CeilingReached
from batch.cleaning.ledger import Ledger
from batch.cleaning.provider import Provider
from batch.cleaning.rehearsal import Rehearsal
from batch.cleaning.rows import Row, chunks, in_file, policies
from batch.cleaning.run import Tally, clean, estimate
from batch.cleaning.task import Prices, Task, load, names
from batch.cli.bar import bar
from batch.cli.ending import stoppable, translated
from batch.progress import Progress

CEILING = 4
FREE = Prices(input=Decimal(0), output=Decimal(0))


@click.command("clean")
@click.argument("task", metavar="TASK")
@click.option("--provider", type=click.Choice(["openai", "anthropic", "local", "rehearsal"]), default="openai", show_default=True, help="Who is asked.")
@click.option("--model", help="Instead of the task's.")
@click.option("--price-in", type=Decimal, help="US dollars per million tokens sent, of that model.")
@click.option("--price-out", type=Decimal, help="US dollars per million tokens received, of that model.")
@click.option(
    "--input", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A Parquet or CSV file with policy_id, instead of policies."
)
@click.option("--source", "sources", multiple=True, help="Only policies of this source. May be repeated.")
@click.option("--status", "statuses", multiple=True, default=("active",), show_default=True, help="Only policies of this status. May be repeated.")
@click.option("--limit", type=click.IntRange(1), help="Most rows.")
@click.option("--max-cost", type=Decimal, default=Decimal(5), show_default=True, help="Ceiling in US dollars; what is still to be sent never exceeds it.")
@click.option("--per-second", type=click.FloatRange(0.1, MOST_REQUESTS_PER_SECOND), default=MOST_REQUESTS_PER_SECOND, show_default=True, help="Most requests.")
@click.option("--again", is_flag=True, help="Ask once more where there was no usable answer.")
@click.option("--dry-run", is_flag=True, help="Say how many rows would be asked and what they could cost at most; ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(*, task: str, path: Path | None, limit: int | None, max_cost: Decimal, per_second: float, as_json: bool, **chosen: Any) -> None:
    """Ask a language model TASK (a name, or a YAML or JSON file) about each policy, and write a Parquet file with the answers beside the originals.

    Each answer is kept as it comes: a run that was interrupted, or that met its ceiling, goes on where it ended and pays nothing twice. An answer that does not
    fit the task's schema is asked for once more; then the row stays without one, and says why. `--provider rehearsal` asks nobody and says so in every row.

    Exit code 0: done. 4: the ceiling was met. 1: failed.
    """
    configured = settings()
    with translated(), stoppable(), _opened(configured, load(task), chosen, max_cost, per_second) as (asker, ledger, reader):

        def parts() -> Iterator[list[Row]]:
            return chunks(in_file(path, asker.task.inputs) if path else policies(reader, chosen["sources"], chosen["statuses"]), limit)

        planned = estimate(parts(), asker, ledger, again=chosen["again"])
        if chosen["dry_run"]:
            _say(planned, asker, None, as_json=as_json)
            return
        storage = Storage(configured.aegis_files_url or "files")
        with bar() as progress:
            progress.phase(f"asking {asker.provider.name}")
            made, tally = _cleaned(storage, parts(), asker, ledger, partial(_step, progress, planned.rows), again=chosen["again"], path=path)
    _say(tally, asker, storage.where(made.path), as_json=as_json)


def _step(progress: Progress, of: int, done: int, _asked: int) -> None:
    progress.step("rows", done, max(done, of))


def _cleaned(
    storage: Storage, parts: Iterator[Any], asker: Asker, ledger: Ledger, told: Any, *, again: bool, path: Path | None
) -> tuple[CataloguedFile, Tally]:
    name = f"cleaned/{asker.task.task_name}/{asker.task.task_name}_{datetime.now(KOREA):%Y%m%d_%H%M%S}.parquet"
    try:
        with storage.writing(name) as sink:
            tally = clean(parts, asker, ledger, sink, told, again=again)
    except CeilingReached as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(CEILING) from error
    origin = {"task": asker.task.task_name, "provider": asker.provider.name, "model": asker.model, **({"file": path.name} if path else {"table": "policies"})}
    made = CataloguedFile(
        kind="cleaned",
        path=name,
        format="parquet",
        compression=COMPRESSION,
        row_count=tally.rows,
        byte_count=sink.byte_count,
        sha256=sink.sha256,
        origin=origin,
    )
    Catalogue(ledger.connection).register([made])
    return made, tally


@contextmanager
def _opened(
    configured: Settings, task: Task, chosen: dict[str, Any], max_cost: Decimal, per_second: float
) -> Iterator[tuple[Asker, Ledger, psycopg.Connection[Any]]]:
    provider, model = _provider(configured, chosen["provider"]), chosen["model"] or task.model
    with ExitStack() as stack:
        stack.callback(provider.close)
        asker = Asker(task, provider, model, _prices(task, chosen), Budget(max_cost), per_second)
        stack.callback(asker.close)
        connection = stack.enter_context(psycopg.connect(configured.postgres_validator_dsn.get_secret_value(), autocommit=True))
        reader = stack.enter_context(psycopg.connect(configured.postgres_reader_dsn.get_secret_value(), autocommit=True))
        yield asker, Ledger(connection, task.task_name, provider.name, model), reader


def _provider(configured: Settings, name: str) -> Provider:
    if name == "rehearsal":
        return Rehearsal()
    keys = {"openai": configured.openai_api_key, "anthropic": configured.anthropic_api_key, "local": configured.local_llm_api_key}
    key = keys[name].get_secret_value()
    if name == "local" and not configured.local_llm_url:
        raise AegisError(Code.SOURCE_UNAVAILABLE, "no local server: set LOCAL_LLM_URL, for example http://127.0.0.1:8000/v1")
    if name != "local" and not key:
        raise AegisError(Code.SOURCE_UNAVAILABLE, f"no key for {name}: set {name.upper()}_API_KEY in the environment, or try --provider rehearsal")
    try:
        if name == "anthropic":
            from batch.cleaning.anthropic_provider import AnthropicProvider

            return AnthropicProvider(key)
        from batch.cleaning.openai_provider import OpenAiProvider

        return OpenAiProvider(key, configured.local_llm_url if name == "local" else None)
    except ImportError as error:
        raise AegisError(Code.SOURCE_UNAVAILABLE, f"the SDK of {name} is not installed ({error}): pip install 'aegis[llm]'") from error


def _prices(task: Task, chosen: dict[str, Any]) -> Prices:
    """Of the model that is asked. A local server and the rehearsal cost nothing unless it is said what."""
    if chosen["price_in"] is not None and chosen["price_out"] is not None:
        return Prices(input=chosen["price_in"], output=chosen["price_out"])
    if chosen["provider"] in {"local", "rehearsal"}:
        return FREE
    if task.prices is None or chosen["provider"] != "openai" or chosen["model"] not in {None, task.model}:
        raise click.UsageError(f"what {chosen['model'] or task.model} costs is not known: give --price-in and --price-out, dollars per million tokens")
    return task.prices


def _say(tally: Tally, asker: Asker, where: str | None, *, as_json: bool) -> None:
    cost = asker.budget.spent if where else tally.most_cost
    if as_json:
        counts = {"rows": tally.rows, "asked": tally.asked, "known": tally.known, "problems": tally.problems}
        said = {"task": asker.task.task_name, "provider": asker.provider.name, "model": asker.model, **counts, "cost_usd": float(cost), "file": where}
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2))
        return
    console = screen()
    if where is None:
        console.print(f"{tally.rows:,} rows: {tally.asked:,} would be asked, {tally.known:,} are known; at most ${cost:.4f}", highlight=False)
        return
    console.print(f"[bold]{where}[/bold]\n{tally.rows:,} rows: {tally.asked:,} asked, {tally.known:,} known before; ${cost:.4f}", highlight=False)
    if tally.problems:
        console.print(f"{tally.problems:,} rows have no usable answer; the column {asker.task.task_name}_problem says why", highlight=False)
    if not asker.provider.is_real:
        console.print("rehearsal: nobody was asked, the answers say nothing", highlight=False)


command.epilog = f"Tasks that come with Aegis: {', '.join(names())}."
