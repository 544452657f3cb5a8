"""Which dead letters a command is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

import click
import psycopg

from aegis.cli.filtering import filtering
from aegis.cli.moment import MOMENT
from aegis.cli.observing.side_by_side import one_line
from aegis.cli.store_name import STORE
from aegis.derivations import CAPTURED
from aegis.queries import queries


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters of a command; all that are given must hold. `until` is exclusive."""

    store: str | None = None
    table: str | None = None
    key: str | None = None
    code: str | None = None
    cause: str | None = None
    """A fingerprint, or a part of the message."""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no filter is given."""
        return self == Choice()

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Parameters of the queries in `sql/queries/letters.sql`: of those that wait, unless `any` says otherwise; `newest`, `after`, `after_table`
        and `after_key` bound a page.
        """
        return {"any": False, "newest": None, "after": None, "after_table": None, "after_key": None, **asdict(self), **more}


OPTIONS = (
    click.option("--store", "chosen_store", type=STORE, help="Of one derived store, by name or role (search, graph, vector, cache)."),
    click.option("--table", "chosen_table", type=click.Choice(sorted(CAPTURED)), help="Of one captured table."),
    click.option("--key", "chosen_key", metavar="KEY", help="Of one row."),
    click.option("--code", "chosen_code", metavar="DP_NNNN", help="With one error code."),
    click.option("--cause", "chosen_cause", metavar="TEXT", help="Of one cause: its fingerprint as `aegis dlq list` shows it, or a part of the message."),
    click.option("--since", "chosen_since", type=MOMENT, help="Rejected at this time or later: ISO 8601, or how long ago (2h)."),
    click.option("--until", "chosen_until", type=MOMENT, help="Rejected before this time."),
)


filters = filtering(Choice, OPTIONS)
"""Adds the options of the filters to a command, which is given them as its argument `choice`."""


def letters_query(name: str) -> LiteralString:
    """A query over the letters that a `Choice` means."""
    blocks = queries("letters")
    return f"{blocks['chosen']}\n{blocks[name]}"


@contextmanager
def translated() -> Iterator[None]:
    """Tells an error of PostgreSQL in one line."""
    try:
        yield
    except psycopg.Error as error:
        raise click.ClickException(f"PostgreSQL: {one_line(error)}; see `aegis doctor`") from error


def demand_filter(choice: Choice, every: bool) -> None:
    """Refuse to act on everything by an oversight."""
    if choice.is_everything and not every:
        raise click.UsageError("say which: TABLE KEY, a filter (--store, --table, --key, --code, --cause, --since, --until), or --all for all open ones")
