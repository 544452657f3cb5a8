"""The shape of a listing as its source sent it: which columns its records have, how often they say something, and in what kind of value. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from collectors.draft import Outcome
from collectors.staging import Staged

_KINDS: Mapping[type, str] = {str: "text", bool: "truth", int: "number", float: "number", list: "list", dict: "object"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the records."""

    present: int = 0
    """In how many records it stands."""
    filled: int = 0
    """In how many it says something: no null, no blank text, no empty list."""
    kinds: frozenset[str] = frozenset()
    """Of what it says: text, number, truth, list, object."""

    def __add__(self, other: Column) -> Column:
        return Column(self.present + other.present, self.filled + other.filled, self.kinds | other.kinds)


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a page, or of a listing. Records that are no objects have none and are not counted."""

    records: int
    columns: Mapping[str, Column]

    def __add__(self, other: Shape) -> Shape:
        names = self.columns.keys() | other.columns.keys()
        none = Column()
        return Shape(self.records + other.records, {name: self.columns.get(name, none) + other.columns.get(name, none) for name in names})

    def as_document(self) -> dict[str, Any]:
        """The shape as JSON holds it, equal for equal shapes."""
        columns = {name: [each.present, each.filled, sorted(each.kinds)] for name, each in sorted(self.columns.items())}
        return {"records": self.records, "columns": columns}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Shape:
        """The shape in a document of `as_document`."""
        columns = {name: Column(present, filled, frozenset(kinds)) for name, (present, filled, kinds) in document["columns"].items()}
        return cls(document["records"], columns)


NOTHING = Shape(0, {})


def shape_of_page(page: Staged) -> Shape:
    """The shape of a page's records, accepted and rejected."""
    outcomes: tuple[Outcome, ...] = (*page.accepted, *page.rejected)
    return shape_of(json.loads(each.document.body) for each in outcomes)


def shape_of(records: Iterable[object]) -> Shape:
    """The shape of these records, parsed from JSON."""
    counts: dict[str, list[int]] = {}
    kinds: dict[str, set[str]] = {}
    number = 0
    for record in records:
        if not isinstance(record, dict):
            continue
        number += 1
        for name, value in record.items():
            counted = counts.setdefault(name, [0, 0])
            counted[0] += 1
            if _says(value):
                counted[1] += 1
                kinds.setdefault(name, set()).add(_KINDS.get(type(value), "text"))
    return Shape(number, {name: Column(present, filled, frozenset(kinds.get(name, ()))) for name, (present, filled) in counts.items()})


def _says(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {})
