"""Which problems of the quarantine a command is about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, LiteralString

import click

from aegis.cli.filtering import filtering
from aegis.cli.moment import MOMENT
from aegis.queries import queries


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters of a command; all that are given must hold. `until` is exclusive."""

    source: str | None = None
    code: str | None = None
    field: str | None = None
    cause: str | None = None
    """A part of the reason."""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no filter is given."""
        return self == Choice()

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Parameters of the queries in `sql/queries/quarantine.sql`: of problems that wait, unless `any` says otherwise."""
        return {"any": False, "number": None, "newest": None, "after": None, **asdict(self), **more}


def chosen(name: str) -> LiteralString:
    """A query over the problems that a `Choice` means."""
    blocks = queries("quarantine")
    return f"{blocks['chosen']}\n{blocks[name]}"


OPTIONS = (
    click.option("--source", "chosen_source", help="Of one source."),
    click.option("--code", "chosen_code", metavar="DP_NNNN", help="With one error code."),
    click.option("--field", "chosen_field", help="At fault in one field, by the name that the list shows."),
    click.option("--cause", "chosen_cause", metavar="TEXT", help="With this in the reason."),
    click.option("--since", "chosen_since", type=MOMENT, help="Quarantined at this time or later: ISO 8601, or how long ago (2h)."),
    click.option("--until", "chosen_until", type=MOMENT, help="Quarantined before this time."),
)


filters = filtering(Choice, OPTIONS)
"""Adds the options of the filters to a command, which is given them as its argument `choice`."""


def demand_choice(choice: Choice, number: int | None, *, every: bool) -> None:
    """Refuse to act on everything by an oversight, and on two choices at once."""
    if number is not None and (every or not choice.is_everything):
        raise click.UsageError("give an ID or filters, not both")
    if number is None and choice.is_everything and not every:
        raise click.UsageError("say which: an ID, a filter (--source, --code, --field, --cause, --since, --until), or --all for all that wait")
