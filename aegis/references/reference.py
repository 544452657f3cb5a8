"""One code of a public list, and a list of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Reference:
    """A code and its name, from `since` until the day before `until`. None: since before the list begins, and to this day."""

    code: str
    name: str
    since: date | None = None
    until: date | None = None
    successors: tuple[str, ...] = ()
    """Codes that took its place; several where an area was divided, none where no list that we have says."""

    def holds(self, on: date) -> bool:
        """Whether the code is in use on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class References:
    """A list of codes."""

    by_code: Mapping[str, Reference]

    def __iter__(self) -> Iterator[Reference]:
        return iter(self.by_code.values())

    def is_known(self, code: str, on: date) -> bool:
        """Whether `code` is in use on the day `on`."""
        reference = self.by_code.get(code)
        return reference is not None and reference.holds(on)

    def has(self, code: str) -> bool:
        """Whether the list has `code` at all, current or historical."""
        return code in self.by_code

    def successor(self, code: str) -> str | None:
        """The code that is in `code`'s place today. None where it still holds, is not in the list, or was divided among several."""
        seen = {code}
        current = self.by_code.get(code)
        while current is not None and len(current.successors) == 1 and current.successors[0] not in seen:
            seen.add(current.successors[0])
            current = self.by_code.get(current.successors[0])
        return None if current is None or current.code == code or current.until is not None else current.code

    def name(self, code: str) -> str:
        """The official name of `code`; the code itself where the list does not have it."""
        reference = self.by_code.get(code)
        return reference.name if reference else code


def load(file: str) -> References:
    """The list in the package's `file`: code,name,since,until,successors."""
    lines = files("aegis.references").joinpath(file).read_text(encoding="utf-8").splitlines()
    return References({row["code"]: _reference(row) for row in csv.DictReader(lines)})


def _reference(row: Mapping[str, str]) -> Reference:
    return Reference(row["code"], row["name"], _day(row["since"]), _day(row["until"]), tuple(row["successors"].split()))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
