"""The language in which analysts write conditions: JSON with a closed set of operators. Nothing of it is ever run as code.

    {"all": [{"field": "title", "contains": "융자"}, {"not": {"field": "interest_rate", "is_missing": true}}]}

A question to a field that is missing, empty or blank is answered with no, whatever the question, except `is_missing`. `matches` is a regular expression of
the RE2 kind (the engine is polars', that is Rust's): no look-around and no back-references, so that no pattern takes more than linear time.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Self

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from batch.validation.frame import FIELDS, Kind

MOST_PATTERN = 300
MOST_PARTS = 100
"""Longest list of conditions or values in one operator."""
WORDS = frozenset({Kind.TEXT, Kind.TEXTS})
NUMBERS = frozenset({Kind.WON, Kind.RATE})
LEAST_NUMBER, MOST_NUMBER = -(2**53), 2**53
"""Numbers that both JSON and the engine hold exactly."""
DAY_FORM = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|today([+-][0-9]{1,5})?)$"


def wrong(message: str) -> PydanticCustomError:
    """An error of the language, in words for analysts."""
    return PydanticCustomError("condition", "{message}", {"message": message})


def _calendar_day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise wrong(f"{value} is no day of the calendar") from None
    return value


def _engine_takes(pattern: object) -> object:
    if isinstance(pattern, str) and len(pattern) <= MOST_PATTERN:
        try:
            pl.Series([""]).str.contains(pattern)
        except pl.exceptions.ComputeError as error:
            last = [line for line in str(error).splitlines() if line.startswith(("error", "Compiled", "regex"))]
            raise wrong(f"not a regular expression that this engine takes: {(last or ['it cannot be read'])[-1]}") from None
    return pattern


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Number = Annotated[int | float, Field(ge=LEAST_NUMBER, le=MOST_NUMBER)]
Value = Text | Number
Day = Annotated[str, StringConstraints(pattern=DAY_FORM), BeforeValidator(_calendar_day)]
"""A day of the calendar, or one counted from the day of the judgement in Korea: `2026-12-31`, `today`, `today-30`, `today+365`."""


class Part(BaseModel):
    """What every operator is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Question(Part):
    """An operator that asks one field."""

    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    """Kinds of fields that can be asked so."""
    field: Annotated[str, Field(json_schema_extra={"enum": list(FIELDS)})]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.field not in FIELDS:
            raise wrong(f"there is no field {self.field!r}; there are {', '.join(FIELDS)}")
        if FIELDS[self.field] not in self.kinds:
            raise wrong(f"{self.field} is a {FIELDS[self.field]}: {_operator(self)} asks a {' or a '.join(sorted(self.kinds))}")
        for value in self.values():
            if isinstance(value, str) is (FIELDS[self.field] in NUMBERS):
                raise wrong(f"{self.field} is a {FIELDS[self.field]}: {value!r} is none")
        return self

    def values(self) -> tuple[Value, ...]:
        """What the field is compared with."""
        return ()


class Equals(Question):
    """The field says just this; of a list, one of its texts does."""

    kinds = WORDS | NUMBERS
    equals: Value

    def values(self) -> tuple[Value, ...]:
        return (self.equals,)


class OneOf(Question):
    """The field says one of these."""

    kinds = WORDS | NUMBERS
    in_: Annotated[list[Value], Field(alias="in", min_length=1, max_length=MOST_PARTS)]

    def values(self) -> tuple[Value, ...]:
        return tuple(self.in_)


class Contains(Question):
    """The field has this text in it; of a list, one of its texts is it."""

    kinds = WORDS
    contains: Text


class Matches(Question):
    """Somewhere in the text, this regular expression matches."""

    kinds = frozenset({Kind.TEXT})
    matches: Annotated[str, StringConstraints(min_length=1, max_length=MOST_PATTERN), BeforeValidator(_engine_takes)]


class Between(Question):
    """The number is at least the first and at most the second; null: no bound on that side."""

    kinds = NUMBERS
    between: Annotated[list[Number | None], Field(min_length=2, max_length=2)]

    def values(self) -> tuple[Value, ...]:
        return tuple(bound for bound in self.between if bound is not None)


class Length(Question):
    """The text has at least the first and at most the second number of letters, or the list of entries; null: no bound on that side."""

    kinds = WORDS
    length: Annotated[list[Annotated[int, Field(ge=0, le=MOST_NUMBER)] | None], Field(min_length=2, max_length=2)]


class IsMissing(Question):
    """True: nothing is stated, or blanks, or an empty list. False: something is."""

    is_missing: bool


class Before(Question):
    """The day is earlier than this one."""

    kinds = frozenset({Kind.DAY})
    before: Day


class After(Question):
    """The day is later than this one."""

    kinds = frozenset({Kind.DAY})
    after: Day


class All(Part):
    """Every one of these is so."""

    all: Annotated[list[Condition], Field(min_length=1, max_length=MOST_PARTS)]


class AnyOf(Part):
    """At least one of these is so."""

    any: Annotated[list[Condition], Field(min_length=1, max_length=MOST_PARTS)]


class Not(Part):
    """This is not so."""

    not_: Annotated[Condition, Field(alias="not")]


OPERATORS = ("all", "any", "not", "equals", "in", "contains", "matches", "between", "length", "is_missing", "before", "after")


def _operator(value: Any) -> str | None:
    """The one operator of a condition, by the name that it has in JSON; None where there is none, or more than one."""
    if isinstance(value, Part):
        names = {info.alias or name for name, info in type(value).model_fields.items()}
    else:
        names = set(value) if isinstance(value, dict) else set()
    found = [name for name in OPERATORS if name in names]
    return found[0] if len(found) == 1 else None


Condition = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Equals, Tag("equals")]
    | Annotated[OneOf, Tag("in")]
    | Annotated[Contains, Tag("contains")]
    | Annotated[Matches, Tag("matches")]
    | Annotated[Between, Tag("between")]
    | Annotated[Length, Tag("length")]
    | Annotated[IsMissing, Tag("is_missing")]
    | Annotated[Before, Tag("before")]
    | Annotated[After, Tag("after")],
    Discriminator(_operator),
]
