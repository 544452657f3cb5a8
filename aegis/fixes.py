"""Fixes: small faults of a source's record that have one certain cure, made before the record is validated. Pure.

Every fix is listed and audited by whoever stores the record, and can be undone. What is not certain is left alone, for validation to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeGuard

from aegis.noise import line_tidied, lines_tidied
from aegis.references.regions import today

MOST_SWAPPED_DAYS = 730
"""Days that lie further apart in the wrong order are a slip of the pen in a year, not a swap."""
UNITS = {"천원": 10**3, "만원": 10**4, "백만원": 10**6, "천만원": 10**7, "억원": 10**8}

_LINES = ("title", "issuing_organization", "operating_organization", "category", "application_period_text")
_START, _END = "application_start_date", "application_end_date"
_LEAST, _MOST = "funding_amount_min", "funding_amount_max"
_PAIRS = {"swapped_dates": (_START, _END), "swapped_amounts": (_LEAST, _MOST)}
_FIRST_MONTHS, _LAST_MONTHS = 3, 10
_PADDED = re.compile(r"(\d{2}(?!000)\d{3}|\d{2})(?:000|0{5}|0{8})")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fix:
    """One field that was fixed. Of a swap, `before` and `after` are pairs, and `field` is the second of the two that it names."""

    field: str
    kind: str
    """text_noise, code_form, old_code, unit, swapped_dates or swapped_amounts."""
    before: Any
    after: Any

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `policies` that it changes."""
        return _PAIRS.get(self.kind, (self.field,))

    @property
    def values_before(self) -> dict[str, Any]:
        """Column → value as the source gave it."""
        return self._by_column(self.before)

    @property
    def values_after(self) -> dict[str, Any]:
        """Column → value as fixed."""
        return self._by_column(self.after)

    @property
    def values_undone(self) -> dict[str, Any]:
        """Column → value once it is undone: the source's where the table can hold it, nothing where it cannot (a period that ends before it starts)."""
        if self.kind in _PAIRS:
            return dict.fromkeys(self.columns)
        return {self.field: ()} if self.kind == "code_form" else self.values_before

    def as_document(self) -> dict[str, Any]:
        """The fix as JSON holds it: days as text, tuples as lists."""
        return {"field": self.field, "kind": self.kind, "before": _plain(self.before), "after": _plain(self.after)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Fix:
        """The fix in a document of `as_document`; its days stay text, which is all that listing and undoing need."""
        before, after = (tuple(value) if isinstance(value, list) else value for value in (document["before"], document["after"]))
        return cls(document["field"], document["kind"], before, after)

    def _by_column(self, value: Any) -> dict[str, Any]:
        return dict(zip(self.columns, value, strict=True)) if self.kind in _PAIRS else {self.field: value}


def fixed(fields: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Fix, ...]]:
    """A draft's fields with what is certainly wrong put right, and the fixes in the order in which they were made. Never raises; twice is the same as once."""
    now = dict(fields)
    fixes: list[Fix] = []
    for step in (_text_noise, _codes, _units, _swaps):
        for fix in step(now):
            now |= fix.values_after
            fixes.append(fix)
    return now, tuple(fixes)


def kept(fields: Mapping[str, Any], fixes: Iterable[Fix], exempt: Callable[[Fix], bool]) -> tuple[dict[str, Any], tuple[Fix, ...]]:
    """`fields` with the exempt fixes undone, with those that were built on them, and the fixes that stay."""
    now = dict(fields)
    undone: set[str] = set()
    stay: list[Fix] = []
    for fix in fixes:
        if undone.isdisjoint(fix.columns) and not exempt(fix):
            stay.append(fix)
        elif undone.isdisjoint(fix.columns):
            now |= fix.values_undone
            undone.update(fix.columns)
    return now, tuple(stay)


def _text_noise(now: Mapping[str, Any]) -> Iterable[Fix]:
    for name in (*_LINES, "content"):
        tidied = lines_tidied if name == "content" else line_tidied
        text = now.get(name)
        if isinstance(text, str) and (tidy := tidied(text)) != text:
            yield Fix(name, "text_noise", _UNSTORABLE.sub("�", text), tidy if tidy or name in {"title", "content"} else None)
    tags = now.get("tags")
    if _texts(tags):
        tidy_tags = tuple(dict.fromkeys(tag for each in tags if (tag := line_tidied(each))))
        if tidy_tags != tuple(tags):
            yield Fix("tags", "text_noise", tuple(_UNSTORABLE.sub("�", tag) for tag in tags), tidy_tags)


def _codes(now: Mapping[str, Any]) -> Iterable[Fix]:
    regions = now.get("target_regions")
    if _texts(regions):
        formed = tuple(dict.fromkeys(map(_region_form, regions)))
        if formed != tuple(regions):
            yield Fix("target_regions", "code_form", tuple(regions), formed)
        todays = tuple(dict.fromkeys(map(today, formed)))
        if todays != formed:
            yield Fix("target_regions", "old_code", formed, tuple(sorted(todays)))
    industries = now.get("target_industries")
    if _texts(industries):
        formed = tuple(dict.fromkeys(code.strip().upper() for code in industries))
        if formed != tuple(industries):
            yield Fix("target_industries", "code_form", tuple(industries), formed)


def _region_form(code: str) -> str:
    """Ten digits of the administrative standard say the same as the two or five that lead them."""
    bare = code.strip()
    return match[1] if (match := _PADDED.fullmatch(bare)) else bare


def _units(now: Mapping[str, Any]) -> Iterable[Fix]:
    """An amount whose very digits stand in the record's text with one unit, and nowhere without: the unit was lost on the way."""
    text = f"{now.get('title') or ''}\n{now.get('content') or ''}"
    for name in (_LEAST, _MOST):
        amount = now.get(name)
        if isinstance(amount, int) and not isinstance(amount, bool) and 0 < amount < 10**5 and (unit := _only_unit(amount, text)):
            yield Fix(name, "unit", amount, amount * unit)


def _only_unit(amount: int, text: str) -> int | None:
    digits = rf"(?<![\d,.])(?:{amount}|{re.escape(f'{amount:,}')})(?![\d,.]*\d)\s*"
    found = set(re.findall(rf"{digits}(천만원|백만원|천원|만원|억원|원)", text))
    return UNITS.get(next(iter(found))) if len(found) == 1 else None


def _swaps(now: Mapping[str, Any]) -> Iterable[Fix]:
    start, end = now.get(_START), now.get(_END)
    if isinstance(start, date) and isinstance(end, date) and _is_swapped(start, end):
        yield Fix(_END, "swapped_dates", (start, end), (end, start))
    least, most = now.get(_LEAST), now.get(_MOST)
    if isinstance(least, int) and isinstance(most, int) and least > most > 0:
        yield Fix(_MOST, "swapped_amounts", (least, most), (most, least))


def _is_swapped(start: date, end: date) -> bool:
    """Not where the end may mean the next year: "2026-12-01 ~ 2026-01-31" is more likely a year that nobody turned."""
    turned = start.year == end.year and start.month >= _LAST_MONTHS and end.month <= _FIRST_MONTHS
    return end < start and (start - end).days <= MOST_SWAPPED_DAYS and not turned


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _texts(value: Any) -> TypeGuard[Sequence[str]]:
    return isinstance(value, tuple | list) and bool(value) and all(isinstance(item, str) for item in value)
