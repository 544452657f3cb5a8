"""`aegis dlq`: dead letters and held keys."""

from __future__ import annotations

import click
import orjson

from aegis.cli.dead_letters.choice import Choice, filters, letters_query, translated
from aegis.cli.dead_letters.discard import discard_command
from aegis.cli.dead_letters.listing import show_causes, show_letters
from aegis.cli.dead_letters.retry import retry_command
from aegis.cli.dead_letters.whole import as_json, show_whole, whole_letter
from aegis.cli.observing.postgres import reading
from aegis.cli.screen import screen
from aegis.registry import Registry
from aegis.settings import settings

COUNTING_SECONDS = 120
"""For a list: 40,000 letters take about a second to group."""


@click.group("dlq")
def command() -> None:
    """Dead letters: what a derived store rejected for good, and keys that are held because of it."""


@command.command("list")
@filters
@click.option("--all", "every", is_flag=True, help="Retried, discarded and resolved ones too.")
@click.option("--letters", "singly", is_flag=True, help="One line per letter, newest first, not per cause.")
@click.option("--before", type=int, metavar="ID", help="With --letters: older than this one, for the next page.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Lines at most.")
@click.option("--json", "as_documents", is_flag=True, help="Machine-readable.")
def list_command(*, choice: Choice, every: bool, singly: bool, before: int | None, limit: int, as_documents: bool) -> None:
    """List open dead letters by cause: one line for each error that a store gives, however many rows it hits; keys, numbers and quoted values do not count.

    Held: the row still has the version that was rejected. A newer version, or the row's delete, resolves a letter.
    """
    if before is not None and not singly:
        raise click.UsageError("--before is for --letters")
    parameters = choice.parameters(any=every, limit=limit, newest=None if before is None else before - 1)
    with translated(), reading(settings().postgres_reader_dsn.get_secret_value(), COUNTING_SECONDS) as reader:
        found = reader.execute(letters_query("singles" if singly else "causes"), parameters).fetchall()
    if as_documents:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    elif not found:
        click.echo(f"no {'' if every else 'open '}dead letters{'' if choice.is_everything else ' that match'}")
    elif singly:
        show_letters(screen(), found, limit)
    else:
        show_causes(screen(), found)


@command.command("show")
@click.argument("number", metavar="ID", type=int)
@click.option("--json", "as_document", is_flag=True, help="Machine-readable; bytes in hexadecimal.")
def show_command(number: int, as_document: bool) -> None:
    """Show dead letter ID in full: where it came from, what the store said, the stack, its row as the log carried it, the attempts on its key, and what was
    done about it. Rows in the log have no personal data.
    """
    registry = Registry(settings().schema_registry_url)
    try:
        with translated(), reading(settings().postgres_reader_dsn.get_secret_value()) as reader:
            letter = whole_letter(reader, number, registry.codec())
    finally:
        registry.close()
    if letter is None:
        raise click.ClickException(f"there is no dead letter {number}: `aegis dlq list --letters --all` lists them")
    if as_document:
        click.echo(as_json(letter))
    else:
        show_whole(letter)


command.add_command(retry_command)
command.add_command(discard_command)
