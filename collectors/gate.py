"""The quality gate: whether a listing still has the shape that its source's last good one had. Pure.

A page is held against what (almost) every record of the last good listing had: a page is too little to say more. A whole listing is held against its shares.
New columns are told and let through. The remedy for a change that is right is `--force-gate`, once: what passes is the shape from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aegis.errors import Code
from collectors.shape import Column, Shape

UNIVERSAL = 0.98
"""Share of the records of the last good listing that have a column, or say something in it, for a page to be refused over it."""
COMMON, LEAST_EXPECTED = 0.1, 20
"""The same for a whole listing to be refused because the column is gone, and the records with it that so long a listing had to have."""
LEAST_RECORDS, LEAST_FOR_SHARES = 5, 30
"""Records without which nothing is said, and without which nothing is said of shares."""
PAGE_EMPTY, MORE_EMPTY = 0.5, 0.3
"""Share of empty values that a page may have in a universal column; growth of the share that a whole listing may have in any."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a listing is not let through."""

    code: Code
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}"


def refusals(last: Shape, now: Shape, *, whole: bool) -> tuple[Refusal, ...]:
    """What speaks against a page, or against a whole listing, after the last good listing; empty where nothing does or too little is known."""
    if last.records < LEAST_RECORDS or now.records < LEAST_RECORDS:
        return ()
    return tuple(_refusals(last, now, whole=whole))


def new_columns(last: Shape, now: Shape) -> tuple[str, ...]:
    """Columns that the last good listing did not have."""
    return tuple(sorted(now.columns.keys() - last.columns.keys())) if last.records else ()


def _refusals(last: Shape, now: Shape, *, whole: bool) -> Iterator[Refusal]:
    for name, was in sorted(last.columns.items()):
        column = now.columns.get(name, Column())
        had = was.present / last.records
        if not column.present:
            if had >= UNIVERSAL or (whole and had >= COMMON and had * now.records >= LEAST_EXPECTED):
                yield Refusal(Code.INVALID_FORMAT, name, f"missing from all of {now.records} records; {had:.0%} of the last good listing had it")
        elif column.filled >= LEAST_RECORDS and was.kinds and was.kinds.isdisjoint(column.kinds):
            kinds, before = (" or ".join(sorted(each)) for each in (column.kinds, was.kinds))
            yield Refusal(Code.INVALID_FORMAT, name, f"is {kinds}; in the last good listing it was {before}")
        elif now.records >= LEAST_FOR_SHARES and _too_empty(empty := 1 - column.filled / now.records, usual := 1 - was.filled / last.records, whole=whole):
            yield Refusal(Code.QUALITY_TOO_LOW, name, f"{empty:.0%} of {now.records} records say nothing in it; in the last good listing {usual:.0%}")


def _too_empty(empty: float, usual: float, *, whole: bool) -> bool:
    return empty - usual > MORE_EMPTY if whole else usual <= 1 - UNIVERSAL and empty > PAGE_EMPTY
