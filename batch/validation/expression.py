"""A condition of the rules' language as an expression of polars. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_

import polars as pl

from batch.validation.condition import (
    After,
    All,
    AnyOf,
    Before,
    Between,
    Condition,
    Contains,
    Equals,
    IsMissing,
    Length,
    Matches,
    Not,
    OneOf,
    Value,
)
from batch.validation.frame import FIELDS, Kind


def expression(condition: Condition, on: date) -> pl.Expr:
    """True or false for each policy of a frame, never null. `on`: the day that `today` means."""
    match condition:
        case All():
            return reduce(and_, [expression(each, on) for each in condition.all])
        case AnyOf():
            return reduce(or_, [expression(each, on) for each in condition.any])
        case Not():
            return ~expression(condition.not_, on)
        case IsMissing():
            return missing(condition.field) if condition.is_missing else ~missing(condition.field)
        case _:
            return (~missing(condition.field) & _answer(condition, on)).fill_null(value=False)


def missing(field: str) -> pl.Expr:
    """Whether nothing is stated: null, blank text, or an empty list."""
    column = pl.col(field)
    match FIELDS[field]:
        case Kind.TEXT:
            return column.is_null() | (column.str.strip_chars() == "")
        case Kind.TEXTS:
            return column.is_null() | (column.list.len() == 0)
        case _:
            return column.is_null()


def _answer(question: Equals | OneOf | Contains | Matches | Between | Length | Before | After, on: date) -> pl.Expr:
    column, kind = pl.col(question.field), FIELDS[question.field]
    match question:
        case Equals():
            return _among(column, kind, [question.equals])
        case OneOf():
            return _among(column, kind, question.in_)
        case Contains():
            return column.list.contains(question.contains) if kind is Kind.TEXTS else column.str.contains(question.contains, literal=True)
        case Matches():
            return column.str.contains(question.matches)
        case Between():
            return _within(column, question.between)
        case Length():
            return _within(column.list.len() if kind is Kind.TEXTS else column.str.len_chars(), question.length)
        case Before():
            return column < pl.lit(day(question.before, on))
        case After():
            return column > pl.lit(day(question.after, on))


def _among(column: pl.Expr, kind: Kind, values: Sequence[Value]) -> pl.Expr:
    if kind is Kind.TEXTS:
        return reduce(or_, [column.list.contains(value) for value in values])
    return reduce(or_, [column == pl.lit(value) for value in values])


def _within(number: pl.Expr, bounds: Sequence[float | None]) -> pl.Expr:
    least, most = bounds
    lower = pl.lit(value=True) if least is None else number >= least
    upper = pl.lit(value=True) if most is None else number <= most
    return lower & upper


def day(words: str, on: date) -> date:
    """The day that a rule means, kept within the calendar: `2026-12-31`, `today`, `today-30`, `today+365`."""
    if not words.startswith("today"):
        return date.fromisoformat(words)
    try:
        return on + timedelta(days=int(words.removeprefix("today") or 0))
    except OverflowError:
        return date.max if "+" in words else date.min
